"""Admission: how many calls a process works on at once, and who waits outside when it is full.

Public governance has capacity of its own: when calls pile up, market calls are shed first.
What counts is the purpose that the key declares, never one that a call states.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gongshu.vocabulary.errors import Unavailable
from gongshu.vocabulary.purposes import Purpose

CAPACITY: Final = 256
RESERVED: Final = 64


class Overloaded(Unavailable):
    """The call was shed: nothing was decided, recorded or charged."""

    default_code = "overloaded"


class Admission:
    """The calls in work of one process."""

    def __init__(self, *, capacity: int = CAPACITY, reserved: int = RESERVED) -> None:
        self._capacity, self._open_to_all = capacity, capacity - reserved
        self._inside = 0

    @contextmanager
    def admitted(self, purpose: str) -> Iterator[None]:
        """Count one call while it is worked on. Raises Overloaded when there is no room for it."""
        government = purpose == Purpose.public_governance
        if self._inside >= (self._capacity if government else self._open_to_all):
            raise Overloaded("当前调用过多，本次调用未处理、未计费。请稍后重试。")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
