"""The workshop by hand: the editor's verdict, drafts, runs, releases, the recorded look inside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry, Head
from gongshu_server.portal import sessions
from gongshu_server.workshop.actions import withdraw_release
from gongshu_server.workshop.models import ExportException, Query, Release, Task
from integration.operation.world import World, catalogue, found
from integration.portal.reader import opened, sent
from integration.workshop.bench import (
    BY_DISTRICT,
    DISTRICTS,
    SERVICE,
    Bench,
    engine_giving,
)

pytestmark = pytest.mark.django_db(transaction=True)
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
WRONG = "SELECT 企业名称\nFROM 科技型中小企业"
MARKS = re.compile(
    r"[0-9A-HJKMNP-TV-Z]{26}|value=\"[A-Za-z0-9_-]{20,}\"|\d+年\d+月\d+日( \d\d:\d\d)?"
    r"|〔\d{4}〕\d+号"
)


@pytest.fixture
def bench(db: None, settings: Any) -> Bench:
    """Return a developer's bench whose pages are opened at its own time."""
    settings.GONGSHU_EFFECTS = "integration.operation.effects.EFFECTS"
    made = Bench.ready(catalogue(found(World())))
    Head.objects.update(demo=True)
    return made


def at_desk(bench: Bench, who: str = "lab", duty: str = "developer") -> Client:
    """Return a client signed in at the bench's time; what follows on the bench is later."""
    person, post = bench.world.people[who, duty]
    clock.move_to(bench.world.at)
    bench.world.later(minutes=5)
    client = Client()
    session = client.session
    session[sessions.PERSON], session[sessions.POST] = person, post
    session.save()
    return client


def test_the_task_page_shows_what_the_grant_allows_alone(bench: Bench) -> None:
    page = opened(at_desk(bench), f"/workshop/tasks/{bench.task.pk}/")
    assert "安全生产许可证" in page
    assert "139901、139902、139903" in page, "values that may be compared with"
    assert "科技型中小企业" not in page, "what no grant covers does not exist here"
    assert 'id="schema"' in page
    assert "将随后续版本提供" in page


def test_the_verdict_comes_with_places_and_lineage_and_leaves_no_trace(bench: Bench) -> None:
    url, client = f"/workshop/tasks/{bench.task.pk}/verdict/", at_desk(bench)
    before = Entry.objects.count()
    good = client.post(url, {"sql": BY_DISTRICT, "exit": "export"}).json()
    assert good["allowed"]
    assert ["安全生产许可证", "行政区划代码"] in good["lineage"][0]["influences"]
    assert good["grants"]
    for one in good["grants"]:
        assert one["url"] == f"/operation/grants/{one['grant']}/"
        assert one["title"] in opened(client, one["url"])
    bad = client.post(url, {"sql": WRONG, "exit": "export"}).json()
    assert not bad["allowed"]
    assert bad["findings"][0]["where"]
    assert bad["findings"][0]["sentence"]
    assert {one["clause_url"] for one in bad["findings"] if one["clause"]} != {""}
    empty = client.post(url, {"sql": "", "exit": "export"}).json()
    assert not empty["allowed"]
    assert Entry.objects.count() == before
    assert not Query.objects.exists()


def test_the_verdict_is_for_the_tasks_own_developer(bench: Bench) -> None:
    url = f"/workshop/tasks/{bench.task.pk}/verdict/"
    said = {"sql": BY_DISTRICT, "exit": "export"}
    assert at_desk(bench, "other_lab").post(url, said).status_code == 404
    assert at_desk(bench, "bureau", "handler").post(url, said).status_code == 403
    assert Client().post(url, said).status_code == 401
    assert at_desk(bench).get(url).status_code == 405


def test_a_draft_is_kept_when_it_passes_and_refused_with_its_card(bench: Bench) -> None:
    url = f"/workshop/tasks/{bench.task.pk}/"
    page = sent(at_desk(bench), url, status=403, sql=WRONG, exit="export", draft="1")
    assert "判定" in page
    assert "FROM 科技型中小企业" in page, "what was typed is kept"
    assert not Query.objects.exists()
    page = sent(at_desk(bench), url, status=200, sql=WRONG, exit="export", check="1")
    assert "第 2 行" in page, "the check works without scripts"
    to = sent(at_desk(bench), url, sql=BY_DISTRICT, exit="export", draft="1")
    query = Query.objects.get()
    assert to == f"/workshop/queries/{query.pk}/"
    page = opened(at_desk(bench), to)
    for words in ("data-lineage", "行政区划代码", "安全生产许可证", "用数许可"):
        assert words in page


