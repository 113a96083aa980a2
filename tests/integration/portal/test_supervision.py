"""Supervision pages: counts that are right, lists that they lead to, and alarms that are closed."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from gongshu_server.cases.models import Case, Clock
from gongshu_server.demo.city.districts import shapes, write_shapes
from gongshu_server.journal import clock
from gongshu_server.usage.compilation import raise_alarm
from gongshu_server.usage.models import Alarm
from integration.city import City, events, submitted
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ["", "clocks/", "alarms/", "alarms/?closed=1", "evaluation/"]


@pytest.mark.parametrize("page", PAGES)
def test_supervisors_open_it_and_nobody_else(city: City, page: str) -> None:
    url = f"/supervision/{page}"
    opened(signed_in(city, "bureau"), url)
    opened(signed_in(city, "audit/auditor"), url)
    opened(signed_in(city, "insurer"), url, status=403)
    assert Client().get(url)["Location"].startswith("/sign-in/")


@pytest.fixture
def running(city: City) -> Case:
    """Return a case with a running limit that has not run out by the pages' clock."""
    case = Case.objects.get(pk=submitted(city).case)
    now = clock.now()
    Clock.objects.filter(case=case).update(
        started_at=now - timedelta(days=1), due=now + timedelta(days=1)
    )
    return case


def test_open_and_late_cases_are_counted(city: City, running: Case) -> None:
    client = signed_in(city, "bureau")
    row = re.compile(r"registration&amp;open=1.*?</tr>", re.S)
    open_one = row.search(opened(client, "/supervision/"))
    assert open_one
    assert re.findall(r">(\d+)<", open_one.group()) == ["1", "0"]
    Clock.objects.filter(case=running).update(due=clock.now() - timedelta(minutes=1))
    late = row.search(opened(client, "/supervision/"))
    assert late
    assert re.findall(r">(\d+)<", late.group()) == ["1", "1"]


def test_each_number_leads_to_the_cases_that_it_counts(city: City, running: Case) -> None:
    client = signed_in(city, "bureau")
    submitted(city)
    Clock.objects.filter(case=running).update(due=clock.now() - timedelta(minutes=1))
    front = opened(client, "/supervision/")
    links = set(re.findall(r'href="(/cases/\?(?:handler|procedure)=[^"]*)">(\d+)<', front))
    assert any(number != "0" and "late=1" in url for url, number in links)
    for url, number in links:
        listed = opened(client, url.replace("&amp;", "&"))
        assert len(re.findall(r'data-label="受理号"', listed)) == int(number), url
    handler = next(url for url, _ in links if "handler=" in url)
    assert "承办单位：" in opened(client, handler.replace("&amp;", "&"))


def test_the_board_shows_the_lights(city: City, running: Case) -> None:
    client = signed_in(city, "bureau")
    assert running.title in opened(client, "/supervision/clocks/")
    assert running.title not in opened(client, "/supervision/clocks/?light=overdue")
    Clock.objects.filter(case=running).update(due=clock.now() - timedelta(minutes=1))
    page = opened(client, "/supervision/clocks/?light=overdue")
    assert running.title in page
    assert "已逾期" in page
    assert running.title in opened(client, "/supervision/clocks/?light=nonsense")
    opened(client, "/supervision/clocks/?after=x", status=422)


def test_a_case_is_supervised_by_hand(city: City, running: Case) -> None:
    url = f"/supervision/cases/{running.pk}/supervise/"
    client = signed_in(city, "bureau/head")
    assert "error" in sent(client, url, status=200, text="")
    assert sent(client, url, text="请三日内受理。") == f"/cases/{running.pk}/"
    assert len(events("case.supervised")) == 1
    opened(signed_in(city, "insurer"), url, status=404)


def test_an_alarm_is_closed_with_a_reason(city: City) -> None:
    raise_alarm("grant_tampered", "x", "用数许可 x 与存证不一致。", at=city.at)
    alarm = Alarm.objects.get()
    url = f"/supervision/alarms/{alarm.pk}/close/"
    head = signed_in(city, "bureau/head")
    assert url in opened(head, "/supervision/alarms/")
    sent(signed_in(city, "bureau"), url, status=403, reason="查过了")
    sent(signed_in(city, "audit/auditor"), url, status=403, reason="查过了")
    sent(head, url, status=200, reason="")
    assert sent(head, url, reason="演练，已恢复。") == "/supervision/alarms/"
    sent(head, url, status=409, reason="再来一次")
    sent(head, "/supervision/alarms/999999/close/", status=404, reason="没有")
    assert "用数许可 x" in opened(head, "/supervision/alarms/?closed=1")
    assert len(events("alarm.closed")) == 1


def test_the_map_is_the_nodes_own(city: City) -> None:
    client = signed_in(city, "bureau")
    path = Path(settings.HOME) / "regions.geojson"
    assert "还没有区域底图" in opened(client, "/supervision/")
    opened(client, "/supervision/regions.json", status=404)
    try:
        write_shapes(Path(settings.HOME), seed=1)
        assert "澜东区" in opened(client, "/supervision/")
        reply = client.get("/supervision/regions.json")
        assert len(json.loads(reply.content)["features"]) == 8
        path.write_text("[]")
        assert "还没有区域底图" in opened(client, "/supervision/")
    finally:
        path.unlink()


def test_districts_close_and_share_their_borders() -> None:
    drawn = shapes(seed=7)["features"]
    rings = [f["geometry"]["coordinates"][0] for f in drawn]
    assert all(ring[0] == ring[-1] and len(ring) > 20 for ring in rings)
    first, second = ({tuple(point) for point in ring} for ring in rings[:2])
    assert len(first & second) == 8
    assert shapes(seed=7) == shapes(seed=7) != shapes(seed=8)
