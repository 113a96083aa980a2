"""Reads on registrations: the public query page and publicity list, and the parties' own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case
from gongshu_server.registration.models import Registration


@dataclass(frozen=True, slots=True)
class PublicRegistration:
    """What anybody may know of a registration (26号 第12条、第13条)."""

    registrant: str
    kind: str
    title: str
    summary: str
    state: str
    code: str
    code_at: datetime | None
    valid_until: datetime | None


def by_code(code: str, *, at: datetime) -> PublicRegistration:
    """Return the registration with this query code; NotFound for an unknown one."""
    row = Registration.objects.select_related("registrant").filter(code=code).first()
    if not code or row is None:
        raise NotFound(
            "没有这个登记结果查询码，请核对后再查。", code="code_not_found", clause="26-13"
        )
    expired = row.valid_until is not None and at >= row.valid_until
    return _public(row, "已过有效期" if expired else "有效")


def code_of(kind: str, subject_id: str) -> str:
    """Return the query code that a resource or product has been given; empty without one."""
    rows = Registration.objects.filter(kind=kind, subject_id=subject_id, open=True)
    return rows.values_list("code", flat=True).first() or ""


def publicised(*, at: datetime) -> list[PublicRegistration]:
    """Return the registrations whose publicity period runs."""
    states = dict(
        Case.objects.filter(procedure="registration", state__in=("publicised", "objected"))
        .filter(opened_at__lte=at)
        .values_list("id", "state")
    )
    rows = Registration.objects.select_related("registrant").filter(case__in=list(states))
    names = procedure("registration").states
    return [_public(row, names[states[row.case]]) for row in rows.order_by("id")]


def _public(row: Registration, state: str) -> PublicRegistration:
    return PublicRegistration(
        registrant=row.registrant.name,
        kind=row.get_kind_display(),
        title=row.title,
        summary=row.summary,
        state=state,
        code=row.code,
        code_at=row.code_at,
        valid_until=row.valid_until,
    )


def registrations(*, by: Actor) -> QuerySet[Registration]:
    """Return the registrations whose case the actor may see."""
    return Registration.objects.visible_to(by)


def registration(registration_id: str, *, by: Actor) -> Registration:
    """Return one registration whose case the actor may see; NotFound otherwise."""
    found = registrations(by=by).filter(pk=registration_id).first()
    if found is None:
        raise NotFound("没有这项登记。", code="registration_not_found")
    return found
