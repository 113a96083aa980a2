"""Authorised operation on pages: plans, agreements, scenarios, opinions, grants."""
