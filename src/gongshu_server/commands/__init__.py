"""The command line: a door like any other; who writes here acts as a named person."""
