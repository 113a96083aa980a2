"""Lost updates: who acts on a case says what they saw of it, and is refused if that is no more so.

A case's *version* is a short text that changes with every step of the case and with every document
filed into it (documents are never deleted, so their number tells). A door shows it with the case
(header `ETag`, or a hidden field of the form), and gives it back when somebody acts:

    with expecting(version):
        registration.accept(registration_id=row.pk, by=by, at=at)

The engine compares it under the case's row lock, so that of two who saw the same only the first
gets through; the other gets Stale with a sentence saying who did what meanwhile. An empty version
expects nothing. `versions(case_ids)` gives many at once, for lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Invalid, Stale
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases.models import Case, Document, Step
from gongshu_server.journal.actions import attending

_LENGTH = 16


@dataclass(slots=True)
class Expectation:
    """What the caller saw: a case in a version. It holds for one action."""

    case_id: str
    version: str
    met: bool = False

    def before(self, *, at: datetime) -> None:
        """Begin anew: an action may be tried more than once."""
        self.met = False

    def after(self, result: Any) -> None:
        """Refuse an action that never touched the case that the caller looked at."""
        if not self.met:
            raise Invalid(
                "随请求带来的版本标识不是本次所办办件的，请刷新后重新提交。", code="another_version"
            )


_expected: ContextVar[Expectation | None] = ContextVar("gongshu_expected", default=None)


def version(case_id: str) -> str:
    """Return the present version of a case: its id, and a digest of its last step and papers."""
    return versions([case_id])[case_id]


def versions(case_ids: Iterable[str]) -> dict[str, str]:
    """Return the present version of each case, in one query; unknown cases are left out."""
    steps = Step.objects.filter(case=OuterRef("pk")).order_by("-id").values("entry")[:1]
    papers = Document.objects.filter(case=OuterRef("pk")).order_by().values("case")
    rows = Case.objects.filter(pk__in=list(case_ids)).values_list(
        "pk", Subquery(steps), Subquery(papers.annotate(number=Count("pk")).values("number"))
    )
    return {pk: f"{pk}.{_short(step, papers)}" for pk, step, papers in rows}


def _short(step: str | None, papers: int | None) -> str:
    return hashlib.sha256(f"{step or ''}/{papers or 0}".encode()).hexdigest()[:_LENGTH]


@contextmanager
def expecting(seen: str) -> Iterator[None]:
    """Let the one action in the body of `with` happen only on the case version that was seen.

    Raises Invalid for a text that no case version has, and when the action works on another case.
    """
    if not seen:
        yield
        return
    case_id, dot, rest = seen.partition(".")
    if not dot or len(rest) != _LENGTH or len(case_id) > 26:
        raise Invalid("版本标识不完整，请刷新后重新提交。", code="version_malformed")
    one = Expectation(case_id=case_id, version=seen)
    token = _expected.set(one)
    try:
        with attending(one):
            yield
    finally:
        _expected.reset(token)


def verify(case: Case) -> None:
    """Raise Stale if the caller saw another version of this locked case than there is now."""
    one = _expected.get()
    if one is None or one.met or one.case_id != case.pk:
        return
    if version(case.pk) != one.version:
        raise Stale(f"{_meanwhile(case)}，请刷新后再办。", code="case_stale")
    one.met = True


def _meanwhile(case: Case) -> str:
    """Say who did what last to the case."""
    step = Step.objects.filter(case=case).order_by("-id").first()
    paper = Document.objects.filter(case=case).order_by("-id").first()
    if step is None or (paper is not None and paper.added_at > step.at):
        return "办件已补充了新的材料"
    body = Organisation.objects.filter(pk=step.organisation).first()
    state = procedure(case.procedure).states[step.target]
    return f"办件已由{body or '本平台'}办理到“{state}”"
