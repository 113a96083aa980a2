"""A tour of the demo's story on the real pages."""
