"""Work outside a request: one task by code, leases for the dead, one periodic table."""
