"""Limits that run on a case: awaited, within, paused, resumed, late, and noted when overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from gongshu.procedures import procedure
from gongshu.procedures.registration import MATERIALS
from gongshu.workflow.limits import Limit, Unit, due
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases import actions, clocks, engine
from gongshu_server.cases.models import Case, Clock, Notice, Step
from gongshu_server.journal.actions import action
from gongshu_server.registration import actions as registration
from gongshu_server.registration.models import Registration
from integration.city import (
    BEIJING,
    City,
    application,
    details,
    events,
    papers,
    publicised,
    published,
    refused,
    submitted,
)

INSTANT = timedelta(microseconds=1)


def clock(row: Registration, limit: str) -> Clock:
    """Return the limit's last clock on the registration's case."""
    found = Clock.objects.filter(case_id=row.case, limit=limit).order_by("id").last()
    assert found is not None
    return found


def test_a_limit_ends_at_midnight_after_its_last_working_day(city: City) -> None:
    city.at = datetime(2025, 9, 26, 9, tzinfo=BEIJING)  # A Friday before the October holiday.
    row = submitted(city)
    started = clock(row, "reg.accept")
    assert started.started_at == city.at
    # Three working days on: Sunday 28 is worked, Monday 29, Tuesday 30.
    assert started.due == datetime(2025, 10, 1, tzinfo=BEIJING)
    assert not started.provisional


def test_a_step_before_its_period_has_run_out_is_too_early(city: City) -> None:
    row = publicised(city)
    ends = clock(row, "reg.publicity").due
    city.at = ends - INSTANT - timedelta(minutes=1)
    error = refused(city, registration.assign_code, "registry", "too_early", registration_id=row.pk)
    assert error.clause == "26-12"
    assert f"{ends.astimezone(BEIJING):%Y年%m月%d日}" in error.sentence
    city.at = ends - timedelta(minutes=1)
    city.do(registration.assign_code, "registry", registration_id=row.pk)
    assert clock(row, "reg.publicity").stopped_at == ends


def test_a_step_after_the_period_that_bounds_it_is_too_late(city: City) -> None:
    row = publicised(city)
    ends = clock(row, "reg.publicity").due
    city.at = ends - timedelta(minutes=1)
    arguments = {"registration_id": row.pk, "reason": "来源不明"}
    arguments |= {"papers": papers("objection_evidence")}
    error = refused(city, registration.object_to, "taxation", "too_late", **arguments)
    assert error.clause == "26-12"
    assert Case.objects.get(pk=row.case).state == "publicised"


def test_an_objection_on_the_last_day_is_in_time(city: City) -> None:
    row = publicised(city)
    city.at = clock(row, "reg.publicity").due - timedelta(minutes=1) - INSTANT
    city.do(
        registration.object_to,
        "taxation",
        registration_id=row.pk,
        reason="来源不明",
        papers=papers("objection_evidence"),
    )
    assert Case.objects.get(pk=row.case).state == "objected"


def test_a_resubmission_has_the_whole_period_again(city: City) -> None:
    row = city.do(
        registration.submit,
        "bureau",
        application=application(city, published(city)),
        papers=papers("business_review"),
    )
    first = clock(row, "reg.accept")
    city.do(registration.notify_incomplete, "registry", registration_id=row.pk)
    assert clock(row, "reg.accept").stopped_at == city.at
    city.later(days=20)
    city.do(registration.resubmit, "bureau", registration_id=row.pk, papers=papers(*MATERIALS))
    again = clock(row, "reg.accept")
    assert again.pk != first.pk
    assert again.due == due(procedure("registration").limit("reg.accept"), city.at).at
    assert again.stopped_at is None


def test_a_limit_may_run_from_a_fact_before_the_case(city: City) -> None:
    """The 20 working days for a first registration run from delivery, and are over here."""
    delivered = city.at
    resource = published(city)
    city.later(days=60)
    row = city.do(
        registration.submit,
        "bureau",
        application=application(city, resource, since=delivered),
        papers=papers("business_review"),
    )
    ran = clock(row, "reg.first.file")
    assert ran.started_at == delivered
    assert ran.stopped_at == city.at
    assert details(events("registration.submitted")[-1])["late"] == ["reg.first.file"]


def test_a_limit_that_is_met_in_time_is_not_late(city: City) -> None:
    submitted(city)
    assert details(events("registration.submitted")[-1])["late"] == []


def test_what_stands_goes_on_when_the_case_ends(city: City) -> None:
    """The registration's validity of three years runs on; the rest stops."""
    row = publicised(city)
    city.at = clock(row, "reg.publicity").due
    city.do(registration.assign_code, "registry", registration_id=row.pk)
    assert Case.objects.get(pk=row.case).closed_at == city.at
    running = Clock.objects.filter(case_id=row.case, stopped_at__isnull=True)
    assert [c.limit for c in running] == ["reg.validity"]


