"""How results are shown: rows by their columns, but for what no answer carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from django.db import models

# Columns that no answer carries: digests and their salts, places on disk, what only reviewers see.
HIDDEN = frozenset(
    {
        "digest",
        "salt",
        "address",
        "expected",
        "serving",
        "result",
        "location",
        "for_reviewer",
        "commitment",
        "sealed",
        "cause",
        "finished_at",
        "content_digest",
        "contact",
        "complainant",
        "complainant_person",
    }
)
# Columns of one model alone: the keyed commitment of a person or enterprise.
HIDDEN_OF: Mapping[str, frozenset[str]] = MappingProxyType({"Objection": frozenset({"subject"})})
# What an answer shows once and no repeat of it: keys and tokens in clear.
SHOWN_ONCE = frozenset({"clear", "token"})
SHOWN_BEFORE = "凭证只在第一次答复时显示，此处不再重复；如未保存，请撤销后重新办理。"


def columns(kind: type[models.Model]) -> list[models.Field[Any, Any]]:
    """Return the columns of a model that answers show."""
    hidden = HIDDEN | HIDDEN_OF.get(kind.__name__, frozenset())
    return [field for field in kind._meta.concrete_fields if field.name not in hidden]


def present(value: Any) -> Any:
    """Return what an action returned as JSON-able values: rows by their columns, plain values."""
    if isinstance(value, models.Model):
        return {f.attname: present(getattr(value, f.attname)) for f in columns(type(value))}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: present(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): present(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [present(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def kept(value: Any) -> Any:
    """Return what a repeat of the request is told: the same, but for what is shown once."""
    shown = present(value)
    if isinstance(shown, dict) and not SHOWN_ONCE.isdisjoint(shown):
        shown |= dict.fromkeys(SHOWN_ONCE & shown.keys(), "") | {"note": SHOWN_BEFORE}
    return shown
