"""Signing in on a real node: who comes in, who does not, and what the journal says of both."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts import logins, second_factors
from gongshu_server.accounts.models import Login, Session
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from gongshu_server.portal import session_store, sessions
from integration.city import City, events, refused
from integration.portal.reader import opened

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "lin-lan-7-qiao-shang-yu"


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: object) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]


@pytest.fixture
def login(city: City) -> Login:
    """Return the login of the insurer's handler, with a password."""
    person, _ = city.cast.people["insurer", "handler"]
    made = city.do(logins.open_login, "node", person_id=person, username="li.wei")
    made.set_password(PASSWORD)
    made.save()
    now(city)
    return made


def now(city: City) -> City:
    """Let the next action of the city happen now, in step with the time of the pages."""
    city.at = clock.now() - timedelta(minutes=1)
    return city


def enter(client: Client, password: str = PASSWORD, name: str = "li.wei", **more: str) -> object:
    """Send the sign-in form."""
    return client.post("/sign-in/", {"login": name, "password": password, **more})


def said(event: str) -> list[dict[str, object]]:
    """Return the details of the journal's entries of this event."""
    rows = Entry.objects.filter(event=event).order_by("sequence")
    return [json.loads(row.body or "{}")["details"] for row in rows]


def test_name_and_password_lead_to_the_one_post_and_back(city: City, login: Login) -> None:
    client = Client()
    reply = enter(client, next="/cases/")
    assert (reply.status_code, reply["Location"]) == (302, "/cases/")
    assert "退出登录" in opened(client, "/cases/")
    assert said("login.signed_in") == [{"way": "password"}]


def test_the_session_key_changes_at_sign_in(city: City, login: Login) -> None:
    client = Client()
    client.get("/sign-in/")
    before = client.session.session_key
    client.session["planted"] = "1"
    enter(client)
    assert client.session.session_key != before


@pytest.mark.parametrize("name", ["li.wei", "nobody"])
def test_a_wrong_password_and_an_unknown_name_read_the_same(
    city: City, login: Login, name: str
) -> None:
    reply = enter(Client(), "wrong-wrong-wrong", name)
    assert reply.status_code == 200
    assert "登录名或口令不正确" in reply.content.decode()
    assert len(events("login.failed")) == (1 if name == "li.wei" else 0)


def test_a_stopped_login_is_out_at_once(city: City, login: Login) -> None:
    client = Client()
    enter(client)
    now(city).do(logins.stop_login, "node", person_id=login.person_id)
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
    again = Client()
    assert "已停用" in enter(again).content.decode()
    assert again.get("/cases/")["Location"].startswith("/sign-in/")


def test_five_failures_lock_the_login_and_the_journal_stays_short(city: City, login: Login) -> None:
    clients = [Client() for _ in range(9)]
    names = ["li.wei", "LI.WEI "] * 5
    replies = [enter(c, "wrong-wrong-wrong", names.pop()) for c in clients]
    assert [r.status_code for r in replies] == [200] * 4 + [429] * 5
    assert enter(Client()).status_code == 429
    assert len(events("login.failed")) == 4
    assert len(events("login.locked")) == 1
    bodies = "".join(Entry.objects.values_list("body", flat=True))
    assert "wrong-wrong-wrong" not in bodies


def test_success_forgets_the_failures(city: City, login: Login) -> None:
    for _ in range(4):
        enter(Client(), "wrong-wrong-wrong")
    assert enter(Client()).status_code == 302
    assert enter(Client(), "wrong-wrong-wrong").status_code == 200


FIRST = "/sign-in/first/"


def link_for(city: City) -> logins.PasswordLink:
    """Return a one-time link for the insurer's handler, and let the pages' time come."""
    person, _ = city.cast.people["insurer", "handler"]
    now(city).at -= timedelta(minutes=9)
    link: logins.PasswordLink = city.do(logins.give_password_link, "node", person_id=person)
    return link


def test_a_one_time_link_sets_a_password_once(city: City, login: Login) -> None:
    link = link_for(city)
    client = Client()
    reply = client.get(link.path)
    assert (reply.status_code, reply["Location"]) == (302, FIRST)
    assert reply["Referrer-Policy"] == "no-referrer"
    assert link.token not in opened(client, FIRST)
    weak = client.post(FIRST, {"password": "123456789012", "again": "123456789012"})
    assert (weak.status_code, "只有数字" in weak.content.decode()) == (422, True)
    new = PASSWORD + "-new"
    differs = client.post(FIRST, {"password": new, "again": new + "x"})
    assert "不一致" in differs.content.decode()
    assert client.post(FIRST, {"password": new, "again": new})["Location"] == "/sign-in/"
    assert enter(Client(), new).status_code == 302
    opened(client, FIRST, status=404)
    assert len(events("login.link_opened")) == 1


def test_a_link_opens_once_and_in_one_browser(city: City, login: Login) -> None:
    link = link_for(city)
    assert Client().head(link.path).status_code == 405
    first = Client()
    assert first.get(link.path).status_code == 302
    opened(Client(), link.path, status=404)
    opened(Client(), FIRST, status=404)
    opened(first, FIRST)


def test_a_link_is_kept_as_a_digest_alone(city: City, login: Login) -> None:
    link = link_for(city)
    login.refresh_from_db()
    kept = "".join(str(value) for value in vars(login).values())
    kept += "".join(Entry.objects.values_list("body", flat=True))
    assert link.token not in kept
    client = Client()
    client.get(link.path)
    assert link.token not in json.dumps(dict(client.session))


