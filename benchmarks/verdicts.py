"""The verdict while typing, over HTTP: milliseconds that the node takes for one text.

Against the demo's own node and data, signed in as the developer; the text changes with every
request, as it does when somebody types, so that nothing can be answered from memory.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import statistics
import time
import urllib.parse
import urllib.request

ROUNDS = 40
DEVELOPER = "数据开发工程师"


class Browser:
    """A signed-in person at one node, with the cookies that a browser would keep."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://localhost:{port}"
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> str:
        """Return the page at the path."""
        with self._opener.open(self._origin + path, timeout=30) as reply:
            return str(reply.read().decode())

    def post(self, path: str, **said: str) -> str:
        """Send a form to the path and return the answer."""
        body = urllib.parse.urlencode(said).encode()
        request = urllib.request.Request(self._origin + path, data=body)
        request.add_header("Referer", self._origin + "/")
        with self._opener.open(request, timeout=30) as reply:
            return str(reply.read().decode())


def measure_at(port: int) -> dict[str, float]:
    """Return medians in milliseconds for a text that passes and for one that does not."""
    browser, task = _developer_with_a_task(port)
    page = browser.get(task)
    token = found(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    sql = _lawful(browser, page)
    return {
        "verdict over HTTP, query passes, ms": _median(browser, task, token, sql, allowed=True),
        "verdict over HTTP, query refused, ms": _median(
            browser, task, token, sql.replace("GROUP BY", "ORDER BY"), allowed=False
        ),
    }


def _developer_with_a_task(port: int) -> tuple[Browser, str]:
    """Return the browser of the first developer with a task, and the address of that task."""
    page = Browser(port).get("/sign-in/")
    forms = re.findall(r'<form[^>]*action="/sign-in/as/".*?</form>', page, re.S)
    for form in (one for one in forms if DEVELOPER in one):
        browser = Browser(port)
        _sign_in(browser, dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)))
        tasks = re.findall(r'href="(/workshop/tasks/[^"]+)"', browser.get("/workshop/"))
        if tasks:
            return browser, tasks[0]
    raise RuntimeError("no developer of the story has a task")


def _sign_in(browser: Browser, chosen: dict[str, str]) -> None:
    token = found(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in/"))
    browser.post("/sign-in/as/", **(chosen | {"csrfmiddlewaretoken": token}))


def _lawful(browser: Browser, page: str) -> str:
    """Return the text of the story's query that counts in groups."""
    for link in re.findall(r'href="(/workshop/queries/[^"]+)"', page):
        text = found(r"<pre[^>]*>(.*?)</pre>", browser.get(link))
        if "GROUP BY" in text:
            return _plain(text)
    raise RuntimeError("the story leaves no query that counts in groups")


def _plain(text: str) -> str:
    for entity, sign in (("&quot;", '"'), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, sign)
    return text.replace("&amp;", "&")


def _median(browser: Browser, task: str, token: str, sql: str, *, allowed: bool) -> float:
    taken = []
    for number in range(ROUNDS):
        text = f"-- {number}\n{sql}"
        started = time.perf_counter()
        said = {"csrfmiddlewaretoken": token, "sql": text, "exit": "export"}
        answer = json.loads(browser.post(f"{task}verdict/", **said))
        taken.append(time.perf_counter() - started)
        if answer["allowed"] is not allowed:
            raise RuntimeError(f"the benchmark expected another verdict: {answer}")
    return statistics.median(taken) * 1000


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page, re.S)
    if match is None:
        raise RuntimeError(f"the page holds nothing like {pattern}")
    return match.group(1)
