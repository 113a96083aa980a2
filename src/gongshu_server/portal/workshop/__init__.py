"""The workshop on pages: tasks, queries with their verdict, runs, releases and their reviews."""