def test_a_link_ends_with_a_newer_one_a_sign_in_and_after_a_day(city: City, login: Login) -> None:
    first = link_for(city)
    person, _ = city.cast.people["insurer", "handler"]
    second = city.do(logins.give_password_link, "node", person_id=person)
    opened(Client(), first.path, status=404)
    late = city.at + logins.LINK_LASTS
    with pytest.raises(NotFound):
        logins.by_link(second.login, second.token, at=late)
    enter(Client())
    opened(Client(), second.path, status=404)


def test_a_link_of_another_login_or_a_changed_one_is_none(city: City, login: Login) -> None:
    link = link_for(city)
    changed = link.path[:-2] + ("1/" if link.path[-2] == "0" else "0/")
    opened(Client(), changed, status=404)
    opened(Client(), link.path.replace(f"/{login.pk}/", f"/{login.pk + 1}/"), status=404)
    city.do(logins.stop_login, "node", person_id=login.person_id)
    opened(Client(), link.path, status=404)


def test_who_may_not_open_logins(city: City) -> None:
    person, _ = city.cast.people["insurer", "handler"]
    refused(
        city, logins.open_login, "insurer/head", "not_permitted", person_id=person, username="li"
    )
    refused(city, logins.open_login, "node", "login_name", person_id=person, username="李伟")


@pytest.mark.parametrize(
    "password", ["short", "123456789012", "password1234", "li.wei.li.wei", "qwertyuiop123"]
)
def test_weak_passwords_are_refused_in_a_sentence(city: City, login: Login, password: str) -> None:
    refused(city, logins.change_password, "insurer", "weak_password", password=password, keep="")


def code(seed: str, *, step: int = 0) -> str:
    """Return what an authenticator app with the seed shows now."""
    return totp.format_hotp_value(totp.hotp_value(seed, int(time.time()) // 30 + step))


@pytest.fixture
def seed(city: City, login: Login) -> str:
    """Let the login have an authenticator app; return its secret."""
    made = second_factors.fresh_totp()
    now(city).do(second_factors.add_totp, "insurer", seed=made, totp_code=code(made, step=-1))
    return made


def test_a_second_step_is_asked_for_and_each_code_counts_once(
    city: City, login: Login, seed: str
) -> None:
    client = Client()
    assert enter(client, next="/cases/")["Location"].startswith("/sign-in/code/")
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
    shown = code(seed)
    assert client.post("/sign-in/code/", {"code": shown}).status_code == 302
    opened(client, "/cases/")
    again = Client()
    enter(again)
    assert "不正确或已经用过" in again.post("/sign-in/code/", {"code": shown}).content.decode()
    assert said("login.signed_in") == [{"way": "password+totp"}]


def test_wrong_codes_count_for_the_same_lock(city: City, login: Login, seed: str) -> None:
    client = Client()
    enter(client)
    replies = [client.post("/sign-in/code/", {"code": "000000"}) for _ in range(6)]
    assert [r.status_code for r in replies] == [200] * 4 + [429] * 2
    assert client.post("/sign-in/code/", {"code": code(seed)}).status_code == 429
    assert enter(Client()).status_code == 429


def test_a_recovery_code_works_once(city: City, login: Login, seed: str) -> None:
    codes = now(city).do(second_factors.renew_recovery_codes, "insurer")
    for expected in (302, 200):
        client = Client()
        enter(client)
        assert client.post("/sign-in/code/", {"code": codes[0]}).status_code == expected


def test_secrets_of_second_steps_are_not_in_the_database(
    city: City, login: Login, seed: str
) -> None:
    (row,) = [one for one in second_factors.of(login) if one.type == "totp"]
    assert seed not in json.dumps(row.data)
    assert row.wrap().validate_code(code(seed))


def test_a_code_that_the_app_would_not_show_adds_nothing(city: City, login: Login) -> None:
    seed = second_factors.fresh_totp()
    refused(city, second_factors.add_totp, "insurer", "wrong_code", seed=seed, totp_code="000000")
    assert second_factors.of(login) == []


def test_sessions_end_when_nothing_is_clicked_and_after_a_day_at_work(
    city: City, login: Login, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    client = Client()
    enter(client)
    row = Session.objects.get(person=login.person_id)
    assert row.expire_date.timestamp() - time.time() <= settings.SESSION_IDLE  # type: ignore[attr-defined]
    later = time.time() + settings.SESSION_IDLE - 90  # type: ignore[attr-defined]
    monkeypatch.setattr(session_store.time, "time", lambda: later)
    opened(client, "/cases/")
    row.refresh_from_db()
    assert row.expire_date.timestamp() > later + 60
    old = client.session
    old[session_store.BEGUN] = later - settings.SESSION_COOKIE_AGE + 1  # type: ignore[attr-defined]
    assert old.get_expiry_age() <= 1


def test_signing_out_deletes_the_session(city: City, login: Login) -> None:
    client = Client()
    enter(client)
    client.post("/sign-out/")
    assert not Session.objects.filter(person=login.person_id).exists()
    assert sessions.PERSON not in client.session


def test_cookies_are_closed_to_scripts(city: City, login: Login) -> None:
    client = Client()
    enter(client)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert re.fullmatch(r"\S{32}", cookie.value)
