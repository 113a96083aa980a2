"""Small parts that several forms share: choices of names, days that are included, lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django import forms

from gongshu.workflow.limits import SHANGHAI

T = TypeVar("T")


def choices(form: forms.Form, name: str, offered: Sequence[tuple[str, str]]) -> None:
    """Offer these (value, words) in a choice field; a single one is chosen already."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no choice")
    field.choices = list(offered)
    if len(offered) == 1:
        field.initial = offered[0][0]


def day_after(last: date) -> datetime:
    """Return the half-open end of a period whose last day is included: the midnight after it."""
    return datetime.combine(last + timedelta(days=1), time(), SHANGHAI)


def lines(text: str, kind: Callable[[str], T], fault: Any) -> tuple[T, ...]:
    """Return one value for each line that is not empty; ValidationError with `fault` otherwise."""
    try:
        return tuple(kind(line.strip()) for line in text.splitlines() if line.strip())
    except (ArithmeticError, ValueError):
        raise forms.ValidationError(fault) from None
