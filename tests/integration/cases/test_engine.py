"""The engine over real procedures: state, permission, party, documents, reasons, order, notices."""

from __future__ import annotations

import pytest

from gongshu.vocabulary.errors import Invalid, InvalidTransition, NotFound, NotPermitted
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.cases import actions, engine
from gongshu_server.cases.models import Case, Document, Notice, Party, Step
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.registration import actions as registration
from integration.city import (
    City,
    details,
    entry,
    events,
    filed,
    papers,
    published,
    refused,
    submitted,
)


def case_of(city: City) -> Case:
    """Return the case of a freshly filed entry."""
    return Case.objects.get(pk=filed(city).case)


def test_a_step_is_one_line_of_the_timeline_and_one_entry(city: City) -> None:
    case = case_of(city)
    (step,) = Step.objects.filter(case=case)
    assert (step.transition, step.source, step.target) == ("file", "draft", "filed")
    assert step.clause == "809-13"
    assert step.actor == city.actor("emergency").text_id
    last = events("catalogue.filed")[-1]
    assert step.entry == last.pk
    assert details(last)["number"] == case.number
    assert details(last)["from"] == "draft"


def test_numbers_run_within_a_procedure_and_year(city: City) -> None:
    first, second = case_of(city), case_of(city)
    assert first.number == "目录编制〔2025〕1号"
    assert second.number == "目录编制〔2025〕2号"
    city.later(days=130)
    assert case_of(city).number == "目录编制〔2026〕1号"


def test_a_refused_step_uses_up_no_number(city: City) -> None:
    faulty = entry(city, share_attribute="closed")
    refused(
        city,
        catalogue.file_resource,
        "emergency",
        "incomplete",
        entry=faulty,
        authority=city.org("bureau"),
    )
    assert case_of(city).number.endswith("〕1号")


def test_the_wrong_state_names_what_is_possible(city: City) -> None:
    resource = filed(city)
    error = refused(
        city,
        catalogue.note_change,
        "emergency",
        "invalid_transition",
        resource_id=resource.pk,
        reason="x",
    )
    assert isinstance(error, InvalidTransition)
    assert "记录保密审查" in error.sentence
    assert error.clause == "809-17"


def test_an_ended_case_says_so(city: City) -> None:
    resource = filed(city)
    city.do(catalogue.withdraw, "emergency", resource_id=resource.pk, reason="重复")
    error = refused(
        city,
        catalogue.withdraw,
        "emergency",
        "invalid_transition",
        resource_id=resource.pk,
        reason="再撤",
    )
    assert "已经办结" in error.sentence
    assert Case.objects.get(pk=resource.case).closed_at is not None


def test_the_wrong_duty_is_refused(city: City) -> None:
    """A handler does not record a secrecy review, which is the head's or a reviewer's."""
    error = refused(
        city,
        catalogue.record_secrecy_review,
        "emergency",
        "not_permitted",
        resource_id=filed(city).pk,
        papers=papers("secrecy_review"),
    )
    assert isinstance(error, NotPermitted)
    assert "记录保密审查" in error.sentence
    assert error.clause == "opinions-12.8"


def test_a_watching_body_takes_no_step(city: City) -> None:
    """A second data authority sees every case; seeing is all it gets."""
    other = city.do(
        accounts.found, "node", name="邻市数据局", short_name="邻市", roles=("data_authority",)
    )
    holding = city.do(
        accounts.appoint,
        "node",
        organisation_id=other.pk,
        title="负责人",
        duties=("head",),
        person_name="邻居",
    )
    city.cast.organisations["other"] = other.pk
    city.cast.people["other", "head"] = (holding.person_id, holding.post_id)
    resource = filed(city)
    assert Case.objects.visible_to(city.actor("other", "head")).filter(pk=resource.case).exists()
    error = refused(
        city,
        catalogue.return_entry,
        "other/head",
        "not_a_party",
        resource_id=resource.pk,
        reason="不合格",
    )
    assert isinstance(error, NotPermitted)
    added = {"case_id": resource.case, "papers": papers("note")}
    refused(city, actions.add_documents, "other/head", "not_a_party", **added)


