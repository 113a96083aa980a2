"""A node's folder with a ledger key, for pages that show receipts."""

from __future__ import annotations

from integration.journal.conftest import home

__all__ = ["home"]
