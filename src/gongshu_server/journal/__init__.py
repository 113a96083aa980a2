"""Events written in the business transaction, and their sealing into the ledger."""