def test_a_stranger_does_not_learn_that_a_case_exists(city: City) -> None:
    case = case_of(city)
    steps = [("x", "科室负责人")]
    city.do(
        actions.configure_substeps,
        "taxation",
        procedure_code="catalogue_entry",
        transition="file",
        steps=steps,
    )
    arguments = {"transition": "file", "step": "x", "agreed": True}
    known = refused(
        city, actions.mark_substep, "taxation", "case_not_found", case_id=case.pk, **arguments
    )
    unknown = refused(
        city, actions.mark_substep, "taxation", "case_not_found", case_id="nothing", **arguments
    )
    assert isinstance(known, NotFound)
    assert known.sentence == unknown.sentence


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("emergency", True),
        ("bureau", True),
        ("audit/auditor", True),
        ("taxation", False),
        ("operator", False),
        ("citizen/subject", False),
    ],
)
def test_who_sees_a_case(city: City, who: str, sees: bool) -> None:
    case = case_of(city)
    assert Case.objects.visible_to(city.who(who)).filter(pk=case.pk).exists() is sees


def test_everything_that_is_missing_is_named_at_once(city: City) -> None:
    row = city.do(
        registration.submit,
        "bureau",
        application=registration.Application(
            kind="resource",
            subject_id=published(city).pk,
            title="许可证",
            summary="许可证",
            body=city.org("registry"),
        ),
        papers=papers("business_review", "registrant"),
    )
    error = refused(city, registration.accept, "registry", "incomplete", registration_id=row.pk)
    assert isinstance(error, Invalid)
    assert len(error.details) == 6
    assert error.sentence.count("缺少材料") == 6
    assert "登记主体信息" not in error.sentence


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_written_or_there_is_no_step(city: City, reason: str) -> None:
    row = submitted(city)
    error = refused(
        city,
        registration.reject,
        "registry",
        "incomplete",
        registration_id=row.pk,
        reason=reason,
    )
    assert "理由" in error.sentence
    city.do(registration.reject, "registry", registration_id=row.pk, reason="不属于公共数据")
    assert Step.objects.filter(case_id=row.case).last().reason == "不属于公共数据"


def test_a_case_goes_to_an_organisation_that_exists(city: City) -> None:
    refused(
        city,
        catalogue.file_resource,
        "emergency",
        "organisation_not_found",
        entry=entry(city),
        authority="nobody",
    )


def test_the_other_parties_are_told(city: City) -> None:
    case = case_of(city)
    (notice,) = Notice.objects.filter(case=case)
    assert notice.organisation_id == city.org("bureau")
    assert "报送目录" in notice.text
    assert case.number in notice.subject
    assert notice.spread_at is None


def test_a_document_is_known_by_a_salted_digest(city: City) -> None:
    """Two equal forms do not show that they are equal."""
    rows = []
    for _ in range(2):
        resource = filed(city)
        city.do(
            catalogue.record_secrecy_review,
            "emergency/head",
            resource_id=resource.pk,
            papers=papers("secrecy_review"),
        )
        rows.append(Document.objects.get(case_id=resource.case))
    assert rows[0].text == rows[1].text
    assert rows[0].digest != rows[1].digest
    said = details(events("catalogue.secrecy_reviewed")[-1])["documents"]
    assert said == [{"id": rows[1].pk, "kind": "secrecy_review", "digest": rows[1].digest}]


def test_documents_are_added_by_parties_while_the_case_is_open(city: City) -> None:
    resource = filed(city)
    arguments = {"case_id": resource.case, "papers": papers("note")}
    (row,) = city.do(actions.add_documents, "emergency", **arguments)
    assert row.added_by == city.actor("emergency").text_id
    assert details(events("case.document_added")[-1])["case"] == resource.case
    refused(city, actions.add_documents, "taxation", "case_not_found", **arguments)
    refused(city, actions.add_documents, "audit/auditor", "not_permitted", **arguments)
    city.do(catalogue.withdraw, "emergency", resource_id=resource.pk, reason="重复")
    refused(city, actions.add_documents, "emergency", "case_closed", **arguments)


def test_the_node_is_no_party_and_needs_none(city: City) -> None:
    """System steps are taken by the platform, which is nobody's organisation."""
    case = case_of(city)
    engine.add_party(case, "node", "handler")
    assert Party.objects.filter(case=case).count() == 2
    engine.require_party(case, node(), wanting="x")
