"""Pages of registration: applying, accepting, reviewing, publicity, codes."""
