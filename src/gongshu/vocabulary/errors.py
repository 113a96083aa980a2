"""The errors that reach a person: a stable code, one Chinese sentence, the clause if any.

Each interface maps these classes to its own answers in one table. Anything else that is raised is
a defect and is never shown.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal or failure with a sentence that is fit for the user.

    `code` is stable and machine-readable; `sentence` is plain Chinese that says what to do next;
    `clause` is a code of `clauses.toml`; `details` holds the single reasons (broken limits,
    missing documents) as JSON-able values or frozen dataclasses. `recorded` is set when the ledger
    has an entry about it.
    """

    default_code: ClassVar[str] = "domain_error"

    def __init__(
        self,
        sentence: str,
        *,
        code: str | None = None,
        clause: str | None = None,
        details: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(sentence)
        self.code = code or self.default_code
        self.sentence = sentence
        self.clause = clause
        self.details = tuple(details)
        self.recorded = False


class NotFound(DomainError):
    """The object does not exist, or its existence is not public for the caller (S10)."""

    default_code = "not_found"


class NotPermitted(DomainError):
    """The caller is known and may see the object, but the act is not theirs."""

    default_code = "not_permitted"


class InvalidTransition(DomainError):
    """The case stands in a state from which this step does not lead on."""

    default_code = "invalid_transition"


class Conflict(DomainError):
    """Somebody else was first, or the same thing is already under way."""

    default_code = "conflict"


class Stale(Conflict):
    """The object has changed since the caller looked at it; nothing of theirs was done."""

    default_code = "stale"


class Invalid(DomainError):
    """What was handed in is incomplete or wrong; every fault is listed at once."""

    default_code = "invalid"


class Unavailable(DomainError):
    """The node cannot answer now and nothing was changed."""

    default_code = "unavailable"
