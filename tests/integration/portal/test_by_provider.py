"""Signing in at an identity provider: registered by one, confirmed by the other, then used."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from gongshu_server.accounts import identities, logins, second_factors
from gongshu_server.accounts.models import Identity, Login, Session
from gongshu_server.accounts.oidc import Pair
from integration.city import City, details, events, refused
from integration.portal.provider import FakeProvider, Served, leads_to
from integration.portal.reader import opened, sent, signed_in, token
from integration.portal.sign_ins import PASSWORD, confirmed, enter, linked, person

pytestmark = pytest.mark.django_db(transaction=True)
SAFETY, ALL = "/people/safety/", "/people/identities/"


def test_there_is_no_button_without_a_provider(city: City) -> None:
    assert "/sign-in/at/" not in opened(Client(), "/sign-in/")
    assert Client().post("/sign-in/at/city/").status_code == 404
    assert Client().get("/sign-in/at/city/back/").status_code == 404


def test_the_button_leads_to_the_provider_with_pkce_and_back(
    house: FakeProvider, login: Login, city: City
) -> None:
    assert "用“市统一身份认证”登录" in opened(Client(), "/sign-in/")
    confirmed(city, login)
    client = Client()
    reply = enter(client, house, next="/cases/")
    assert (reply.status_code, reply["Location"]) == (302, "/cases/")
    assert "退出登录" in opened(client, "/cases/")
    assert details(events("login.signed_in")[-1]) == {"way": "oidc"}


def test_registered_by_the_administrator_and_confirmed_by_the_person(
    house: FakeProvider, login: Login, city: City
) -> None:
    admin = signed_in(city, "bureau/system_admin")
    assert "还没有登记" in opened(admin, ALL)
    said = {"person_id": login.person_id, "provider_code": "city", "subject": "person-1"}
    sent(admin, f"{ALL}link/", **said)
    assert "待本人确认" in opened(admin, ALL)
    assert enter(Client(), house).status_code == 403
    own = Client()
    own.post("/sign-in/", {"login": "li.wei", "password": PASSWORD})
    assert "等您确认" in opened(own, SAFETY)
    again = own.post(f"{SAFETY}identity/city/")["Location"]
    assert again.startswith("/sign-in/again/")
    address = leads_to(own.post(again, {"password": PASSWORD}))
    assert own.get(house.agree(address))["Location"] == SAFETY
    assert "可以用它登录" in opened(own, SAFETY)
    assert "本人已确认" in opened(admin, ALL)
    assert enter(Client(), house).status_code == 302


def test_another_pair_than_the_registered_one_is_not_confirmed(
    house: FakeProvider, login: Login, city: City
) -> None:
    linked(city, login)
    own = person(login)
    address = leads_to(own.post(f"{SAFETY}identity/city/"))
    reply = own.get(house.agree(address, "person-2"))
    assert (reply.status_code, "不一致" in reply.content.decode()) == (404, True)
    assert Identity.objects.get().confirmed_at is None


def test_a_second_step_is_asked_for_as_after_a_password(
    house: FakeProvider, login: Login, city: City
) -> None:
    confirmed(city, login)
    seed = second_factors.fresh_totp()

    def shown(step: int) -> str:
        value: str = totp.format_hotp_value(totp.hotp_value(seed, int(time.time()) // 30 + step))
        return value

    city.do(second_factors.add_totp, "insurer", seed=seed, totp_code=shown(-1))
    client = Client()
    assert enter(client, house)["Location"].startswith("/sign-in/code/")
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
    assert client.post("/sign-in/code/", {"code": shown(0)}).status_code == 302
    opened(client, "/cases/")
    assert details(events("login.signed_in")[-1]) == {"way": "oidc+totp"}


def test_an_ended_link_opens_nothing_and_ends_the_sessions(
    house: FakeProvider, login: Login, city: City
) -> None:
    row = confirmed(city, login)
    client = Client()
    assert enter(client, house).status_code == 302
    admin = signed_in(city, "bureau/system_admin")
    once = token(opened(admin, ALL))
    assert admin.post(f"{ALL}{row.pk}/unlink/", {"once": once}).status_code == 302
    assert not Session.objects.filter(person=login.person_id).exists()
    assert enter(Client(), house).status_code == 403


def test_a_stopped_login_stays_out_by_this_way_too(
    house: FakeProvider, login: Login, city: City
) -> None:
    confirmed(city, login)
    city.do(logins.stop_login, "node", person_id=login.person_id)
    assert "已停用" in enter(Client(), house).content.decode()


def test_an_unknown_pair_is_told_whom_to_ask_and_counts_as_a_failure(
    house: FakeProvider, login: Login, city: City
) -> None:
    replies = [enter(Client(), house) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [403] * 4 + [429] * 2
    assert "请联系系统管理员为您登记" in replies[0].content.decode()
    assert enter(Client(), house, "person-2").status_code == 403
    assert not Login.objects.exclude(pk=login.pk).exists()


def test_a_locked_login_stays_locked_by_this_way_too(
    house: FakeProvider, login: Login, city: City
) -> None:
    confirmed(city, login)
    for _ in range(5):
        Client().post("/sign-in/", {"login": "li.wei", "password": "wrong-wrong-wrong"})
    assert enter(Client(), house).status_code == 429


def test_one_pair_is_one_person_even_after_it_was_ended(
    house: FakeProvider, login: Login, city: City
) -> None:
    other, _ = city.cast.people["insurer", "head"]
    city.do(logins.open_login, "node", person_id=other, username="zhang")
    row = linked(city, login)
    said = {"provider_code": "city", "subject": "person-1"}
    link, admin = identities.link_identity, "bureau/system_admin"
    refused(city, link, admin, "identity_taken", person_id=other, **said)
    more = {"provider_code": "city", "subject": "person-2"}
    refused(city, link, admin, "identity_exists", person_id=login.person_id, **more)
    city.do(identities.unlink_identity, admin, identity_id=row.pk)
    confirmed(city, login)
    (standing,) = Identity.objects.filter(ended_at__isnull=True)
    city.do(identities.unlink_identity, admin, identity_id=standing.pk)
    refused(city, link, admin, "identity_taken", person_id=other, **said)
    refused(city, identities.unlink_identity, admin, "identity_not_found", identity_id=row.pk)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("no_provider", {"provider_code": "other"}),
        ("no_subject", {"subject": " "}),
        ("no_subject", {"subject": "a\u202eb"}),
        ("no_subject", {"subject": "x" * 256}),
        ("no_login", {"person_id": "01HZZZZZZZZZZZZZZZZZZZZZZZ"}),
    ],
)
def test_what_cannot_be_registered(
    house: FakeProvider, login: Login, city: City, code: str, changes: dict[str, str]
) -> None:
    said = {"person_id": login.person_id, "provider_code": "city", "subject": "person-1"}
    refused(city, identities.link_identity, "bureau/system_admin", code, **said | changes)


def test_the_system_administrators_own_account_opens_no_other_administrator(
    house: FakeProvider, login: Login, city: City
) -> None:
    """Registered for the auditor, the administrator's own pair opens nothing, then or later."""
    people = {duty: city.cast.people["bureau", duty][0] for duty in ("system_admin", "audit_admin")}
    for duty, person_id in people.items():
        city.do(logins.open_login, "node", person_id=person_id, username=duty)
    said = {"provider_code": "city", "subject": "admin-own"}
    admin, link = "bureau/system_admin", identities.link_identity
    row = city.do(link, admin, person_id=people["audit_admin"], **said)
    assert enter(Client(), house, "admin-own").status_code == 403
    own = Pair(house.issuer, "admin-own")
    refused(city, identities.confirm_identity, admin, "identity_differs", proved=own)
    city.do(identities.unlink_identity, admin, identity_id=row.pk)
    city.do(link, admin, person_id=people["system_admin"], **said)
    city.do(identities.confirm_identity, admin, proved=own)
    refused(city, link, admin, "identity_taken", person_id=people["audit_admin"], **said)


