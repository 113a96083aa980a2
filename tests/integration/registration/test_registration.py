"""Registration step by step: 申请、受理、形式审核、公示、赋码, and every way out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gongshu.procedures.registration import MATERIALS
from gongshu.vocabulary.errors import Conflict, NotFound
from gongshu_server.accounts import actions as accounts
from gongshu_server.cases.models import Case
from gongshu_server.registration import actions, queries
from gongshu_server.registration.models import Registration
from integration.city import (
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

# Far enough for ten working days, holidays included.
PUBLICITY = timedelta(days=25)


def state(row: Registration) -> str:
    """Return the state of the registration's case."""
    return Case.objects.get(pk=row.case).state


def registered(city: City) -> Registration:
    """Return a registration with its code."""
    row = publicised(city)
    city.at += PUBLICITY
    done: Registration = city.do(actions.assign_code, "registry", registration_id=row.pk)
    return done


def test_the_whole_way(city: City) -> None:
    row = registered(city)
    assert state(row) == "registered"
    assert row.code.startswith(f"{city.at:%Y%m%d}-")
    assert row.code_at == city.at
    found = queries.by_code(row.code, at=city.at)
    assert (found.state, found.title) == ("有效", row.title)
    assert found.registrant == "临澜市数据局"
    assert details(events("registration.code_assigned")[-1])["code"] == row.code


def test_a_demo_code_can_be_told_at_a_glance(demo_city: City) -> None:
    assert registered(demo_city).code.startswith("演示码-")


def test_a_registration_ends_after_three_years_or_with_the_operation(city: City) -> None:
    row = registered(city)
    assert row.valid_until is not None
    assert queries.by_code(row.code, at=row.valid_until).state == "已过有效期"
    short = city.at + timedelta(days=100)
    other = published(city)
    second = city.do(
        actions.submit,
        "bureau",
        application=application(city, other, operating_until=short),
        papers=papers("business_review", *MATERIALS),
    )
    for action, by in (
        (actions.accept, "registry"),
        (actions.pass_review, "registry/head"),
        (actions.publicise, "registry"),
    ):
        city.do(action, by, registration_id=second.pk)
    city.at += PUBLICITY
    assert city.do(actions.assign_code, "registry", registration_id=second.pk).valid_until == short


def test_an_unknown_code_is_not_found(city: City) -> None:
    published(city)
    for code in ("", "演示码-1"):
        with pytest.raises(NotFound) as caught:
            queries.by_code(code, at=city.at)
        assert caught.value.clause == "26-13"


def test_publicity_is_public_while_it_runs(city: City) -> None:
    row = publicised(city)
    (shown,) = queries.publicised(at=city.at)
    assert (shown.title, shown.state, shown.code) == (row.title, "公示中", "")
    city.at += PUBLICITY
    city.do(actions.assign_code, "registry", registration_id=row.pk)
    assert queries.publicised(at=city.at) == []


def test_an_incomplete_application_gets_one_list_of_everything(city: City) -> None:
    row = city.do(
        actions.submit,
        "bureau",
        application=application(city, published(city)),
        papers=papers("business_review", "registrant", "evidence"),
    )
    missing = city.do(actions.notify_incomplete, "registry", registration_id=row.pk)
    assert len(missing) == len(MATERIALS) - 2
    assert state(row) == "incomplete"
    reason = details(events("registration.incomplete_notified")[-1])["reason"]
    assert all(name in reason for name in missing)
    # Told once: there is no second list.
    refused(
        city,
        actions.notify_incomplete,
        "registry",
        "invalid_transition",
        registration_id=row.pk,
    )
    city.do(actions.resubmit, "bureau", registration_id=row.pk, papers=papers(*MATERIALS))
    assert state(row) == "submitted"


def test_a_complete_application_is_not_sent_back(city: City) -> None:
    row = submitted(city)
    error = refused(city, actions.notify_incomplete, "registry", "complete", registration_id=row.pk)
    assert error.clause == "26-10"


def test_one_subject_one_open_registration(city: City) -> None:
    resource = published(city)
    row = submitted(city, resource)
    arguments = {"application": application(city, resource), "papers": papers("business_review")}
    error = refused(city, actions.submit, "bureau", "already_registered", **arguments)
    assert isinstance(error, Conflict)
    city.do(actions.reject, "registry", registration_id=row.pk, reason="材料虚假")
    again = city.do(actions.submit, "bureau", **arguments)
    assert again.pk != row.pk


@pytest.mark.parametrize("last", ["reject", "fail_review", "uphold_objection"])
def test_whatever_ends_it_frees_the_subject(city: City, last: str) -> None:
    if last == "reject":
        row = submitted(city)
    elif last == "fail_review":
        row = submitted(city)
        city.do(actions.accept, "registry", registration_id=row.pk)
    else:
        row = publicised(city)
        city.do(
            actions.object_to,
            "taxation",
            registration_id=row.pk,
            reason="数据来源有误",
            papers=papers("objection_evidence"),
        )
    ends = getattr(actions, last)
    error = refused(city, ends, "registry/head", "incomplete", registration_id=row.pk, reason=" ")
    assert "理由" in error.sentence
    done = city.do(ends, "registry/head", registration_id=row.pk, reason="不符合规定")
    assert done.open is False
    assert Case.objects.get(pk=row.case).closed_at == city.at


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"kind": "person"}, "incomplete", "登记类型"),
        ({"title": " "}, "incomplete", "名称"),
        ({"summary": ""}, "incomplete", "简介"),
        ({"body": "insurer"}, "incomplete", "登记机构"),
        ({"body": "nobody"}, "incomplete", "登记机构"),
        ({"subject_id": "nothing"}, "resource_not_found", "没有这个数据资源"),
    ],
)
def test_applications_that_are_refused(
    city: City, changes: dict[str, Any], code: str, says: str
) -> None:
    if changes.get("body") == "insurer":
        changes = {"body": city.org("insurer")}
    asked = application(city, published(city), **changes)
    error = refused(
        city,
        actions.submit,
        "bureau",
        code,
        application=asked,
        papers=papers("business_review"),
    )
    assert says in error.sentence


