"""What is wrong with a log, a note or a receipt, and where.

A `LedgerFault` is raised when one thing (a proof, a note, a receipt, an append) does not hold; a
`Fault` is one line of a report over a whole folder, in which the examination goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gongshu.vocabulary.errors import DomainError


class LedgerFault(DomainError):
    """The evidence does not hold: something was changed, is missing, or would contradict itself.

    `part` names the part of the examined text (`signature`, `path`, `use.opening` …) and `offset`
    the byte at which it begins, where either is known.
    """

    default_code: ClassVar[str] = "ledger_fault"

    def __init__(
        self,
        sentence: str,
        *,
        code: str | None = None,
        part: str | None = None,
        offset: int | None = None,
        details: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(sentence, code=code, details=details)
        self.part = part
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a folder: file, byte, entry (both where known), a stable code and a sentence."""

    path: str
    offset: int | None
    sentence: str
    code: str
    entry: int | None = None
