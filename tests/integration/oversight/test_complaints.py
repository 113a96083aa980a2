"""Complaints: anybody lodges, a body apart answers, and nobody reads who lodged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gongshu.vocabulary.errors import NotFound
from gongshu_server.api.answers import present
from gongshu_server.cases.models import Case, Notice, Party, Step
from gongshu_server.journal.models import Entry
from gongshu_server.market.models import Product
from gongshu_server.oversight import actions, complaints, reconciling
from gongshu_server.oversight.complaints import Lodged, Statement
from gongshu_server.oversight.models import Complaint
from gongshu_server.usage.models import Alarm
from integration.city import City, details, events, listed, refused

pytestmark = pytest.mark.django_db(transaction=True)


def lodged(city: City, who: str = "insurer", **changes: Any) -> Lodged:
    said = {"about_kind": "organisation", "about_id": city.org("operator"), "text": "拒绝提供服务"}
    statement = Statement(**said | changes)
    made: Lodged = city.do(actions.submit_complaint, who, statement=statement)
    return made


def only() -> Complaint:
    return Complaint.objects.get()


def taken(city: City, *steps: str, by: str = "bureau/head") -> Complaint:
    """Lodge a complaint and take the steps."""
    lodged(city)
    row = only()
    for step in steps:
        city.do(*DO[step](row, by))
        row.refresh_from_db()
    return row


def _do(action: Any, **said: Any) -> Any:
    return lambda row, by: _Call(action, by, {"complaint_id": row.pk, **said})


class _Call(tuple[Any, ...]):
    """An action with its actor; `city.do(*call)` would lose the arguments, so they are bound."""

    def __new__(cls, action: Any, by: str, said: dict[str, Any]) -> _Call:
        def bound(*, by: Any, at: Any) -> Any:
            return action(**said, by=by, at=at)

        return super().__new__(cls, (bound, by))


DO = {
    "accept": _do(actions.accept_complaint),
    "handle": _do(actions.handle_complaint, findings="已责令改正"),
    "answer": _do(actions.answer_complaint, answer="已责令运营机构恢复服务。"),
    "close": _do(actions.close_complaint),
}


def test_a_complaint_is_handled_and_answered(city: City) -> None:
    made = lodged(city)
    row = only()
    assert row.handler_id == city.org("bureau")
    assert complaints.progress(made.token).state == "已提出"
    for step in ("accept", "handle", "answer", "close"):
        city.do(*DO[step](row, "bureau/head"))
    seen = complaints.progress(made.token)
    assert (seen.number, seen.state) == (made.number, "已办结")
    assert seen.answer == "已责令运营机构恢复服务。"
    with pytest.raises(NotFound):
        complaints.progress("x" + made.token)
    assert [e.event.split(".")[1] for e in events() if e.event.startswith("complaint.")] == [
        "submitted",
        "accepted",
        "handled",
        "answered",
        "closed",
    ]


def test_nothing_but_one_row_says_who_lodged(city: City) -> None:
    """Journal, timeline, parties and notices name the node; the reported body reads all it may."""
    before = Entry.objects.count()
    by = city.who("insurer")
    lodged(city, contact="13900000000")
    row = only()
    written = [
        *(f"{e.actor} {e.organisation} {e.body}" for e in Entry.objects.all()[before:]),
        *(f"{s.actor} {s.organisation} {s.reason}" for s in Step.objects.all()),
        *(f"{n.subject} {n.text} {n.organisation_id}" for n in Notice.objects.all()),
        *Party.objects.filter(case_id=row.case).values_list("organisation_id", flat=True),
        json.dumps(present(row)),
    ]
    assert len(written) > 4
    for secret in (by.person, by.organisation, by.post, "13900000000"):
        assert not [text for text in written if secret in text]
    assert details(events("complaint.submitted")[0])["identity"] == complaints.identity_mac(row)


def test_who_sees_a_complaint(city: City) -> None:
    row = taken(city)
    seeing = {
        who: Complaint.objects.visible_to(city.who(who)).filter(pk=row.pk).exists()
        for who in ("insurer", "insurer/head", "bureau", "audit/auditor", "operator", "water")
    }
    assert seeing == {
        "insurer": True,
        "insurer/head": False,
        "bureau": True,
        "audit/auditor": True,
        "operator": False,
        "water": False,
    }
    assert not Case.objects.visible_to(city.who("operator")).filter(pk=row.case).exists()


def test_the_authority_does_not_handle_or_read_a_complaint_about_itself(city: City) -> None:
    lodged(city, about_id=city.org("bureau"))
    row = only()
    assert row.handler_id == city.org("sector")
    assert not Complaint.objects.visible_to(city.who("bureau/head")).exists()
    said = {"complaint_id": row.pk, "reason": "核实"}
    refused(city, actions.reveal_complainant, "bureau/head", "complaint_not_found", **said)


def test_who_reports_the_own_organisation_is_seen_by_no_colleague(city: City) -> None:
    lodged(city, "operator/developer")
    assert Complaint.objects.visible_to(city.who("operator/developer")).exists()
    assert not Complaint.objects.visible_to(city.who("operator/head")).exists()


def test_a_price_goes_to_the_price_authority(city: City) -> None:
    product = listed(city)
    lodged(city, "citizen/subject", about_kind="price", about_id=product.pk)
    row = only()
    assert (row.handler_id, row.reported_id) == (city.org("pricing"), city.org("operator"))


def test_without_an_account_a_contact_is_needed(city: City) -> None:
    statement = Statement("organisation", city.org("operator"), "多收费")
    refused(city, actions.submit_complaint, "node", "incomplete", statement=statement)
    lodged(city, "node", contact="13900000000")
    assert (only().complainant_id, only().complainant_person) == (None, "")


def test_anonymous_complaints_are_bounded(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "MOST_ANONYMOUS_A_DAY", 1)
    lodged(city, "node", contact="1")
    statement = Statement("organisation", city.org("operator"), "多收费", "2")
    refused(city, actions.submit_complaint, "node", "too_many", statement=statement)
    lodged(city)
    city.later(days=1)
    lodged(city, "node", contact="2")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": " "}, "incomplete"),
        ({"text": "长" * 5_001}, "incomplete"),
        ({"about_kind": "weather"}, "incomplete"),
        ({"about_id": "nobody"}, "reported_not_found"),
        ({"about_kind": "product", "about_id": "none"}, "reported_not_found"),
    ],
)
def test_a_faulty_complaint_is_refused(city: City, changes: dict[str, Any], code: str) -> None:
    said = {"about_kind": "organisation", "about_id": city.org("operator"), "text": "x"} | changes
    refused(city, actions.submit_complaint, "insurer", code, statement=Statement(**said))
    assert not Case.objects.filter(procedure="complaint").exists()


def test_a_product_that_is_not_out_yet_is_not_there(city: City) -> None:
    product = listed(city)
    Product.objects.update(state="filed")
    statement = Statement("product", product.pk, "x")
    refused(city, actions.submit_complaint, "insurer", "reported_not_found", statement=statement)


@pytest.mark.parametrize(
    ("step", "before", "by", "code"),
    [
        ("accept", (), "operator", "not_permitted"),
        ("accept", (), "pricing", "complaint_not_found"),
        ("accept", ("accept",), "bureau", "invalid_transition"),
        ("handle", (), "bureau", "invalid_transition"),
        ("answer", ("accept", "handle"), "bureau", "not_permitted"),
        ("close", ("accept", "handle"), "bureau", "invalid_transition"),
    ],
)
def test_steps_that_are_refused(
    city: City, step: str, before: tuple[str, ...], by: str, code: str
) -> None:
    row = taken(city, *before)
    said = {"handle": {"findings": "x"}, "answer": {"answer": "x"}}.get(step, {})
    action = getattr(actions, f"{step}_complaint")
    refused(city, action, by, code, complaint_id=row.pk, **said)


def test_a_refusal_to_accept_has_its_reason(city: City) -> None:
    made = lodged(city)
    said = {"complaint_id": only().pk}
    refused(city, actions.reject_complaint, "bureau", "not_permitted", **said, reason="x")
    refused(city, actions.reject_complaint, "bureau/head", "incomplete", **said, reason=" ")
    city.do(actions.reject_complaint, "bureau/head", **said, reason="不属于本机关职责")
    assert complaints.progress(made.token).answer == "不属于本机关职责"


def test_a_complaint_is_handed_on_to_a_competent_body_apart(city: City) -> None:
    row = taken(city, "accept")
    said = {"complaint_id": row.pk, "reason": "属于价格问题"}
    transfer = actions.transfer_complaint
    for to in ("operator", "water", "bureau"):
        refused(city, transfer, "bureau", "not_competent", **said, to=city.org(to))
    city.do(transfer, "bureau", **said, to=city.org("pricing"))
    row.refresh_from_db()
    assert (row.handler_id, Case.objects.get(pk=row.case).state) == (
        city.org("pricing"),
        "submitted",
    )
    refused(city, actions.accept_complaint, "bureau", "complaint_not_found", complaint_id=row.pk)
    city.do(actions.accept_complaint, "pricing", complaint_id=row.pk)


def test_each_look_at_who_lodged_is_on_the_record(city: City) -> None:
    row = taken(city)
    said = {"complaint_id": row.pk, "reason": "需当面核实"}
    refused(city, actions.reveal_complainant, "bureau", "not_permitted", **said)
    refused(city, actions.reveal_complainant, "pricing/head", "complaint_not_found", **said)
    empty = said | {"reason": ""}
    refused(city, actions.reveal_complainant, "bureau/head", "reason_required", **empty)
    who = city.do(actions.reveal_complainant, "bureau/head", **said)
    assert who.organisation == "安澜财产保险股份有限公司"
    (look,) = events("complaint.identity_viewed")
    assert details(look) == {"reason": "需当面核实"}


@pytest.mark.parametrize(
    "change", [{"contact": "1"}, {"statement": "很好"}, {"reported": None}, {"complainant": None}]
)
def test_a_complaint_that_was_changed_is_found(city: City, change: dict[str, Any]) -> None:
    row = taken(city, "accept")
    assert reconciling.verify_complaints(at=city.later()) == 0
    Complaint.objects.filter(pk=row.pk).update(**change)
    assert reconciling.verify_complaints(at=city.later()) == 1
    assert Alarm.objects.get().kind == "complaint_tampered"
