"""Internal steps: in order, by different people, the organisation's own, within the same clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gongshu.vocabulary.errors import Conflict, NotPermitted
from gongshu_server.accounts import actions as accounts
from gongshu_server.cases import actions
from gongshu_server.cases.models import Clock, Document
from gongshu_server.registration import actions as registration
from gongshu_server.registration.models import Registration
from integration.city import City, events, papers, refused, submitted

STEPS = (("clerk", "经办审查"), ("section", "科室负责人"), ("leader", "分管领导"))


def staff(city: City, organisation: str, *names: str) -> None:
    """Put people into the registry who have nothing but the duty to handle."""
    for name in names:
        holding = city.do(
            accounts.appoint,
            f"{organisation}/head",
            organisation_id=city.org(organisation),
            title=name,
            duties=("handler", "reviewer"),
            person_name=name,
        )
        city.cast.people[organisation, name] = (holding.person_id, holding.post_id)


@pytest.fixture
def row(city: City) -> Registration:
    """Return an application at a registry that has three internal steps before acceptance."""
    staff(city, "registry", "clerk", "section", "leader")
    configure(city, "registry")
    return submitted(city)


def configure(city: City, organisation: str, steps: Any = STEPS) -> None:
    """Set internal steps before acceptance."""
    city.do(
        actions.configure_substeps,
        organisation,
        procedure_code="registration",
        transition="accept",
        steps=steps,
    )


def arguments(row: Registration, step: str, **changes: Any) -> dict[str, Any]:
    """Return what marks an internal step."""
    sound = {"case_id": row.case, "transition": "accept", "step": step, "agreed": True}
    return sound | changes


def mark(city: City, row: Registration, who: str, step: str, **changes: Any) -> None:
    """Mark an internal step."""
    city.do(actions.mark_substep, f"registry/{who}", **arguments(row, step, **changes))


def test_the_statutory_step_waits_for_all_of_them(city: City, row: Registration) -> None:
    for who in ("clerk", "section"):
        mark(city, row, who, who)
    error = refused(city, registration.accept, "registry", "substeps_open", registration_id=row.pk)
    assert isinstance(error, Conflict)
    assert "分管领导" in error.sentence
    assert "科室负责人" not in error.sentence
    mark(city, row, "leader", "leader")
    city.do(registration.accept, "registry", registration_id=row.pk)
    assert len(events("case.substep")) == 3


def test_they_go_in_order(city: City, row: Registration) -> None:
    error = refused(
        city,
        actions.mark_substep,
        "registry/section",
        "substep_order",
        **arguments(row, "section"),
    )
    assert "经办审查" in error.sentence
    mark(city, row, "clerk", "clerk")
    refused(
        city, actions.mark_substep, "registry/leader", "substep_order", **arguments(row, "clerk")
    )


def test_nobody_signs_twice(city: City, row: Registration) -> None:
    mark(city, row, "clerk", "clerk")
    error = refused(
        city,
        actions.mark_substep,
        "registry/clerk",
        "substep_same_person",
        **arguments(row, "section"),
    )
    assert isinstance(error, NotPermitted)


def test_two_posts_are_still_one_person(city: City, row: Registration) -> None:
    mark(city, row, "clerk", "clerk")
    person, _ = city.cast.people["registry", "clerk"]
    holding = city.do(
        accounts.appoint,
        "registry/head",
        organisation_id=city.org("registry"),
        title="兼任",
        duties=("reviewer",),
        person_name="",
        person_id=person,
    )
    city.cast.people["registry", "second"] = (person, holding.post_id)
    refused(
        city,
        actions.mark_substep,
        "registry/second",
        "substep_same_person",
        **arguments(row, "section"),
    )


def test_a_delegation_is_still_one_person(city: City, row: Registration) -> None:
    mark(city, row, "clerk", "clerk")
    person, _ = city.cast.people["registry", "clerk"]
    delegation = city.do(
        accounts.delegate,
        "registry/section",
        taker_id=person,
        until=city.at + timedelta(days=3),
        clause="26-10",
    )
    city.cast.people["registry", "deputy"] = (person, delegation.post_id)
    assert city.actor("registry", "deputy").delegation == delegation.pk
    refused(
        city,
        actions.mark_substep,
        "registry/deputy",
        "substep_same_person",
        **arguments(row, "section"),
    )


def test_a_return_sends_the_file_back_to_the_first(city: City, row: Registration) -> None:
    mark(city, row, "clerk", "clerk")
    refused(
        city,
        actions.mark_substep,
        "registry/section",
        "reason_required",
        **arguments(row, "section", agreed=False),
    )
    mark(city, row, "section", "section", agreed=False, opinion="来源说明不清")
    refused(
        city,
        actions.mark_substep,
        "registry/leader",
        "substep_order",
        **arguments(row, "leader"),
    )
    # Whoever signed before the return may sign again.
    mark(city, row, "clerk", "clerk")


def test_their_clock_is_the_statutory_one(city: City, row: Registration) -> None:
    before = Clock.objects.get(case_id=row.case, limit="reg.accept")
    mark(city, row, "clerk", "clerk")
    mark(city, row, "section", "section", agreed=False, opinion="退回")
    after = Clock.objects.get(case_id=row.case, limit="reg.accept")
    assert (after.due, after.paused_at, after.stopped_at) == (before.due, None, None)


def test_another_party_does_not_sign_for_the_registry(city: City, row: Registration) -> None:
    """The applicant configures the same codes and agrees to all of them: it helps nothing."""
    staff(city, "bureau", "a", "b", "c")
    configure(city, "bureau")
    for who, (step, _) in zip("abc", STEPS, strict=True):
        city.do(actions.mark_substep, f"bureau/{who}", **arguments(row, step))
    refused(city, registration.accept, "registry", "substeps_open", registration_id=row.pk)


def test_what_was_signed_before_a_resubmission_is_signed_again(
    city: City, row: Registration
) -> None:
    """The same state again is another stay: the file is not what it was."""
    for who in ("clerk", "section", "leader"):
        mark(city, row, who, who)
    Document.objects.filter(case_id=row.case, kind="evidence").delete()
    city.do(registration.notify_incomplete, "registry", registration_id=row.pk)
    city.do(registration.resubmit, "bureau", registration_id=row.pk, papers=papers("evidence"))
    refused(city, registration.accept, "registry", "substeps_open", registration_id=row.pk)


def test_strangers_and_watchers_do_not_sign(city: City, row: Registration) -> None:
    refused(
        city,
        actions.mark_substep,
        "taxation",
        "case_not_found",
        **arguments(row, "clerk"),
    )
    refused(
        city,
        actions.mark_substep,
        "audit/auditor",
        "not_a_party",
        **arguments(row, "clerk"),
    )


def test_a_step_that_nobody_configured_is_not_waited_for(city: City) -> None:
    row = submitted(city)
    refused(city, actions.mark_substep, "registry", "substep_order", **arguments(row, "clerk"))
    city.do(registration.accept, "registry", registration_id=row.pk)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"procedure_code": "nothing"}, "unknown_step"),
        ({"transition": "nothing"}, "unknown_step"),
        ({"steps": (("a", "甲"), ("a", "乙"))}, "invalid_substeps"),
        ({"steps": (("a", " "),)}, "invalid_substeps"),
    ],
)
def test_configurations_that_are_refused(city: City, changes: dict[str, Any], code: str) -> None:
    sound: dict[str, Any] = {
        "procedure_code": "registration",
        "transition": "accept",
        "steps": STEPS,
    }
    refused(city, actions.configure_substeps, "registry", code, **sound | changes)


def test_an_auditor_configures_nothing(city: City) -> None:
    arguments_ = {"procedure_code": "registration", "transition": "accept", "steps": STEPS}
    refused(city, actions.configure_substeps, "audit/auditor", "not_permitted", **arguments_)
