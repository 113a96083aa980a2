"""People at the pages: a test client that is signed in as somebody of the cast."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gongshu_server.journal import clock
from gongshu_server.portal import sessions
from integration.city import City

MOST_QUERIES = 12


def signed_in(city: City, who: str) -> Client:
    """Return a client signed in as "organisation" (its handler) or "organisation/duty"."""
    code, _, duty = who.partition("/")
    person, post = city.cast.people[code, duty or "handler"]
    client = Client()
    session = client.session
    session[sessions.PERSON], session[sessions.POST] = person, post
    session.save()
    return client


def arrived(city: City, who: str) -> Client:
    """Return a client signed in at the city's own time, on a demo node; actions follow later."""
    clock.move_to(city.at)
    city.later(minutes=5)
    return signed_in(city, who)


def token(page: str) -> str:
    """Return the `once` token of the page's first form that writes."""
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found, "the page has no form that writes"
    return found.group(1)


def opened(client: Client, url: str, *, status: int = 200) -> str:
    """Return the page at the address; it answers with the status, within the query budget."""
    with CaptureQueriesContext(connection) as queries:
        reply = client.get(url)
    assert reply.status_code == status, reply.content.decode()[:2000]
    if status == 200:
        assert len(queries) <= MOST_QUERIES, [q["sql"][:120] for q in queries]
    return reply.content.decode()


def sent(client: Client, url: str, *, status: int = 302, **said: Any) -> str:
    """Send the form at the address, as its page asks for it; return where it leads, or the page."""
    page = opened(client, url)
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', page))
    reply = client.post(url, {**hidden, **said})
    assert reply.status_code == status, reply.content.decode()[:2000]
    return str(reply["Location"]) if status == 302 else reply.content.decode()