def test_every_fault_is_named_at_once(city: City) -> None:
    asked = application(city, published(city), kind="x", title="", summary="", body="")
    error = refused(city, actions.submit, "bureau", "incomplete", application=asked, papers=[])
    assert error.sentence.count("；") == 3
    assert error.clause == "26-12"


def test_the_internal_review_comes_before_the_application(city: City) -> None:
    asked = application(city, published(city))
    error = refused(city, actions.submit, "bureau", "incomplete", application=asked, papers=[])
    assert error.details == ("business_review",)
    assert not Registration.objects.exists()


STEPS = ("accept", "reject", "notify_incomplete")


@pytest.mark.parametrize("step", STEPS)
def test_the_applicant_does_not_decide(city: City, step: str) -> None:
    row = city.do(
        actions.submit,
        "bureau",
        application=application(city, published(city)),
        papers=papers("business_review"),
    )
    arguments = {"registration_id": row.pk} | ({"reason": "x"} if step == "reject" else {})
    refused(city, getattr(actions, step), "bureau", "not_permitted", **arguments)


def test_another_registry_does_not_learn_of_it(city: City) -> None:
    """A body with the same role that is no party: as if there were nothing."""
    row = submitted(city)
    other = city.do(
        accounts.found, "node", name="邻市登记", short_name="邻市", roles=("registration_body",)
    )
    holding = city.do(
        accounts.appoint,
        "node",
        organisation_id=other.pk,
        title="经办",
        duties=("handler",),
        person_name="邻居",
    )
    city.cast.people["other", "handler"] = (holding.person_id, holding.post_id)
    known = refused(city, actions.accept, "other", "registration_not_found", registration_id=row.pk)
    unknown = refused(
        city, actions.accept, "other", "registration_not_found", registration_id="nothing"
    )
    assert known.sentence == unknown.sentence


def test_nobody_objects_to_what_is_not_public(city: City) -> None:
    row = submitted(city)
    arguments = {"reason": "x", "papers": papers("objection_evidence")}
    refused(
        city,
        actions.object_to,
        "taxation",
        "registration_not_found",
        registration_id=row.pk,
        **arguments,
    )
    assert not Case.objects.visible_to(city.actor("taxation")).filter(pk=row.case).exists()


def test_an_objection_needs_evidence_and_a_reason(city: City) -> None:
    row = publicised(city)
    error = refused(
        city,
        actions.object_to,
        "taxation",
        "incomplete",
        registration_id=row.pk,
        reason="",
        papers=[],
    )
    assert error.details == ("objection_evidence",)
    assert "理由" in error.sentence


def test_a_dismissed_objection_lets_the_publicity_go_on(city: City) -> None:
    row = publicised(city)
    arguments = {"registration_id": row.pk}
    city.do(
        actions.object_to,
        "citizen/subject",
        reason="名称不准确",
        papers=papers("objection_evidence"),
        **arguments,
    )
    # While it is open there is no code, however late it is.
    city.at += PUBLICITY
    refused(city, actions.assign_code, "registry", "invalid_transition", **arguments)
    refused(city, actions.dismiss_objection, "bureau", "not_permitted", reason="x", **arguments)
    city.do(actions.dismiss_objection, "registry/head", reason="名称与目录一致", **arguments)
    city.do(actions.assign_code, "registry", **arguments)
    assert state(row) == "registered"


def test_a_delay_is_explained_and_the_clock_runs_on(city: City) -> None:
    row = submitted(city)
    city.do(actions.accept, "registry", registration_id=row.pk)
    refused(
        city, actions.explain_delay, "registry", "incomplete", registration_id=row.pk, reason=""
    )
    city.do(actions.explain_delay, "registry", registration_id=row.pk, reason="需现场核验")
    assert state(row) == "accepted"
    refused(
        city, actions.explain_delay, "bureau", "not_permitted", registration_id=row.pk, reason="x"
    )


@pytest.mark.parametrize(
    ("step", "who"), [("pass_review", "registry/head"), ("publicise", "registry")]
)
def test_no_step_out_of_order(city: City, step: str, who: str) -> None:
    row = submitted(city)
    refused(city, getattr(actions, step), who, "invalid_transition", registration_id=row.pk)


def test_a_handler_does_not_pass_the_review(city: City) -> None:
    row = submitted(city)
    city.do(actions.accept, "registry", registration_id=row.pk)
    refused(city, actions.pass_review, "registry", "not_permitted", registration_id=row.pk)
