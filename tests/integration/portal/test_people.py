"""People and organisations by hand, one's own safety, a demo's time and its tour."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from gongshu_server.accounts import logins
from gongshu_server.accounts.models import Delegation, Handover, Holding, Key, Login, Session
from gongshu_server.journal import clock
from gongshu_server.portal.tour.stops import STOPS
from integration.city import City, events
from integration.portal.reader import opened, sent, signed_in, token

pytestmark = pytest.mark.django_db(transaction=True)
OWN = [
    "own",
    "safety",
    "posts",
    "posts/appoint",
    "delegations/give",
    "keys",
    "keys/issue",
    "logins",
]
PASSWORD = "lin-lan-7-qiao-shang-yu"


@pytest.mark.parametrize("page", OWN)
def test_strangers_are_led_to_the_sign_in_page(city: City, page: str) -> None:
    assert Client().get(f"/people/{page}/")["Location"].startswith("/sign-in/")
    opened(signed_in(city, "bureau/head"), f"/people/{page}/")


def test_one_sets_where_notices_go(city: City) -> None:
    client = signed_in(city, "insurer")
    sent(client, "/people/own/", status=422, email="", notices="each")
    sent(client, "/people/own/", email="a@example.cn", notices="each")
    assert "a@example.cn" in opened(client, "/people/own/")


def test_a_head_appoints_and_a_person_leaves(city: City) -> None:
    head = signed_in(city, "insurer/head")
    said = {"title": "<b>新岗位</b>", "duties": ["handler"], "person_name": "王五"}
    sent(head, "/people/posts/appoint/", status=422, **said | {"person_name": ""})
    sent(head, "/people/posts/appoint/", **said)
    page = opened(head, "/people/posts/")
    assert "&lt;b&gt;新岗位" in page
    row = Holding.objects.get(person__name="王五")
    url = f"/people/posts/{row.post_id}/leave/{row.person_id}/"
    assert signed_in(city, "bureau/head").post(url).status_code == 404
    assert head.post(url, {"once": token(page)}).status_code == 302
    row.refresh_from_db()
    assert row.valid_until is not None


def test_a_delegation_is_given_and_taken_back(city: City) -> None:
    client = signed_in(city, "insurer")
    taker, _ = city.cast.people["insurer", "head"]
    until = (clock.now() + timedelta(days=3)).date().isoformat()
    said = {"taker_id": taker, "clause": "opinions-11.1"}
    sent(client, "/people/delegations/give/", status=200, **said, until="")
    sent(client, "/people/delegations/give/", **said, until=until)
    row = Delegation.objects.get()
    page = opened(client, "/people/posts/")
    assert row.pk in page
    url = f"/people/delegations/{row.pk}/revoke/"
    assert signed_in(city, "bureau").post(url).status_code == 404
    assert client.post(url, {"once": token(page)}).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_a_post_is_handed_over_when_its_taker_confirms(city: City) -> None:
    giver, post = city.cast.people["insurer", "handler"]
    taker, _ = city.cast.people["insurer", "head"]
    sent(signed_in(city, "insurer"), f"/people/posts/{post}/handover/{giver}/", taker_id=taker)
    row = Handover.objects.get()
    confirm = f"/people/handovers/{row.pk}/confirm/"
    assert signed_in(city, "insurer").post(confirm).status_code == 404
    assert signed_in(city, "bureau").post(confirm).status_code == 404
    assert signed_in(city, "insurer/head").post(confirm).status_code == 302
    assert Holding.objects.filter(post=post, person=taker, valid_until=None).exists()
    assert signed_in(city, "insurer/head").post(confirm.replace("confirm", "x")).status_code == 404


def test_a_key_is_shown_once_and_revoked(city: City) -> None:
    client = signed_in(city, "insurer")
    page = sent(client, "/people/keys/issue/", status=200, label="核验系统", scopes=["read"])
    clear = re.search(r"gs_[\w-]{43}", page)
    assert clear
    listed = opened(client, "/people/keys/")
    assert "核验系统" in listed
    assert clear.group() not in listed
    row = Key.objects.get(label="核验系统")
    url = f"/people/keys/{row.pk}/revoke/"
    assert signed_in(city, "bureau").post(url).status_code == 404
    assert client.post(url).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_organisations_are_public_and_managed_by_the_authority(city: City) -> None:
    own = city.org("insurer")
    assert "曾用名" in opened(Client(), f"/people/organisations/{own}/")
    assert "/people/organisations/found/" not in opened(Client(), "/people/organisations/")
    head = signed_in(city, "bureau/system_admin")
    said = {"name": "新局", "short_name": "新", "roles": ["provider"]}
    url = sent(head, "/people/organisations/found/", **said)
    assert "新局" in opened(head, url)
    assert head.post(f"{url}authorise/").status_code == 403
    security = signed_in(city, "bureau/security_admin")
    assert "授权机构角色" in opened(security, url)
    assert security.post(f"{url}authorise/").status_code == 302
    assert "数据提供单位" in opened(security, url)
    sent(head, f"{url}rename/", name="更新局")
    assert "新局" in opened(head, url)
    sent(signed_in(city, "insurer"), f"{url}rename/", status=403, name="我的局")
    sent(head, f"{url}succeed/", successor_id=city.org("emergency"))
    assert "承接机构" in opened(head, url)
    opened(head, "/people/organisations/01ARZ3NDEKTSV4RRFFQ69G5FAV/", status=404)


def test_the_system_administrator_opens_a_login_and_sees_no_password(city: City) -> None:
    person, _ = city.cast.people["insurer", "handler"]
    url = "/people/logins/"
    page = sent(
        signed_in(city, "bureau/system_admin"), url, status=200, person_id=person, username="li.wei"
    )
    assert "/sign-in/first/" in page
    assert Login.objects.get(username="li.wei").person_id == person
    page = opened(signed_in(city, "insurer/head"), url)
    assert "<option" not in page


@pytest.fixture
def entered(city: City, settings: object) -> Client:
    """Return the insurer's handler, signed in with a password."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    person, _ = city.cast.people["insurer", "handler"]
    city.at = clock.now() - timedelta(minutes=1)
    login = city.do(logins.open_login, "node", person_id=person, username="li.wei")
    login.set_password(PASSWORD)
    login.save()
    client = Client()
    client.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    return client


