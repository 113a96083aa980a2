"""Upkeep of a node: backups that fit together, restoring them, and new versions of the program."""
