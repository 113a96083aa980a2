"""Uses: one attempt to do something with an object, as facts that the platform observed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Final

UNBOUNDED: Final = sys.maxsize
"""The amount or number of rows of a use that knows no bound."""


@dataclass(frozen=True, slots=True)
class Use:
    """Who does what with which items of an object, for what, when and how much.

    `region` is the division code or prefix in which all the rows lie (None: not restricted);
    `minimum` is the fewest subjects behind any number that leaves (None: none is guaranteed);
    `rows` is an upper bound on the rows that leave, 0 when none do (None: not known). What is not
    stated is never taken for granted: against a grant that limits it, an unknown value is refused.
    """

    party: str
    object: str
    action: str
    items: frozenset[str]
    purpose: str
    business: str | None
    region: str | None
    at: datetime
    amount: int = 1
    subject_authorised: bool = False
    minimum: int | None = None
    rows: int | None = None
    scenario: str | None = None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a use cannot give quota back")
