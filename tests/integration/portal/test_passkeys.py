"""Passkeys on a real node: added after proving who one is, used to sign in, and refused."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from fido2.webauthn import AuthenticatorData

from gongshu_server.accounts import logins, second_factors
from gongshu_server.accounts.models import Login
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from integration.city import City, events
from integration.portal.device import Device
from integration.portal.reader import opened

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "lin-lan-7-qiao-shang-yu"
ADD = "/people/safety/passkey/"
REFUSED = "通行密钥没有通过验证"


@pytest.fixture
def login(city: City, settings: Any) -> Login:
    """Return the login of the insurer's handler, with a password."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    person, _ = city.cast.people["insurer", "handler"]
    city.at = clock.now() - timedelta(minutes=1)
    made: Login = city.do(logins.open_login, "node", person_id=person, username="li.wei")
    made.set_password(PASSWORD)
    made.save()
    return made


@pytest.fixture
def owner(login: Login) -> Client:
    """Return a client signed in with the password, having proved once more who it is."""
    client = Client()
    client.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    again = client.get(ADD)["Location"]
    assert again.startswith("/sign-in/again/")
    client.post(again, {"password": PASSWORD})
    return client


def add(owner: Client, device: Device) -> Any:
    """Add the device's passkey by the page."""
    page = opened(owner, ADD)
    found = re.search(r'id="passkey_question"[^>]*>(.*?)</script>', page)
    assert found
    asked = json.loads(found.group(1))["creation_options"]
    return owner.post(ADD, {"name": "办公电脑", "credential": device.make(asked)})


def enter(device: Device, client: Client | None = None, **more: str) -> Any:
    """Sign in with the device's passkey."""
    client = client or Client()
    asked = client.get("/sign-in/passkey/").json()["request_options"]
    return client.post("/sign-in/passkey/", {"credential": device.sign(asked), **more})


@pytest.fixture
def device(owner: Client) -> Device:
    """Return a device whose passkey was added."""
    made = Device()
    assert add(owner, made).status_code == 302
    return made


def test_a_passkey_signs_in_without_a_second_step(device: Device, owner: Client) -> None:
    client = Client()
    reply = enter(device, client, next="/cases/")
    assert (reply.status_code, reply["Location"]) == (302, "/cases/")
    assert "退出登录" in opened(client, "/cases/")
    last = Entry.objects.filter(event="login.signed_in").order_by("-sequence")[0]
    assert json.loads(last.body)["details"] == {"way": "webauthn"}
    assert "办公电脑" in opened(owner, "/people/safety/")


def test_with_the_password_alone_a_second_step_is_still_asked_for(device: Device) -> None:
    client = Client()
    reply = client.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    assert reply["Location"].startswith("/sign-in/code/")
    assert 'data-passkey="sign-in"' in opened(client, "/sign-in/code/")
    assert client.post("/sign-in/code/", {"credential": "{}"}).status_code == 200
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
    assert enter(device, client).status_code == 302
    opened(client, "/cases/")


@pytest.mark.parametrize(
    "origin", ["http://localhost:1", "https://localhost:8610", "http://evil.localhost:8610"]
)
def test_an_answer_made_on_another_site_is_refused(device: Device, origin: str) -> None:
    device.origin = origin
    reply = enter(device)
    assert (reply.status_code, REFUSED in reply.content.decode()) == (422, True)


def test_a_key_made_on_another_site_is_not_added(owner: Client) -> None:
    assert add(owner, Device(origin="http://localhost:1")).status_code == 422
    assert add(owner, Device(host="127.0.0.1")).status_code == 422
    assert not Authenticator.objects.exists()


def test_a_key_that_asks_nobody_who_they_are_is_refused(owner: Client, device: Device) -> None:
    device.flags = AuthenticatorData.FLAG.UP
    assert enter(device).status_code == 422
    present = Device(name=b"another-key-here", flags=AuthenticatorData.FLAG.UP)
    assert add(owner, present).status_code == 422


def test_unknown_keys_and_logins_read_the_same_and_count_for_nobody(device: Device) -> None:
    stranger = Device(name=b"never-seen-here!", handle=device.handle)
    nobody = Device(handle="OTk5OTk5")
    pages = [enter(one) for one in (stranger, nobody)]
    assert [page.status_code for page in pages] == [422, 422]
    assert all(REFUSED in page.content.decode() for page in pages)
    assert events("login.failed") == []


def test_wrong_signatures_count_for_the_one_lock(device: Device) -> None:
    forged = Device(handle=device.handle)
    assert [enter(forged).status_code for _ in range(6)] == [422] * 4 + [429] * 2
    assert len(events("login.failed")) == 4
    assert len(events("login.locked")) == 1
    assert enter(device).status_code == 429


def test_a_copied_key_is_refused_by_its_count(device: Device) -> None:
    copy = Device(key=device.key, handle=device.handle)
    assert enter(device).status_code == 302
    reply = enter(copy)
    assert (reply.status_code, "可能被复制过" in reply.content.decode()) == (403, True)
    assert len(events("login.failed")) == 1
    assert enter(device).status_code == 302


def test_a_removed_key_is_refused(owner: Client, device: Device) -> None:
    (away,) = re.findall(r"/people/safety/factors/\d+/remove/", opened(owner, "/people/safety/"))
    assert owner.post(away).status_code == 302
    assert enter(device).status_code == 422
    assert second_factors.of(Login.objects.get(username="li.wei")) == []


def test_an_answer_counts_once(device: Device) -> None:
    client = Client()
    asked = client.get("/sign-in/passkey/").json()["request_options"]
    answer = {"credential": device.sign(asked)}
    assert client.post("/sign-in/passkey/", answer).status_code == 302
    client.post("/sign-out/")
    assert client.post("/sign-in/passkey/", answer).status_code == 422


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"rawId": 1}', "x" * 30_000])
def test_what_is_no_answer_is_refused_in_a_sentence(device: Device, answer: str) -> None:
    client = Client()
    client.get("/sign-in/passkey/")
    reply = client.post("/sign-in/passkey/", {"credential": answer})
    assert (reply.status_code, REFUSED in reply.content.decode()) == (422, True)


def test_a_stopped_login_stays_out(city: City, device: Device, login: Login) -> None:
    city.do(logins.stop_login, "node", person_id=login.person_id)
    client = Client()
    assert "已停用" in enter(device, client).content.decode()
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