def prove(client: Client, url: str) -> None:
    """Prove once more who one is, as the page at the address asks for."""
    again = client.get(url)["Location"]
    assert again.startswith("/sign-in/again/")
    assert "口令" in opened(client, again)
    assert client.post(again, {"password": "wrong-wrong-wrong"}).status_code == 200
    assert client.post(again, {"password": PASSWORD})["Location"] == url


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(entered: Client) -> None:
    other = Client()
    other.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    url = "/people/safety/password/"
    prove(entered, url)
    fresh = PASSWORD + "-neu"
    assert entered.post(url, {"password": "short", "again": "short"}).status_code == 422
    assert entered.post(url, {"password": fresh, "again": fresh}).status_code == 302
    opened(entered, "/people/safety/")
    assert other.get("/people/safety/")["Location"].startswith("/sign-in/")


def test_an_authenticator_app_is_added_and_removed(entered: Client) -> None:
    url = "/people/safety/totp/"
    prove(entered, url)
    page = opened(entered, url)
    seed = entered.session["totp_seed"]
    assert seed in page
    assert entered.post(url, {"code": "000000"}).status_code == 422
    shown = totp.format_hotp_value(totp.hotp_value(seed, int(time.time()) // 30))
    codes = entered.post(url, {"code": shown}).content.decode()
    assert len(re.findall(r"^\s*\d{8}\s*$", codes.split("<pre")[1].replace(">", ">\n"), re.M)) >= 9
    assert "恢复码，还剩 10 个" in opened(entered, "/people/safety/")
    away = re.findall(r"/people/safety/factors/\d+/remove/", opened(entered, "/people/safety/"))
    assert entered.post(away[0]).status_code == 302
    assert "还没有第二步验证" in opened(entered, "/people/safety/")


def test_one_ends_ones_own_sessions_and_nobody_elses(city: City, entered: Client) -> None:
    other = Client()
    other.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    (url,) = set(
        re.findall(r"/people/safety/sessions/\w+/end/", opened(entered, "/people/safety/"))
    )
    assert signed_in(city, "bureau").post(url).status_code == 404
    assert entered.post(url).status_code == 302
    assert other.get("/people/own/")["Location"].startswith("/sign-in/")
    assert Session.objects.get(pk=entered.session.session_key)


def test_time_moves_forward_on_a_demo_only(demo_city: City) -> None:
    client = signed_in(demo_city, "bureau")
    before = clock.now()
    assert "快进" in opened(client, "/time/")
    assert client.post("/time/", {"days": "3"}).status_code == 302
    assert timedelta(days=3) <= clock.now() - before < timedelta(days=14)
    assert len(events("node.time_moved")) == 1
    for wrong in ({"date": "2020-01-01"}, {"date": "x"}, {"days": "7"}, {"date": "9999-12-31"}):
        assert client.post("/time/", wrong).status_code == 422
    opened(client, "/inbox/")


def test_a_real_node_has_no_time_machine_and_no_tour(city: City) -> None:
    opened(signed_in(city, "bureau"), "/time/", status=404)
    assert signed_in(city, "bureau").post("/time/", {"days": "3"}).status_code == 404
    opened(Client(), "/tour/", status=404)
    assert Client().post("/tour/0/").status_code == 404


def test_the_tour_opens_real_pages_as_the_right_people(demo_city: City) -> None:
    client = Client()
    assert "已走 0 站" in opened(client, "/tour/")
    for number, stop in enumerate(STOPS):
        reply = client.post(f"/tour/{number}/")
        assert reply.status_code == 302, stop.address
        assert client.get(reply["Location"]).status_code in {200, 302}
    assert f"已走 {len(STOPS)} 站" in opened(client, "/tour/")
    assert client.post("/tour/99/").status_code == 404
