"""Decisions: the answer to a use, with the grant it rests on or with every reason against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """One broken limit: what was asked, what is allowed, the clause, and what to do next."""

    limit: str
    zh: str
    asked: str
    allowed: str
    clause: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one use.

    A yes names its grant and clause. A no names the nearest grant, the codes of all the broken
    limits and the clause of the first; `reasons` says each of them in words. Words are made when
    they are read: an outsider never reads them, and a flood of refused calls costs no sentences.
    """

    allowed: bool
    grant: str | None
    clause: str | None
    broken: tuple[str, ...] = ()
    explain: Callable[[], tuple[Reason, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every broken limit in words, in the order of `broken`; empty for a yes."""
        return self.explain()

    @property
    def party_known(self) -> bool:
        """Whether the party holds a grant on the object, so that it may be told the reasons.

        Anyone else gets the same fixed answer as for an object that does not exist (S10).
        """
        return self.grant is not None


def _no_grant() -> tuple[Reason, ...]:
    sentence = "没有查到可用的用数许可。请在目录中查找所需数据并提出申请。"
    return (Reason("no_grant", "用数许可", asked="", allowed="", clause="", sentence=sentence),)


NO_GRANT: Final = Decision(False, None, None, ("no_grant",), _no_grant)
"""The one answer to everybody who holds nothing on the object, whether it exists or not."""
