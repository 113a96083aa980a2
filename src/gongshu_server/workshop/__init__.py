"""The workshop: drafts, runs and releases of operators and developers."""
