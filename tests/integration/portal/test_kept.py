"""A session that ends in the middle of a form: nothing typed is lost, and nothing is done twice."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from gongshu_server.accounts import drafts, logins
from gongshu_server.accounts.models import Draft, Organisation, Session
from gongshu_server.journal import clock
from integration.city import City, refused
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "lin-lan-7-qiao-shang-yu"
URL = "/people/organisations/found/"
SAID = {"name": "<i>新局</i>", "short_name": "新", "roles": ["provider", "demander"]}


@pytest.fixture
def name(city: City, settings: object) -> str:
    """Return the name of a login of the bureau's system administrator."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    person, _ = city.cast.people["bureau", "system_admin"]
    city.at = clock.now() - timedelta(minutes=1)
    login = city.do(logins.open_login, "node", person_id=person, username="zhao")
    login.set_password(PASSWORD)
    login.save()
    return str(login.username)


def hidden(page: str) -> dict[str, str]:
    """Return what the sign-in page carries along."""
    found = dict(re.findall(r'name="(kept|next)" value="([^"]*)"', page))
    return {key: html.unescape(value) for key, value in found.items()}


def test_what_was_typed_is_back_after_the_sign_in_and_not_done(city: City, name: str) -> None:
    client = Client()
    before = Organisation.objects.count()
    page = client.post(URL, {**SAID, "password": "geheim-geheim", "once": "x"})
    assert page.status_code == 401
    text = page.content.decode()
    assert "原样回到表单" in text
    assert "geheim" not in text
    assert "<i>" not in text
    carried = hidden(text)
    assert carried["next"] == URL
    wrong = client.post("/sign-in/", {"login": name, "password": "x" * 12, **carried})
    assert hidden(wrong.content.decode()) == carried
    reply = client.post("/sign-in/", {"login": name, "password": PASSWORD, **carried})
    assert reply["Location"] == URL
    form = opened(client, URL)
    assert "&lt;i&gt;新局" in form
    assert form.count("checked") == 2
    assert Organisation.objects.count() == before
    assert "新局" not in opened(client, URL)
    sent(client, URL, **SAID)
    assert Organisation.objects.count() == before + 1


def test_one_click_into_a_role_carries_it_along_too(demo_city: City) -> None:
    client = Client()
    carried = hidden(client.post(URL, SAID).content.decode())
    person, post = demo_city.cast.people["bureau", "system_admin"]
    client.post("/sign-in/as/", {"person": person, "post": post, **carried})
    assert "新局" in opened(client, URL)


def test_what_is_kept_shows_in_its_own_form_only(city: City, name: str) -> None:
    client = Client()
    carried = hidden(client.post(URL, SAID).content.decode())
    elsewhere = {"login": name, "password": PASSWORD, **carried, "next": "/people/own/"}
    client.post("/sign-in/", elsewhere)
    assert "新局" not in opened(client, "/people/own/")


def test_too_much_is_not_kept_and_said_so(city: City) -> None:
    page = Client().post(URL, {"name": "x" * 300_000}).content.decode()
    assert "内容过多" in page
    assert "kept" not in hidden(page)


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"a": 1}', '{"a": {"b": 1}}', "null"])
def test_what_somebody_made_up_does_no_harm(city: City, name: str, text: str) -> None:
    client = Client()
    said = {"login": name, "password": PASSWORD, "next": URL, "kept": text}
    assert client.post("/sign-in/", said).status_code == 302
    opened(client, URL)


def test_a_script_that_saves_is_told_that_the_session_is_gone(city: City) -> None:
    reply = Client().post("/drafts/?form=/x/", SAID, headers={"Gongshu-Background": "1"})
    assert reply.status_code == 401
    assert not Draft.objects.exists()
    assert not Session.objects.exclude(person="").exists()


def test_a_draft_is_kept_offered_shown_and_gone_when_sent(city: City) -> None:
    client = signed_in(city, "bureau/system_admin")
    reply = client.post(f"/drafts/?form={URL}", {**SAID, "csrfmiddlewaretoken": "t"})
    assert re.fullmatch(r"\d\d:\d\d", reply.json()["saved_at"])
    page = opened(client, URL)
    assert "接着填写" in page
    assert "新局" not in page
    assert "&lt;i&gt;新局" in opened(client, f"{URL}?draft=1")
    assert "接着填写" not in opened(signed_in(city, "bureau"), URL)
    sent(client, URL, **SAID)
    assert not Draft.objects.exists()


def test_drafts_have_an_end_and_a_size(city: City) -> None:
    client = signed_in(city, "bureau/system_admin")
    client.post(f"/drafts/?form={URL}", SAID)
    assert client.post("/drafts/?form=https://example.com/", SAID).status_code == 400
    now = clock.now()
    assert drafts.forget(at=now + timedelta(days=29)) == 0
    assert drafts.forget(at=now + timedelta(days=31)) == 1
    city.at = now
    big = "x" * 300_000
    refused(city, drafts.save_draft, "bureau", "draft_too_large", form=URL, fields=big)
