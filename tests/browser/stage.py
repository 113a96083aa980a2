"""A page on a small server of its own, under the portal's policy, that records what goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import BrowserContext, Page

from gongshu_server.portal import assets
from gongshu_server.portal.security import POLICY

TOKEN = "the-token-of-this-page"
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
PAGE = """<!DOCTYPE html>
<html lang="{language}" data-sign-in="/sign-in/"><head><meta charset="utf-8"><title>试验台</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main id="main"><form method="post" data-unguarded hidden>
<input type="hidden" name="csrfmiddlewaretoken" value="{token}"></form>
{body}</main></body></html>"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `cut` closes the connection without any."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        """Return the value as JSON."""
        return cls(status, json.dumps(value).encode(), headers=headers)


Answer = Callable[[Asked], Reply]


class Stage:
    """The server's side of a page: its HTML, what its addresses answer, what was asked."""

    def __init__(self, page: Page) -> None:
        """Take the page; `running` gives it a server."""
        self.page, self.origin = page, ""
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[Asked] = []
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"error: {error.stack or error}"))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text}")

    def answer(self, method: str, path: str, what: Answer | Any) -> None:
        """Let an address answer with a function of the request, or with a value as JSON."""
        self.answers[method, path] = what if callable(what) else lambda _: Reply.of(what)

    def show(self, body: str, *, language: str = "zh-CN", path: str = "/") -> Page:
        """Open a page of that body and wait until its behaviours are attached."""
        html = PAGE.format(
            head=render_to_string("portal/head.html"), body=body, language=language, token=TOKEN
        )
        self.answers["GET", path] = lambda _: Reply(
            200, html.encode(), content_type="text/html; charset=utf-8"
        )
        self.page.goto(self.origin + path)
        self.ready()
        return self.page

    def ready(self) -> None:
        """Wait until every behaviour of the page is attached."""
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)

    def requests(self, method: str, path: str) -> list[Asked]:
        """Return what was asked of one address, in order."""
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def check(self) -> None:
        """Fail on a violation of the policy and on anything the console complained about."""
        violations = self.page.evaluate("window.violations ?? []")
        assert violations == []
        assert self.faults == []

    def reply(self, asked: Asked) -> Reply:
        """Answer one request: a file of the portal, or what the test has set."""
        path = asked.path.split("?")[0]
        if path.startswith("/static/"):
            sent = assets.serve(RequestFactory().get(path), path.removeprefix("/static/"))
            return Reply(sent.status_code, sent.content, sent["Content-Type"])
        if path == "/favicon.ico":
            return Reply(204)
        found = self.answers.get((asked.method, path))
        return found(asked) if found else Reply(404)


@contextmanager
def running(context: BrowserContext) -> Iterator[Stage]:
    """Give a stage with a server on a free port, gone afterwards."""
    page = context.new_page()
    page.add_init_script(LISTEN)
    stage = Stage(page)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stage))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stage.origin = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stage
    finally:
        page.close()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(size))
            stage.asked.append(asked)
            reply = stage.reply(asked)
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Content-Security-Policy", POLICY)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                # A page may leave, or ask anew, before it has its answer.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(reply.body)

        def __getattr__(self, name: str) -> Any:
            """Answer every method alike."""
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet: what was asked is recorded."""

    return Handler
