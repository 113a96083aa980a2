"""Grants and uses: the one place where a grant is issued, and the one way to a yes."""