def test_a_task_is_opened_under_ones_own_scenario(bench: Bench) -> None:
    url = f"/workshop/scenarios/{bench.scenario.pk}/task/"
    to = sent(at_desk(bench), url, title="第二项")
    assert to == f"/workshop/tasks/{Task.objects.latest('pk').pk}/"
    opened(at_desk(bench, "other_lab"), url, status=404)
    page = opened(at_desk(bench), "/workshop/")
    assert "第二项" in page
    assert 'class="empty"' in opened(at_desk(bench, "other_lab"), "/workshop/")


def test_a_run_is_queued_and_found_again(bench: Bench) -> None:
    query = bench.draft()
    reply = at_desk(bench).post(f"/workshop/queries/{query.pk}/run/")
    assert reply.status_code == 302
    page = opened(at_desk(bench), f"/workshop/queries/{query.pk}/")
    assert "排队，等待开始" in page
    bench.world.later(minutes=5)
    with engine_giving(DISTRICTS):
        run = bench.run(query)
    page = opened(at_desk(bench), f"/workshop/queries/{query.pk}/")
    assert "排队" not in page
    assert "已完成" in page
    page = opened(at_desk(bench), f"/workshop/runs/{run.pk}/")
    assert "提交出域审核" in page
    assert at_desk(bench, "other_lab").post(f"/workshop/queries/{query.pk}/run/").status_code == 404


def told(bench: Bench, districts: dict[str, int]) -> list[str]:
    """Run one query over data of so many enterprises; return all that its author then reads."""
    with engine_giving(districts):
        run = bench.run(bench.draft())
    release = bench.submitted(run)
    urls = [
        f"/workshop/queries/{run.query_id}/",
        f"/workshop/runs/{run.pk}/",
        f"/workshop/releases/{release.pk}/",
        f"/cases/{release.case}/",
    ]
    pages = [MARKS.sub("#", opened(at_desk(bench), url)) for url in urls]
    bench.world.later(minutes=5)
    bench.do(withdraw_release, release_id=release.pk, reason="重做")
    return pages


def test_an_authors_pages_do_not_depend_on_the_data(bench: Bench) -> None:
    """S13: over D and over D with one subject changed they are the same, byte for byte."""
    data = {"139901": 40, "139902": 25, "139903": 10}
    first = told(bench, data)
    assert "已完成" in first[1]
    assert first == told(bench, {**data, "139903": 9}), "a group falls below the minimum"
    assert first == told(bench, {**data, "139901": 39, "139902": 26})


def test_a_service_is_submitted_with_its_question(bench: Bench) -> None:
    run = bench.finished(SERVICE, "service")
    url = f"/workshop/runs/{run.pk}/release/"
    said = {
        "question": "许可证是否有效",
        "answers": "一致\n不一致\n查无记录",
        "per_subject_per_day": "3",
        "subject": "enterprise",
        "authorisation": "on",
    }
    page = sent(at_desk(bench), url, status=422, **{**said, "answers": "一致\n一致"})
    assert "不能重复" in page
    to = sent(at_desk(bench), url, **said)
    release = Release.objects.get()
    assert to == f"/workshop/releases/{release.pk}/"
    assert release.question["answers"] == ["一致", "不一致", "查无记录"]
    page = opened(at_desk(bench), to)
    assert "许可证是否有效" in page
    assert "查看送审内容" not in page
    opened(at_desk(bench, "other_lab"), url, status=404)


def test_each_look_of_a_reviewer_is_recorded_and_an_author_gets_none(bench: Bench) -> None:
    release = bench.submitted()
    url = f"/workshop/releases/{release.pk}/content/"
    looks = Entry.objects.filter(event="resource.viewed", subject_id=release.pk)
    assert at_desk(bench).post(url).status_code == 403
    assert at_desk(bench, "other_lab").post(url).status_code == 404
    assert at_desk(bench, "cyberspace", "reviewer").get(url).status_code == 405
    assert not looks.exists()
    reply = at_desk(bench, "cyberspace", "reviewer").post(url)
    assert reply["Cache-Control"] == "no-store"
    page = reply.content.decode()
    for words in ("139901", "保护情况", "企业数", "查询语句"):
        assert words in page
    assert looks.count() == 1
    reply = at_desk(bench, "cyberspace", "reviewer").post(url, {"download": "1"})
    assert reply["Content-Type"].startswith("text/csv")
    assert "139901" in reply.content.decode("utf-8-sig")
    assert looks.count() == 2