WAIT = Limit("wait", "答复", 10, Unit.calendar_day, "809-26")
PAUSED = Procedure(
    code="paused",
    zh="可暂停的流程",
    en="A procedure that pauses",
    subject="x",
    initial="draft",
    states={"draft": "拟稿", "open": "办理中", "asking": "等待补充", "done": "办结"},
    terminal=frozenset({"done"}),
    limits=(WAIT,),
    transitions=tuple(
        Transition(
            name=name,
            zh=zh,
            source=(source,),
            target=target,
            permission="catalogue.file",
            event="catalogue.filed",
            clause="809-26",
            **limits,
        )
        for name, zh, source, target, limits in (
            ("begin", "开始", "draft", "open", {"starts": ("wait",)}),
            ("ask", "要求补充", "open", "asking", {"pauses": ("wait",)}),
            ("answer", "补充", "asking", "open", {"resumes": ("wait",)}),
            ("finish", "办结", "open", "done", {"stops": ("wait",)}),
        )
    ),
)


@action
def begin(*, by: Actor, at: datetime) -> Case:
    """Open a case of the procedure that pauses."""
    case = engine.open_case(
        "paused", subject=("x", "x"), title="x", handler=by.organisation, by=by, at=at
    )
    engine.advance(case, "begin", by=by, at=at)
    return case


@action
def step(*, case_id: str, name: str, by: Actor, at: datetime) -> Step:
    """Take a step of it."""
    return engine.advance(engine.locked(case_id, by=by), name, by=by, at=at)


@pytest.fixture
def pausing(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Let the engine know one more procedure; no statutory one pauses yet."""
    settings.GONGSHU_EFFECTS = f"{__name__}.NO_EFFECTS"

    def known(code: str) -> Procedure:
        return PAUSED if code == "paused" else procedure(code)

    modules: tuple[ModuleType, ...] = (engine, clocks, actions)
    for module in modules:
        monkeypatch.setattr(module, "procedure", known)
    assert PAUSED.check() == ()
    yield


NO_EFFECTS: dict[str, Any] = {}


def test_a_pause_does_not_count(city: City, pausing: None) -> None:
    case = city.do(begin, "emergency")
    ran = Clock.objects.get(case=case)
    promised = ran.due
    city.later(days=4)
    city.do(step, "emergency", case_id=case.pk, name="ask")
    assert Clock.objects.get(case=case).paused_at == city.at
    city.later(days=30)
    # While it waits for somebody else nobody is late.
    assert city.do(actions.note_lights, "node") == 0
    city.do(step, "emergency", case_id=case.pk, name="answer")
    ran.refresh_from_db()
    assert (ran.paused_at, ran.due) == (None, promised + timedelta(days=30))
    city.at = ran.due - timedelta(minutes=1)
    city.do(step, "emergency", case_id=case.pk, name="finish")
    assert Clock.objects.get(case=case).stopped_at == city.at


def test_an_overdue_limit_is_noted_once_and_its_parties_told(city: City) -> None:
    row = submitted(city)
    city.at = clock(row, "reg.accept").due - timedelta(minutes=1) - INSTANT
    assert city.do(actions.note_lights, "node") == 1  # The light of 80 %.
    before = Notice.objects.count()
    assert city.do(actions.note_lights, "node") == 1
    assert city.do(actions.note_lights, "node") == 0
    (event,) = events("case.overdue")
    assert event.clause == "26-10"
    assert details(event)["limit"] == "reg.accept"
    told = Notice.objects.filter(case_id=row.case).order_by("-id")[
        : Notice.objects.count() - before
    ]
    assert {n.organisation_id for n in told} == {city.org("bureau"), city.org("registry")}
    assert all("已逾期" in n.text for n in told)
    # Late is not refused: the step is still to be taken.
    city.do(registration.accept, "registry", registration_id=row.pk)
    assert details(events("registration.accepted")[-1])["late"] == ["reg.accept"]


def test_only_the_node_looks_for_overdue_limits(city: City) -> None:
    refused(city, actions.note_lights, "bureau", "not_permitted")


def test_a_provisional_date_is_computed_again(city: City) -> None:
    """A calendar that is loaded later moves what was only provisional."""
    row = submitted(city)
    right = clock(row, "reg.accept").due
    Clock.objects.filter(case_id=row.case, limit="reg.accept").update(
        provisional=True, due=right + timedelta(days=2)
    )
    assert clocks.recompute_provisional(at=city.at) == 1
    again = clock(row, "reg.accept")
    assert (again.due, again.provisional) == (right, False)
    assert clocks.recompute_provisional(at=city.at) == 0


def test_dates_of_an_unannounced_year_are_provisional(city: City) -> None:
    city.at = datetime(2031, 1, 6, 9, tzinfo=BEIJING)
    row = submitted(city)
    assert clock(row, "reg.accept").provisional
