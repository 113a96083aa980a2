"""Cases by hand: the inbox, a step taken once and on what was seen, and every refusal in place."""

from __future__ import annotations

import re

import pytest

from gongshu.procedures import procedure
from gongshu_server.cases.models import Case, Document, Party, Step
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.operation import actions as operation
from gongshu_server.portal import cases, sections
from gongshu_server.portal.forms import StepForm
from gongshu_server.registration import actions as registration
from integration.city import City, events
from integration.city import submitted as applied_for
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PLAN = {"title": "试点方案", "mode": "scenario", "contents": {}}


@pytest.fixture
def submitted(city: City) -> Case:
    """Return a registration that was applied for, with all its materials."""
    return Case.objects.get(pk=applied_for(city).case)


def step_url(case: Case, transition: str) -> str:
    """Return the address of a step of the case."""
    return f"/cases/{case.pk}/{transition}/"


def test_what_waits_for_me_is_in_my_inbox_and_in_nobody_elses(city: City, submitted: Case) -> None:
    assert submitted.title in opened(signed_in(city, "registry"), "/inbox/")
    assert submitted.title not in opened(signed_in(city, "bureau"), "/inbox/")
    assert submitted.title not in opened(signed_in(city, "insurer"), "/inbox/")


def test_the_inbox_goes_on_after_its_last_row(
    city: City, submitted: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page begins after the last row shown, and no row is shown twice."""
    monkeypatch.setattr(cases, "PAGE", 1)
    second = Case.objects.get(pk=submitted.pk)
    second.pk, second.number, second.title = "01ZZZZZZZZZZZZZZZZZZZZZZZZ", "第二件", "另一件登记"
    second.save(force_insert=True)
    parties = Party.objects.filter(case=submitted)
    Party.objects.bulk_create(
        Party(case=second, organisation_id=one.organisation_id, part=one.part) for one in parties
    )
    client = signed_in(city, "registry")
    first = opened(client, "/inbox/")
    assert submitted.title in first
    assert second.title not in first
    found = re.search(r'href="(\?after=[^"]+)"', first)
    assert found is not None
    later = opened(client, f"/inbox/{found[1]}")
    assert submitted.title not in later
    assert second.title in later
    assert 'href="?after=' not in later
    opened(client, "/inbox/?after=x", status=422)


def test_a_step_of_ones_own_house_says_whose_duty_it_is(city: City, submitted: Case) -> None:
    """A clerk whose head takes the next step reads so; others read the organisation's role."""
    registration.accept(registration_id=submitted.subject_id, by=city.actor("registry"), at=city.at)
    url = f"/cases/{submitted.pk}/"
    own = shown(opened(signed_in(city, "registry"), url))
    assert "形式审核通过（登记机构 · 负责人、审核）" in own
    assert "形式审核通过（登记机构）" in shown(opened(signed_in(city, "bureau"), url))


def test_who_decides_reads_what_was_handed_in(city: City, submitted: Case) -> None:
    """The papers stand before the form, with their text; on a case without any there is none."""
    page = opened(signed_in(city, "registry"), step_url(submitted, "accept"))
    assert page.index("已交的材料") < page.index("data-autosave")
    document = Document.objects.filter(case=submitted).first()
    assert document is not None
    assert document.text in page
    plan = city.do(operation.draft_plan, "bureau", **PLAN, authority=city.org("government"))
    page = opened(signed_in(city, "bureau"), f"/cases/{plan.case}/submit/")
    assert "已交的材料" not in page
    assert "还没有办理过任何环节" in opened(signed_in(city, "bureau"), f"/cases/{plan.case}/")


def shown(page: str) -> str:
    """Return a page's words without its line breaks."""
    return re.sub(r"\s+", " ", page)


def test_the_front_counts_what_is_mine_and_leads_to_it(city: City, submitted: Case) -> None:
    counts = re.compile(r'<a href="([^"]+)"><strong>(\d+)</strong>\s*([^<]+?)\s*</a>')
    for who in ("registry", "emergency", "insurer"):
        client = signed_in(city, who)
        found = counts.findall(opened(client, "/inbox/"))
        for url, number, _name in found:
            listed = opened(client, url.replace("&amp;", "&"))
            assert listed.count("<tr>") - 1 == int(number) or number == "0", url
        names = {name for _url, _number, name in found}
        assert ("在办：首次登记" in names) == (who == "registry"), who
        assert ("我的目录" in names) == (who == "emergency")


def test_a_case_says_whose_turn_it_is(city: City, submitted: Case) -> None:
    url = f"/cases/{submitted.pk}/"
    assert step_url(submitted, "accept") in opened(signed_in(city, "registry"), url)
    page = opened(signed_in(city, "bureau"), url)
    assert step_url(submitted, "accept") not in page
    assert "下一步由别人办理" in page
    assert "登记机构" in page


def test_another_partys_case_is_not_there(city: City, submitted: Case) -> None:
    client = signed_in(city, "insurer")
    real = opened(client, f"/cases/{submitted.pk}/", status=404)
    unknown = opened(client, "/cases/01ARZ3NDEKTSV4RRFFQ69G5FAV/", status=404)
    assert scrubbed(real) == scrubbed(unknown)
    opened(client, step_url(submitted, "accept"), status=404)


def scrubbed(page: str) -> str:
    """Return a page without what differs between any two requests."""
    return re.sub(r'value="[^"]{20,}"|/cases/[^/"]+/', "", page)


def test_a_step_is_taken_by_its_form(city: City, submitted: Case) -> None:
    to = sent(signed_in(city, "registry"), step_url(submitted, "accept"))
    assert to == f"/cases/{submitted.pk}/"
    submitted.refresh_from_db()
    assert submitted.state == "accepted"


def test_a_form_sent_twice_takes_the_step_once(city: City, submitted: Case) -> None:
    client = signed_in(city, "registry")
    url = step_url(submitted, "accept")
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', opened(client, url)))
    replies = [client.post(url, hidden) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [302, 302]
    assert Step.objects.filter(case=submitted, transition="accept").count() == 1


def test_who_decides_on_what_has_changed_is_told_who_was_first(city: City, submitted: Case) -> None:
    client = signed_in(city, "registry")
    url = step_url(submitted, "notify_incomplete")
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', opened(client, url)))
    city.do(registration.accept, "registry", registration_id=submitted.subject_id)
    reply = client.post(url, {**hidden, "reason": "缺材料"})
    assert reply.status_code == 412
    assert "刷新" in reply.content.decode()


def test_a_refusal_stands_beside_what_was_typed(city: City, submitted: Case) -> None:
    client = signed_in(city, "registry")
    page = sent(client, step_url(submitted, "reject"), status=200, reason="")
    assert "error" in page
    other = sent(client, step_url(submitted, "pass_review"), status=409)
    assert "decision refused" in other
    assert events("denied")


def test_a_wrong_role_is_refused_and_recorded(city: City, submitted: Case) -> None:
    before = len(events("denied"))
    sent(signed_in(city, "bureau"), step_url(submitted, "accept"), status=403)
    assert len(events("denied")) == before + 1


def test_markup_in_names_is_text(city: City) -> None:
    entry = city.do(
        catalogue.file_resource,
        "emergency",
        entry=catalogue.Entry(
            title="<script>alert(1)</script>\u200b表",
            table="odd",
            summary="表",
            items=("a",),
            update_cycle="每月",
        ),
        authority=city.org("bureau"),
    )
    page = opened(signed_in(city, "emergency"), f"/cases/{entry.case}/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_step_that_a_procedure_does_not_have(city: City, submitted: Case) -> None:
    opened(signed_in(city, "registry"), step_url(submitted, "fly"), status=404)


NODES_OWN = {"operation.expire_agreement", "workshop.open_votes", "opening.apply"}


@pytest.mark.parametrize(("code", "transition"), sorted(ACTIONS))
def test_every_step_that_people_take_has_its_page(code: str, transition: str) -> None:
    """A step without a page of its own has a form made from its action's signature."""
    name = ACTIONS[code, transition]
    opening = transition in sections.opening_steps(procedure(code))
    if name not in sections.steps() and name not in NODES_OWN and not opening:
        StepForm(action=name, given={})


def test_a_case_does_not_begin_twice(city: City, submitted: Case) -> None:
    page = opened(signed_in(city, "bureau"), step_url(submitted, "submit"), status=409)
    assert "decision refused" in page
