"""The library: rules, policy, lake, clean room, ledger — values and pure functions.

It knows nothing of Django, the environment or the clock: times are arguments, locations are
arguments, and nothing runs at import.
"""
