"""The sections of the portal: each brings addresses, pages for steps, and pages for subjects.

A section is a package `portal.NAME` with `addresses.py`:

    urlpatterns   its addresses, included under `/NAME/` with the namespace NAME
    STEPS         action name -> view(request, case, transition), where a step needs a page of its
                  own instead of the form made from the action's signature
    SUBJECTS      kind of a case's subject -> name of the address that shows one (one argument: id)
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from django.http import HttpResponse
from django.urls import URLResolver, include, path, reverse

from gongshu.workflow.procedure import Procedure

# In the order of the road: catalogue first, audit last.
SECTIONS: tuple[str, ...] = (
    "catalogue",
    "registration",
    "operation",
    "workshop",
    "market",
    "voices",
    "audit",
    "ledger",
    "supervision",
    "people",
    "tour",
)


def addresses() -> list[URLResolver]:
    """Return the addresses of every section."""
    return [
        path(f"{name}/", include((_module(name).urlpatterns, name), namespace=name))
        for name in SECTIONS
    ]


def _module(name: str) -> Any:
    return importlib.import_module(f"gongshu_server.portal.{name}.addresses")


@cache
def steps() -> Mapping[str, Callable[..., HttpResponse]]:
    """Return the pages of steps that bring their own, by action."""
    return MappingProxyType(
        {
            action: view
            for name in SECTIONS
            for action, view in getattr(_module(name), "STEPS", {}).items()
        }
    )


def opening_steps(table: Procedure) -> frozenset[str]:
    """Return the steps that a case of the procedure begins with: no case ever waits for them."""
    return frozenset(t.name for t in table.transitions if table.initial in t.source)


@cache
def _subjects() -> Mapping[str, str]:
    return MappingProxyType(
        {
            kind: address
            for name in SECTIONS
            for kind, address in getattr(_module(name), "SUBJECTS", {}).items()
        }
    )


def subject_url(kind: str, subject_id: str) -> str:
    """Return where one subject of the kind is shown; empty where it has no page."""
    address = _subjects().get(kind)
    return reverse(address, args=[subject_id]) if address else ""
