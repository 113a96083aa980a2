"""A node's folder with a ledger key, a login with a password, and an identity provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from gongshu_server.accounts import logins
from gongshu_server.accounts.models import Login
from gongshu_server.identity_providers import Provider
from gongshu_server.journal import clock
from integration.city import City
from integration.portal.provider import CLIENT, SECRET, FakeProvider, Served
from integration.portal.sign_ins import PASSWORD


@pytest.fixture
def login(city: City, settings: Any) -> Login:
    """Return the login of the insurer's handler, with a password; actions are in step with now."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    who, _ = city.cast.people["insurer", "handler"]
    made: Login = city.do(logins.open_login, "node", person_id=who, username="li.wei")
    made.set_password(PASSWORD)
    made.save()
    city.at = clock.now() - timedelta(hours=1)
    return made


@pytest.fixture
def house(settings: Any) -> Iterator[FakeProvider]:
    """Return an identity provider that the node is configured with, as `city`."""
    cache.clear()
    served = Served()
    settings.OIDC_PROVIDERS = (
        Provider("city", "市统一身份认证", served.house.issuer, CLIENT, SECRET),
    )
    yield served.house
    served.close()
    cache.clear()
