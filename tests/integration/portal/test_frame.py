"""The frame of every page: who is signed in, what they may go to, and what strangers meet."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts import refusals
from gongshu_server.portal import sessions, shells
from integration.city import City
from integration.portal.reader import opened, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
GUARDED = ["/inbox/", "/cases/", "/market/own/", "/market/orders/", "/voices/own/"]


@pytest.mark.parametrize("url", GUARDED)
def test_a_stranger_is_led_to_the_sign_in_page_and_back(city: City, url: str) -> None:
    reply = Client().get(url)
    assert reply.status_code == 302
    assert reply["Location"].startswith("/sign-in/?next=")


def test_one_click_into_a_role_is_for_demo_nodes_only(city: City) -> None:
    person, post = city.cast.people["bureau", "handler"]
    reply = Client().post("/sign-in/as/", {"person": person, "post": post})
    assert reply.status_code == 404
    assert "数据局" not in opened(Client(), "/sign-in/")


def test_one_click_into_a_role(demo_city: City) -> None:
    person, post = demo_city.cast.people["bureau", "handler"]
    client = Client()
    assert "临澜市数据局" in opened(client, "/sign-in/")
    reply = client.post("/sign-in/as/", {"person": person, "post": post, "next": "/cases/"})
    assert (reply.status_code, reply["Location"]) == (302, "/cases/")
    assert "数据局" in opened(client, "/cases/")


def test_the_way_back_stays_on_this_node(demo_city: City) -> None:
    person, post = demo_city.cast.people["bureau", "handler"]
    for foreign in ("https://example.com/", "//example.com/", "/\\example.com"):
        reply = Client().post("/sign-in/as/", {"person": person, "post": post, "next": foreign})
        assert reply["Location"] == "/work/"


def test_nobody_enters_another_post(demo_city: City) -> None:
    person, _ = demo_city.cast.people["bureau", "handler"]
    _, post = demo_city.cast.people["audit", "auditor"]
    assert Client().post("/sign-in/as/", {"person": person, "post": post}).status_code == 404


def test_who_has_left_a_post_is_out_at_the_next_click(city: City) -> None:
    client = signed_in(city, "insurer")
    opened(client, "/inbox/")
    person, post = city.cast.people["insurer", "handler"]
    city.do(accounts.leave_post, "insurer/head", post_id=post, person_id=person)
    reply = client.get("/inbox/")
    assert (reply.status_code, reply["Location"][:7]) == (302, "/posts/")


def test_a_role_changes_the_navigation_and_nothing_else(city: City) -> None:
    client = signed_in(city, "bureau")
    assert "监管工作台" in opened(client, "/cases/")
    client.post("/hat/", {"hat": "implementing_body"})
    page = opened(client, "/cases/")
    assert "监管工作台" not in page
    client.post("/hat/", {"hat": "operator"})
    assert client.session[sessions.HAT] == "implementing_body"


def test_no_navigation_has_more_than_seven_entries() -> None:
    for entries in (shells.PUBLIC, *shells.NAVIGATION.values()):
        assert len(entries) <= shells.MOST


def test_english_by_choice_only(city: City) -> None:
    client = Client(headers={"accept-language": "en"})
    assert 'lang="zh-CN"' in opened(client, "/market/products/")
    client.post("/language/", {"language": "en", "next": "/market/products/"})
    page = opened(client, "/market/products/")
    assert 'lang="en"' in page
    assert "Products and prices" in page
    client.post("/language/", {"language": "tlh", "next": "/"})
    assert 'lang="en"' in opened(client, "/market/products/")


def test_signing_out_ends_the_session(city: City) -> None:
    client = signed_in(city, "bureau")
    client.post("/sign-out/")
    assert client.get("/inbox/").status_code == 302


def test_a_form_from_elsewhere_is_refused_in_plain_words(city: City) -> None:
    client = Client(enforce_csrf_checks=True)
    reply = client.post("/language/", {"language": "en"})
    assert reply.status_code == 403
    assert "表单已经失效" in reply.content.decode()


def test_a_clause_says_what_it_says_and_where_it_is_enforced(city: City) -> None:
    page = opened(Client(), "/clauses/26-11/")
    assert "形式审核" in page
    opened(Client(), "/clauses/none/", status=404)


def test_a_refused_read_is_counted_and_a_refused_action_is_not_counted_again(city: City) -> None:
    client = signed_in(city, "insurer")
    opened(client, "/cases/01ARZ3NDEKTSV4RRFFQ69G5FAV/", status=404)
    lines = [line for minute in refusals._minutes().values() for line in minute]
    person, post = city.cast.people["insurer", "handler"]
    counted = {(str(line["who"]), line["code"]) for line in lines}
    assert (f"{post}/{person}", "case_not_found") in counted
    assert not any("01ARZ3" in str(line) for line in lines)


def test_pages_leave_compressed_but_what_is_shown_once_and_what_is_no_page(city: City) -> None:
    """A secret beside text of an attacker's choosing is never compressed with it (BREACH)."""
    client, packed = signed_in(city, "bureau"), {"Accept-Encoding": "gzip"}
    reply = client.get("/inbox/", headers=packed)
    assert reply["Content-Encoding"] == "gzip"
    assert "待办" in gzip.decompress(reply.content).decode()
    assert "Content-Encoding" not in client.get("/inbox/").headers
    assert "Content-Encoding" not in client.get("/api/v1/openapi.json", headers=packed).headers
    said = {"label": "试", "scopes": ["read"]}
    shown_once = client.post("/people/keys/issue/", said, headers=packed)
    assert shown_once["Cache-Control"] == "no-store", shown_once.content
    assert "Content-Encoding" not in shown_once.headers
