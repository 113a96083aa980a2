"""Signing in at a real node: a one-time link, and a lock-out over two server processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crash.serving import Served
from interface.test_tls import gongshu

PASSWORD = "lin-lan-7-qiao-shang-yu"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return a founded node's folder, and the path of each login's one-time link."""
    home = tmp_path_factory.mktemp("founded") / "home"
    said = gongshu(home, "init")
    assert said.status == 0, said.text
    found = re.findall(r"登录名：(\S+?)。.*?(/sign-in/first/\S+)", said.text, re.S)
    return home, dict(found)


@pytest.fixture(scope="module")
def doors(founded: tuple[Path, dict[str, str]]) -> Iterator[tuple[Served, Served]]:
    """Serve the node twice, in two processes that share nothing but the folder."""
    home, _ = founded
    with Served(home) as first, Served(home) as second:
        yield first, second


def browser(door: Served) -> httpx.Client:
    """Return a client with cookies of its own."""
    return httpx.Client(base_url=f"http://127.0.0.1:{door.port}", trust_env=False)


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open the page and send its form."""
    page = client.get(path)
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text
    return client.post(path, data={"csrfmiddlewaretoken": found.group(1), **fields})


def test_a_one_time_link_leaves_the_address_at_once_and_no_log_has_it(
    founded: tuple[Path, dict[str, str]], doors: tuple[Served, Served]
) -> None:
    link = founded[1]["admin"]
    token = link.rstrip("/").rpartition("/")[2]
    with browser(doors[0]) as client:
        reply = client.get(link)
        assert (reply.status_code, reply.headers["location"]) == (302, "/sign-in/first/")
        assert reply.headers["referrer-policy"] == "no-referrer"
        page = client.get("/sign-in/first/")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert token not in page.text
        reply = send(client, "/sign-in/first/", password=PASSWORD, again=PASSWORD)
        assert reply.headers["location"] == "/sign-in/"
    with browser(doors[1]) as late:
        assert late.get(link).status_code == 404
        assert late.get("/sign-in/first/").status_code == 404
        reply = send(late, "/sign-in/", login="admin", password=PASSWORD)
        assert reply.status_code == 302
    said = doors[0].log() + doors[1].log()
    assert "route=sign-in/first/" in said
    assert token not in said


def test_failures_at_two_processes_lock_at_both(
    founded: tuple[Path, dict[str, str]], doors: tuple[Served, Served]
) -> None:
    name = next(one for one in founded[1] if one != "admin")
    with browser(doors[0]) as client:
        client.get(founded[1][name])
        send(client, "/sign-in/first/", password=PASSWORD, again=PASSWORD)
    wrong = []
    for number in range(5):
        with browser(doors[number % 2]) as client:
            wrong.append(send(client, "/sign-in/", login=name, password="wrong-wrong-wrong"))
    assert [reply.status_code for reply in wrong] == [200] * 4 + [429]
    for door in doors:
        with browser(door) as client:
            assert send(client, "/sign-in/", login=name, password=PASSWORD).status_code == 429
