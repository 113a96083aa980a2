"""Two connections at once, and one that is held at a chosen place until the other is through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from gongshu.vocabulary.errors import DomainError

# How long a held call waits for one that a lock keeps waiting; the lock is then shown to hold.
HELD_SECONDS = 0.7


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls together, each in a thread and connection of its own.

    Returns what each answered, a refusal included; anything else that is raised is raised here.
    """
    start = threading.Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=10)
            return call()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def split(answers: list[Any]) -> tuple[list[Any], list[DomainError]]:
    """Return what was done and what was refused."""
    refused = [answer for answer in answers if isinstance(answer, DomainError)]
    return [answer for answer in answers if not isinstance(answer, DomainError)], refused


@dataclass
class Gate:
    """Holds one function after it has answered, until another call has ended or been locked out."""

    reached: threading.Event = field(default_factory=threading.Event)
    passed: threading.Event = field(default_factory=threading.Event)

    def holding(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; the first answer is held at the gate."""

        def held(*args: Any, **kwargs: Any) -> Any:
            answer = function(*args, **kwargs)
            if not self.reached.is_set():
                self.reached.set()
                self.passed.wait(HELD_SECONDS)
            return answer

        return held

    def meanwhile(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """Return the call; it begins when the gate is reached and opens it at its end."""

        def second() -> Any:
            assert self.reached.wait(10), "nobody came to the gate"
            try:
                return call()
            finally:
                self.passed.set()

        return second
