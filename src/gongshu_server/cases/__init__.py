"""Everything that waits for a person: state, sub-steps, clocks, documents, timeline, notices.

One engine advances any case by its procedure's table. It knows procedures and never a context.
"""