@pytest.mark.parametrize("who", ["bureau/head", "bureau/security_admin", "bureau/audit_admin"])
def test_nobody_else_registers_or_sees(
    house: FakeProvider, login: Login, city: City, who: str
) -> None:
    row = linked(city, login)
    said = {"person_id": login.person_id, "provider_code": "city", "subject": "person-2"}
    refused(city, identities.link_identity, who, "not_permitted", **said)
    refused(city, identities.unlink_identity, who, "not_permitted", identity_id=row.pk)
    client = signed_in(city, who)
    assert client.get(ALL).status_code == 403
    assert client.get(f"{ALL}link/").status_code == 403
    assert list(identities.listing(by=city.who(who))) == []


def test_subjects_are_kept_as_keyed_digests_alone(
    house: FakeProvider, login: Login, city: City
) -> None:
    row = confirmed(city, login, subject="110101199003074514")
    kept = "".join(str(value) for value in vars(row).values())
    said = "".join(entry.body or "" for entry in events())
    assert "110101199003074514" not in kept + said


def test_what_was_typed_before_is_not_lost_by_going_away(house: FakeProvider, city: City) -> None:
    page = Client().post("/people/own/", {"email": "a@example.cn"}).content.decode()
    assert "不丢失刚才填写的内容" in page
    assert not re.search(r"/sign-in/at/city/", page)


def test_who_is_signed_in_already_goes_on(house: FakeProvider, login: Login, city: City) -> None:
    reply = person(login).post("/sign-in/at/city/", {"next": "/cases/"})
    assert (reply.status_code, reply["Location"]) == (302, "/cases/")


def test_pages_in_english(house: FakeProvider, login: Login, city: City) -> None:
    client = Client()
    client.cookies["django_language"] = "en"
    page = client.get("/sign-in/").content.decode()
    assert "Sign in with 市统一身份认证" in page
    refusal = enter(client, house, "nobody").content.decode()
    assert "system administrator" in refusal
    assert not re.search("请联系", refusal)


def test_the_served_provider_leaves_nothing_behind() -> None:
    served: Any = Served()
    served.close()
    assert not served.thread.is_alive()
