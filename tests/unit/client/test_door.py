"""The door of the client: what is sent again, for how long, and what never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongshu_client import (
    Client,
    Conflict,
    Defect,
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    QuotaSpent,
    Stale,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from gongshu_client.door import KEY, Door, Request, address

BUSY = {"title": "繁忙", "code": "database_busy", "detail": "数据库繁忙，请稍后再试。"}


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def door(
    answers: Callable[[httpx.Request], httpx.Response], *, total: float = 60.0
) -> tuple[Door, Clock]:
    clock = Clock()
    http = httpx.Client(base_url="http://node", transport=httpx.MockTransport(answers))
    return Door(http, total=total, sleep=clock.sleep, clock=lambda: clock.now), clock


def in_turn(*answers: httpx.Response | Exception) -> tuple[Any, list[httpx.Request]]:
    """Return what answers requests one after the other, and the list of what was asked."""
    left, asked = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return answer, asked


def busy(seconds: int, status: int = 503) -> httpx.Response:
    return httpx.Response(status, json=BUSY, headers={"Retry-After": str(seconds)})


@pytest.mark.parametrize("status", [429, 503])
def test_a_write_waits_as_it_is_told_and_keeps_its_key(status: int) -> None:
    answer, asked = in_turn(busy(7, status), busy(2, status), httpx.Response(200, json=1))
    one, clock = door(answer)
    assert one.write(int, "/x", {"a": 1}) == 1
    assert [round(s) for s in clock.slept] == [7, 2]
    keys = {request.headers[KEY] for request in asked}
    assert len(asked) == 3
    assert len(keys) == 1
    assert len(keys.pop()) >= 20


def test_two_writes_have_two_keys_and_one_given_is_kept() -> None:
    answer, asked = in_turn(*[httpx.Response(200, json=1) for _ in range(3)])
    one, _ = door(answer)
    for key in (None, None, "mine"):
        one.write(int, "/x", {}, key)
    keys = [request.headers[KEY] for request in asked]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_nobody_waits_beyond_the_total_time() -> None:
    answer, asked = in_turn(busy(30), busy(30), busy(30))
    one, clock = door(answer, total=50.0)
    with pytest.raises(Unavailable) as caught:
        one.read(int, "/x")
    assert len(asked) == 2
    assert clock.now <= 50
    assert caught.value.retry_after == 30


def test_a_refusal_without_a_time_stands() -> None:
    answer, asked = in_turn(httpx.Response(429, json={"code": "quota", "detail": "额度已用完。"}))
    one, _ = door(answer)
    with pytest.raises(QuotaSpent):
        one.read(int, "/x")
    assert len(asked) == 1


def test_a_broken_line_is_tried_again_where_that_does_no_harm() -> None:
    lost = httpx.ReadError("lost")
    answer, asked = in_turn(lost, httpx.ConnectError("down"), httpx.Response(200, json=3))
    one, clock = door(answer)
    assert one.write(int, "/x", {}) == 3
    assert len({request.headers[KEY] for request in asked}) == 1
    assert len(clock.slept) == 2
    answer, asked = in_turn(lost)
    one, _ = door(answer)
    with pytest.raises(Unreachable):
        one.send(Request(method="POST", path="/v1/products/x/verify", json={}))
    assert len(asked) == 1


def test_a_line_that_stays_down_ends_in_an_exception_that_knows_the_key() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    one, clock = door(answer, total=9.0)
    with pytest.raises(Unreachable) as caught:
        one.write(int, "/x", {}, "mine")
    assert caught.value.idempotency_key == "mine"
    assert 3 < clock.now <= 9


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Unauthenticated),
        (403, NotPermitted),
        (404, NotFound),
        (405, Problem),
        (409, Conflict),
        (412, Stale),
        (413, Invalid),
        (422, Invalid),
        (429, QuotaSpent),
        (500, Defect),
        (503, Unavailable),
    ],
)
def test_a_refusal_says_everything(status: int, kind: type[Problem]) -> None:
    said = {
        "title": "不允许",
        "code": "not_permitted",
        "detail": "贵单位没有这项权限。请联系主管部门。",
        "clause": "809-13",
        "reasons": ["x"],
        "receipt": "01R",
    }
    one, _ = door(lambda request: httpx.Response(status, json=said))
    with pytest.raises(kind) as caught:
        one.read(int, "/x")
    found = caught.value
    assert type(found) is kind
    assert (found.status, found.code, found.clause) == (status, "not_permitted", "809-13")
    assert (found.sentence, found.next_step) == (said["detail"], "请联系主管部门。")
    assert (found.reasons, found.receipt) == (("x",), "01R")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null"])
def test_a_refusal_by_something_else_is_one_too(body: bytes) -> None:
    one, _ = door(lambda request: httpx.Response(502, content=body))
    with pytest.raises(Defect) as caught:
        one.read(int, "/x")
    assert (caught.value.status, caught.value.sentence) == (502, "HTTP 502")


def test_a_list_is_read_page_after_page_and_no_further_than_asked() -> None:
    pages = {"": ([1, 2], "p2"), "p2": ([3], "p3"), "p3": ([4], "")}
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        after = request.url.params["after"]
        asked.append(after)
        items, following = pages[after]
        return httpx.Response(200, json={"items": items, "next": following})

    one, _ = door(answer)
    assert list(one.pages(int, "/x", {"limit": 2, "unread": True})) == [1, 2, 3, 4]
    assert asked == ["", "p2", "p3"]
    asked.clear()
    rows = one.pages(int, "/x", {})
    assert [next(rows), next(rows)] == [1, 2]
    assert asked == [""]


@given(st.text(min_size=1))
def test_what_stands_in_a_place_stays_within_it(text: str) -> None:
    path = address("/api/v1/cases/{case_id}/x", case_id=text)
    assert path.count("/") == 5
    assert not {"?", "#"} & set(path)


def test_the_key_goes_to_the_node_and_nowhere_else() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": "http://elsewhere/"})

    transport = httpx.MockTransport(answer)
    with Client("http://node", "gs_x", transport=transport) as client, pytest.raises(Problem):
        client.house.me()
    assert [request.url.host for request in asked] == ["node"]
    assert asked[0].headers["Authorization"] == "Bearer gs_x"
