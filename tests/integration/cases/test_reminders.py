"""Urging and supervising: whose turn it is is told, on the record, and not by anybody."""

from __future__ import annotations

import pytest

from gongshu_server.cases import actions
from gongshu_server.cases.models import Case, Notice, Party, Reminder
from gongshu_server.registration import actions as registration
from integration.city import City, details, events, refused, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def told(case: str) -> set[str]:
    """Return who got the newest notice about the case."""
    newest = Notice.objects.filter(case_id=case).order_by("-created_at")[:1].get()
    same = Notice.objects.filter(case_id=case, created_at=newest.created_at)
    return set(same.values_list("organisation_id", flat=True))


def test_a_party_urges_whose_turn_it_is(city: City) -> None:
    row = submitted(city)
    city.do(actions.urge, "bureau", case_id=row.case, text="项目急需")
    assert told(row.case) == {city.org("registry")}
    (event,) = events("case.urged")
    assert event.clause == "26-10"
    assert details(event)["told"] == [city.org("registry")]
    assert Reminder.objects.get().text == "收到催办。项目急需"


def test_a_case_is_urged_once_a_day(city: City) -> None:
    row = submitted(city)
    city.do(actions.urge, "bureau", case_id=row.case)
    refused(city, actions.urge, "bureau/head", "urged_today", case_id=row.case)
    city.later(hours=24)
    city.do(actions.urge, "bureau", case_id=row.case)
    assert Reminder.objects.count() == 2


def test_urging_oneself_or_a_strangers_or_an_ended_case_is_refused(city: City) -> None:
    row = submitted(city)
    refused(city, actions.urge, "registry", "own_turn", case_id=row.case)
    refused(city, actions.urge, "water", "case_not_found", case_id=row.case)
    refused(city, actions.urge, "audit/auditor", "not_permitted", case_id=row.case)
    reason = {"registration_id": row.pk, "reason": "材料不实"}
    city.do(registration.reject, "registry", **reason)
    refused(city, actions.urge, "bureau", "case_closed", case_id=row.case)


def test_who_only_looks_on_does_not_urge(city: City) -> None:
    """A supervisor that is no party sees the case and has supervision for it."""
    row = submitted(city)
    Party.objects.filter(case_id=row.case, organisation_id=city.org("bureau")).delete()
    refused(city, actions.urge, "bureau", "not_a_party", case_id=row.case)
    city.do(actions.supervise, "bureau/head", case_id=row.case, text="请三日内受理")
    assert told(row.case) == {city.org("registry")}
    (event,) = events("case.supervised")
    assert event.clause == "opinions-12.1"


def test_supervision_is_the_data_authoritys_and_says_what_it_wants(city: City) -> None:
    row = submitted(city)
    said = {"case_id": row.case, "text": "请尽快办理"}
    refused(city, actions.supervise, "registry", "not_permitted", **said)
    refused(city, actions.supervise, "bureau", "reason_required", **said | {"text": " "})
    Party.objects.filter(case_id=row.case).exclude(organisation_id=city.org("bureau")).delete()
    refused(city, actions.supervise, "bureau", "own_turn", **said)
    Case.objects.filter(pk=row.case).update(closed_at=city.at)
    refused(city, actions.supervise, "bureau", "case_closed", **said)
