"""A first visit to a page brings at most 200 KB over the wire, charts and the editor apart."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from django.test import Client

from integration.city import City
from integration.portal.reader import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

MOST_BYTES = 200_000
LINKED = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/[^"]+)"')
MODULE = re.compile(r'data-module="([^"]+)"')
IMPORTED = re.compile(r'(?:from|import\()\s*"(\.{1,2}/[^"]+)"')
SITE = "js/site.js"
CHARTS = {"chart"}


def brought(client: Client, path: str) -> dict[str, int]:
    """Return the bytes of the page and of each file that a browser fetches for it, as served."""
    page = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert page.status_code == 200, path
    assert page["Content-Encoding"] == "gzip", path
    text = gzip.decompress(page.content).decode()
    sizes, ahead = {path: len(page.content)}, list(linked(text))
    while ahead:
        address = ahead.pop()
        if address in sizes:
            continue
        reply = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert reply.status_code == 200, address
        sizes[address] = len(reply.content)
        if address.partition("?")[0].endswith(".js"):
            source = client.get(address).content.decode()
            ahead += [urljoin(address, name) for name in IMPORTED.findall(source)]
    return sizes


def linked(text: str) -> Iterator[str]:
    """Yield the addresses that the page names, and those of the modules that its parts name."""
    addresses = LINKED.findall(text)
    yield from addresses
    site = next(address for address in addresses if SITE.rpartition("/")[2] in address)
    for names in MODULE.findall(text):
        for name in set(names.split()) - CHARTS:
            yield urljoin(site, f"./{name}.js")


@pytest.mark.parametrize(
    "path",
    ["/", "/catalogue/", "/market/products/", "/disclosure/", "/registrations/", "/voices/"],
)
def test_of_what_everybody_reads(city: City, path: str) -> None:
    sizes = brought(Client(), path)
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert any("tabler" in address for address in sizes)


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("emergency", "/inbox/"),
        ("emergency", "/cases/"),
        ("emergency", "/catalogue/own/"),
        ("emergency", "/catalogue/file/"),
        ("bureau", "/supervision/"),
        ("audit/auditor", "/audit/entries/"),
    ],
)
def test_of_where_people_work(city: City, who: str, path: str) -> None:
    sizes = brought(signed_in(city, who), path)
    assert sum(sizes.values()) <= MOST_BYTES, sizes
