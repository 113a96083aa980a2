"""The node: Django applications that record, decide and deliver by the library's rules."""
