"""The words that everything else is written in: identifiers, levels, purposes, permissions, events."""
