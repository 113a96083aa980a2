"""Every component in all its states, on demo nodes only: a page to look at, and to test."""