def test_no_page_before_both_votes_tells_how_the_first_was_cast(bench: Bench) -> None:
    release = bench.submitted()
    url = f"/workshop/releases/{release.pk}/"
    page = opened(at_desk(bench, "cyberspace", "reviewer"), url)
    found_step = re.search(r'href="([^"]*security_vote[^"]*)"', page)
    assert found_step
    step = found_step.group(1)
    sent(at_desk(bench, "cyberspace", "reviewer"), step, passed="no", opinion="分组过细")
    for who, duty in (("lab", "developer"), ("sector", "reviewer"), ("bureau", "head")):
        page = opened(at_desk(bench, who, duty), url)
        assert "已投票，等另一项审核办完后一并开启" in page
        assert "分组过细" not in page
    bench.world.later(minutes=5)
    bench.vote(release, "compliance")
    assert "分组过细" in opened(at_desk(bench), url)


def test_an_exception_is_recorded_by_the_implementing_body_with_a_reason(bench: Bench) -> None:
    run = bench.finished()
    url = f"/workshop/runs/{run.pk}/exception/"
    opened(at_desk(bench), url, status=404)
    head = at_desk(bench, "bureau", "head")
    assert "准予再次出域的例外" in opened(head, f"/workshop/runs/{run.pk}/")
    assert 'class="error"' in sent(head, url, status=200, reason="")
    sent(head, url, reason="统计口径调整后重出")
    assert ExportException.objects.get().reason == "统计口径调整后重出"


def test_the_implementing_body_finds_the_runs_that_it_may_except(bench: Bench) -> None:
    """They stand on the page where it signs until they are excepted or submitted; nobody else's."""
    run = bench.finished()
    link = f"/workshop/runs/{run.pk}/"
    assert link not in opened(at_desk(bench), "/workshop/signing/")
    assert link not in opened(at_desk(bench, "cyberspace", "reviewer"), "/workshop/signing/")
    head = at_desk(bench, "bureau", "head")
    assert link in opened(head, "/workshop/signing/")
    sent(head, f"{link}exception/", reason="统计口径调整后重出")
    assert link not in opened(head, "/workshop/signing/")


def test_lists_show_reviewers_and_signers_what_is_theirs(bench: Bench) -> None:
    release = bench.submitted()
    link = f"/workshop/releases/{release.pk}/"
    for who, duty, url in (
        ("cyberspace", "reviewer", "/workshop/reviews/"),
        ("sector", "reviewer", "/workshop/reviews/"),
        ("bureau", "head", "/workshop/signing/"),
        ("lab", "developer", "/workshop/releases/"),
    ):
        assert link in opened(at_desk(bench, who, duty), url)
    for url in ("/workshop/reviews/", "/workshop/signing/", "/workshop/releases/"):
        assert link not in opened(at_desk(bench, "other_security", "reviewer"), url)


@pytest.mark.parametrize("kind", ["tasks", "queries", "runs", "releases"])
def test_what_others_have_answers_as_what_nobody_has(bench: Bench, kind: str) -> None:
    release = bench.submitted()
    run = release.run
    ids = {
        "tasks": bench.task.pk,
        "queries": run.query_id,
        "runs": run.pk,
        "releases": release.pk,
    }
    client = at_desk(bench, "other_lab")
    theirs = client.get(f"/workshop/{kind}/{ids[kind]}/")
    nobodys = client.get(f"/workshop/{kind}/{UNKNOWN}/")
    assert theirs.status_code == nobodys.status_code == 404
    body = [MARKS.sub("#", one.content.decode()) for one in (theirs, nobodys)]
    assert body[0] == body[1]


def test_queries_are_counted_with_many_drafts(bench: Bench) -> None:
    for _ in range(8):
        bench.draft()
    opened(at_desk(bench), f"/workshop/tasks/{bench.task.pk}/")


def test_a_query_with_markup_is_text(bench: Bench) -> None:
    sql = f"-- <b>粗</b>\n{BY_DISTRICT}"
    query = bench.draft(sql)
    page = opened(at_desk(bench), f"/workshop/queries/{query.pk}/")
    assert "<b>粗</b>" not in page
    assert "&lt;b&gt;粗&lt;/b&gt;" in page
