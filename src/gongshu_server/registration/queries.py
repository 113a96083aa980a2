"""Reads on registrations: the public query page and publicity list, and the parties' own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource
from gongshu_server.registration.models import PUBLIC_STATES, RESOURCE_KIND, Registration


@dataclass(frozen=True, slots=True)
class PublicRegistration:
    """What anybody may know of a registration (26号 第12条、第13条)."""

    id: str
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


def in_publicity(*, at: datetime) -> QuerySet[Registration]:
    """Return the registrations whose publicity period runs."""
    public = Case.objects.filter(procedure="registration", state__in=("publicised", "objected"))
    public = public.filter(opened_at__lte=at)
    return Registration.objects.select_related("registrant").filter(case__in=public.values("pk"))


def publicised(*, at: datetime, most: int = 200) -> list[PublicRegistration]:
    """Return the newest registrations whose publicity period runs; two queries."""
    return public_views(in_publicity(at=at).order_by("-id")[:most])


def public_views(rows: Iterable[Registration]) -> list[PublicRegistration]:
    """Return what the public is shown of each registration; one query beside the rows' own."""
    found = list(rows)
    states = dict(Case.objects.filter(pk__in=[r.case for r in found]).values_list("id", "state"))
    names = procedure("registration").states
    return [_public(row, names[states[row.case]]) for row in found]


def public(registration_id: str, *, at: datetime) -> PublicRegistration:
    """Return one registration that is public by law: publicised, objected to, or registered."""
    row = Registration.objects.select_related("registrant").filter(pk=registration_id).first()
    state = Case.objects.filter(pk=row.case).values_list("state", flat=True).first() if row else ""
    if row is None or state not in PUBLIC_STATES:
        raise NotFound("没有这项登记，或它还没有公示。", code="registration_not_found")
    return _public(row, procedure("registration").states[state])


def shown(row: Registration) -> PublicRegistration:
    """Return what a party to a registration is shown of it, whatever its state."""
    state = Case.objects.filter(pk=row.case).values_list("state", flat=True).first() or ""
    return _public(row, procedure("registration").states.get(state, ""))


def in_states(*states: str, by: Actor) -> QuerySet[Registration]:
    """Return the registrations in these states that the actor may see."""
    cases = Case.objects.filter(procedure="registration", state__in=states)
    seen = Registration.objects.visible_to(by).filter(case__in=cases.values("pk"))
    return seen.select_related("registrant", "body")


def own(*, by: Actor) -> QuerySet[Registration]:
    """Return the registrations that the actor's organisation asked for."""
    rows = Registration.objects.filter(registrant_id=by.organisation)
    return rows.select_related("registrant", "body")


def unregistered(*, by: Actor) -> QuerySet[Resource]:
    """Return the published resources that the actor could register: nobody has, or is about to."""
    taken = Registration.objects.filter(kind=RESOURCE_KIND, open=True).values("subject_id")
    rows = Resource.objects.filter(state="published").exclude(pk__in=taken)
    if "implementing_body" not in by.roles:
        rows = rows.filter(provider_id=by.organisation)
    return rows.select_related("provider")


def _public(row: Registration, state: str) -> PublicRegistration:
    return PublicRegistration(
        id=row.pk,
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
