"""The words that all else is written in: identifiers, levels, purposes, permissions, events."""
