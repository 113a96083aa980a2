"""Actions by name: `context.verb`, as the API, the pages and the ledger name them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def function(name: str) -> Callable[..., Any]:
    """Return the action named `context.verb`; AttributeError for a name that no context has."""
    context, _, verb = name.partition(".")
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"gongshu_server.{context}.actions"), verb
    )
    return found
