"""Authorised operation: plan, agreement, scenario application."""
