"""What crosses contexts, as two tables: transition to action, event to effects."""
