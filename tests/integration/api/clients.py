"""The node's own client, calling this process through WSGI: no network, the whole way of a call."""

from __future__ import annotations

from typing import Any

import httpx
from django.core.wsgi import get_wsgi_application

from gongshu_client import Client
from gongshu_server.accounts import actions as accounts
from integration.city import City


def key(city: City, code: str, duty: str = "handler", **options: Any) -> str:
    """Return a fresh key of who holds the duty in the organisation, with all scopes."""
    by = city.actor(code, duty)
    options.setdefault("scopes", ("all",))
    return accounts.issue_key(label="测试", by=by, at=city.later(), **options).clear


def client(city: City, code: str, duty: str = "handler", **options: Any) -> Client:
    """Return a client with a fresh key of who holds the duty in the organisation."""
    return anybody(key(city, code, duty, **options))


def anybody(clear: str = "") -> Client:
    """Return a client with this key, or with none."""
    transport = httpx.WSGITransport(app=get_wsgi_application(), raise_app_exceptions=True)
    return Client("http://testserver", clear, transport=transport, total=0.0)
