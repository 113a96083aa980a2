"""Organisations, people, posts, delegation and keys: who acts, and for whom."""
