"""The story's scenes, in the order in which they happen; each is real and can fail."""
