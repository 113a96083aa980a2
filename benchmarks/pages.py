"""Every page of a played node, walked by every identity in it: status, server time and queries.

`python -m benchmarks.pages HOME` walks a node that is there and prints one JSON document; the tests
use it so. `measure()` plays a city, walks it, loads it as a large city's node is after years, and
walks it again. Server time is that of Django's own handler, in process, median of several calls.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROUNDS = 3
# Of pages that differ by an id only, this many are walked for each identity.
OF_A_KIND = 2
MOST_PAGES = 400
LINK = re.compile(r'href="([^"#]*)"')
ELSEWHERE = ("/ledger/tile", "/ledger/checkpoint", "/static/", "/api/", "/v1/")
CLAUSE = re.compile(r"^/clauses/[^/]+/$")
IDENTIFIER = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
RESOURCES, CASES, USES = 1_000, 100_000, 1_000_000


def measure() -> dict[str, float]:
    """Return figures over the pages of the demo city and of a city after years."""
    home = Path(tempfile.mkdtemp(prefix="gongshu-pages-"))
    try:
        arguments = ["demo", "--no-serve", "--scale", "0.1", "--home", str(home / "demo")]
        command = [sys.executable, "-m", "gongshu_server.commands", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        played = _walk_apart(home / "demo")
        loaded = _walk_apart(home / "demo", "--load")
    finally:
        shutil.rmtree(home)
    return {
        **_figures("demo city", played),
        **_figures(f"{RESOURCES:,} resources, {CASES:,} cases, {USES:,} uses", loaded),
    }


def _walk_apart(home: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.pages", str(home), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    pages: list[dict[str, Any]] = json.loads(done.stdout)
    return pages


def _figures(name: str, pages: list[dict[str, Any]]) -> dict[str, float]:
    times = [page["ms"] for page in pages]
    slowest = max(pages, key=lambda page: page["ms"])
    return {
        f"{name}: pages walked": float(len(pages)),
        f"{name}: server time, median page, ms": statistics.median(times),
        f"{name}: slowest page ({_kind(slowest['url'])}), ms": slowest["ms"],
        f"{name}: most queries of a page": float(max(page["queries"] for page in pages)),
    }


def walk(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return one line for each page that any identity of this demo node reaches by links."""
    from gongshu_server.accounts import demonstration
    from gongshu_server.journal import clock

    found = list(_walk_as("", None, rounds))
    # One of those who stand alike: eight departments see the same kinds of page.
    alike = {(one.roles, one.title): one for one in demonstration.roles(at=clock.now())}
    for one in alike.values():
        found += _walk_as(f"{one.organisation}/{one.title}", one, rounds)
    return found


def _walk_as(who: str, one: Any, rounds: int) -> Iterator[dict[str, Any]]:
    from django.test import Client

    client = Client()
    if one is not None:
        client.post("/sign-in/as/", {"person": one.person, "post": one.post})
    ahead, seen, kinds = ["/work/" if one else "/"], set[str](), dict[str, int]()
    led: dict[str, str] = {}
    while ahead and len(seen) < MOST_PAGES:
        url = ahead.pop(0)
        # What anybody may see in every selection and clause, the stranger has walked for all.
        kind = _kind(url) if one is None else _coarse(url)
        if url in seen or kinds.get(kind, 0) >= OF_A_KIND:
            continue
        seen.add(url)
        kinds[kind] = kinds.get(kind, 0) + 1
        page, links = _visit(client, url, rounds)
        ahead += links
        for link in links:
            led.setdefault(link, url)
        if page is not None:
            yield {"who": who, "url": url, "from": led.get(url, ""), **page}


def _kind(url: str) -> str:
    path, _, query = url.partition("?")
    names = sorted({part.partition("=")[0] for part in query.split("&") if part})
    return IDENTIFIER.sub("ID", path) + ("?" + "&".join(names) if names else "")


def _coarse(url: str) -> str:
    """Return the kind of a page without its selection: a list is a list, a clause a clause."""
    path, _, query = url.partition("?")
    return CLAUSE.sub("/clauses/CODE/", IDENTIFIER.sub("ID", path)) + ("?" if query else "")


def _visit(client: Any, url: str, rounds: int) -> tuple[dict[str, Any] | None, list[str]]:
    """Return what one page costs, None for no page, and where it leads."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        reply = client.get(url)
    # At once: with the next request Django empties its log, and these would count as none.
    queries = len(captured)
    if 300 <= reply.status_code < 400:
        return None, _own([reply["Location"]], url)
    if "text/html" not in reply.get("Content-Type", ""):
        return None, []
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - started) * 1000)
    text = reply.content.decode()
    page = {
        "status": reply.status_code,
        "queries": queries,
        "ms": statistics.median(times) if times else 0.0,
        "bytes": len(reply.content),
    }
    return page, _own(LINK.findall(text), url)


def _own(links: list[str], url: str) -> list[str]:
    here = url.partition("?")[0]
    whole = [here + link if link.startswith("?") else link for link in links]
    return [
        link.replace("&amp;", "&")
        for link in whole
        if link.startswith("/") and not link.startswith(("//", *ELSEWHERE))
    ]


def main() -> None:
    """Walk the node at the folder that is named, after loading it if that is asked for."""
    os.environ["GONGSHU_HOME"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "gongshu_server.settings"
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    if "--load" in sys.argv:
        from benchmarks import years

        years.load(resources=RESOURCES, cases=CASES, uses=USES)
    rounds = 0 if "--once" in sys.argv else ROUNDS
    print(json.dumps(walk(rounds), ensure_ascii=False))


if __name__ == "__main__":
    main()
