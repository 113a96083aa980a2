"""Sign-ins that tests of several ways share: a login with a password, and a linked identity."""

from __future__ import annotations

from typing import Any

from django.test import Client

from gongshu_server.accounts import identities
from gongshu_server.accounts.models import Identity, Login
from gongshu_server.accounts.oidc import Pair, provider
from integration.city import City
from integration.portal.provider import FakeProvider, leads_to

PASSWORD = "lin-lan-7-qiao-shang-yu"


def enter(client: Client, house: FakeProvider, subject: str = "person-1", **more: str) -> Any:
    """Sign in at the provider as its subject."""
    return client.get(house.agree(leads_to(client.post("/sign-in/at/city/", more)), subject))


def linked(city: City, login: Login, subject: str = "person-1") -> Identity:
    """Let the system administrator register the subject for the login's person."""
    row: Identity = city.do(
        identities.link_identity,
        "bureau/system_admin",
        person_id=login.person_id,
        provider_code="city",
        subject=subject,
    )
    return row


def confirmed(city: City, login: Login, subject: str = "person-1") -> Identity:
    """Let the subject be registered and confirmed."""
    linked(city, login, subject)
    pair = Pair(provider("city").issuer, subject)
    row: Identity = city.do(identities.confirm_identity, "insurer", proved=pair)
    return row


def person(login: Login) -> Client:
    """Return a client of the login's person, signed in and proved once more."""
    client = Client()
    client.post("/sign-in/", {"login": login.username, "password": PASSWORD})
    again = client.get("/people/safety/password/")["Location"]
    client.post(again, {"password": PASSWORD})
    return client
