"""The door: raw ASGI in front of everything else, no framework and no middleware.

    POST|GET /v1/products/PRODUCT/verify    one question about one subject
    GET      /v1/products/PRODUCT/data      a released dataset, as CSV or JSON

Everything else goes to the application behind. The key comes in `Authorization: Bearer gs_…` and
nowhere else: an address ends up in logs.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import closing
from time import perf_counter
from typing import Any, Final
from urllib.parse import parse_qsl

from gongshu.vocabulary.errors import Unavailable
from gongshu_server.counters import Counters
from gongshu_server.delivery.admission import Admission
from gongshu_server.delivery.answers import answer
from gongshu_server.delivery.calls import STRANGER, Call, Judge, identify
from gongshu_server.delivery.entitlements import DATASET, VERIFICATION
from gongshu_server.delivery.freshness import Freshness
from gongshu_server.delivery.refusals import TOO_LONG, Response, unavailable
from gongshu_server.delivery.serving import ServingFiles
from gongshu_server.delivery.streams import Stream

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Streams = tuple[Receive, Send]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX: Final = "/v1/products/"
_DOORS: Final[Mapping[tuple[str, str], str]] = {
    ("verify", "GET"): VERIFICATION,
    ("verify", "POST"): VERIFICATION,
    ("data", "GET"): DATASET,
}
_MOST_BYTES: Final = 16_384
_MOST_ITEMS: Final = 64


class Door:
    """Parses a request, has it answered and sends the answer."""

    def __init__(
        self,
        *,
        secret: bytes,
        freshness: Freshness,
        judge: Judge,
        files: ServingFiles,
        admission: Admission,
        counters: Counters,
    ) -> None:
        self._secret, self._freshness, self._judge = secret, freshness, judge
        self._files, self._admission, self._counters = files, admission, counters
        self._strangers = 0

    def take_strangers(self) -> int:
        """Return how many calls came without a key that opens anything since this was asked."""
        taken, self._strangers = self._strangers, 0
        return taken

    async def serve(self, product: str, form: str, scope: Scope, streams: Streams) -> None:
        """Answer one request to a product; `streams` are ASGI's receive and send."""
        started = perf_counter()
        status = await self._answer(product, form, scope, streams)
        self._counters.call(form, status, perf_counter() - started)

    async def _answer(self, product: str, form: str, scope: Scope, streams: Streams) -> int:
        """Answer one request and return the status of the answer."""
        receive, send = streams
        body = b"" if scope["method"] == "GET" else await _body(receive)
        if body is None or len(scope["query_string"]) > _MOST_BYTES:
            await send_whole(send, TOO_LONG)
            return TOO_LONG.status
        call = parse(product, form, scope, body)
        try:
            caller = identify(self._freshness.current(), call, secret=self._secret)
            self._strangers += caller.key is STRANGER
            with self._admission.admitted(caller.key.purpose):
                reply = await answer(self._judge, self._files, caller, call)
                await _send(send, reply)
                return reply.status
        except Unavailable as error:
            refusal = unavailable(error)
            await send_whole(send, refusal)
            return refusal.status


def route(scope: Scope) -> tuple[str, str] | None:
    """Return product and form when the request is for the data plane, else None."""
    path: str = scope["path"]
    if not path.startswith(PREFIX):
        return None
    product, _, door = path[len(PREFIX) :].partition("/")
    form = _DOORS.get((door, scope["method"]))
    return None if form is None else (product, form)


def parse(product: str, form: str, scope: Scope, body: bytes) -> Call:
    """Return what a request says; what cannot be read counts as not said.

    Whether something is missing is looked at only after the decision, so that a stranger is told
    nothing about it.
    """
    authorization, authorisation = b"", b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"gongshu-authorisation":
            authorisation = value
    said = _query(scope["query_string"])
    in_url = "key" in said
    said |= _members(body)
    scheme, _, key = authorization.partition(b" ")
    items = said.get("items", "")
    return Call(
        key=key.strip().decode("latin-1") if scheme.lower() == b"bearer" else "",
        product=product,
        form=form,
        subject=said.get("key", ""),
        subject_in_url=in_url,
        purpose=said.get("purpose", ""),
        items=frozenset(filter(None, items.split(",")[:_MOST_ITEMS])) if items else frozenset(),
        authorisation=authorisation.decode("latin-1") or said.get("authorisation", ""),
        format=said.get("format", ""),
    )


async def send_whole(send: Send, whole: Response) -> None:
    """Send an answer in one piece."""
    await send({"type": "http.response.start", "status": whole.status, "headers": whole.headers})
    await send({"type": "http.response.body", "body": whole.body})


async def _send(send: Send, reply: Response | Stream) -> None:
    if isinstance(reply, Stream):
        await _send_stream(send, reply)
    else:
        await send_whole(send, reply)


async def _send_stream(send: Send, stream: Stream) -> None:
    await send({"type": "http.response.start", "status": stream.status, "headers": stream.headers})
    # A caller that hangs up must not leave the file open.
    with closing(stream.parts) as parts:
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body, None when it is longer than any call needs."""
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        length += len(part)
        if length > _MOST_BYTES:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _query(query: bytes) -> dict[str, str]:
    text = query.decode("utf-8", "replace")
    if "%" in text or "+" in text or "&" in text:
        return dict(parse_qsl(text))
    name, _, value = text.partition("=")  # By far the most: one plain parameter.
    return {name: value} if value else {}


def _members(body: bytes) -> dict[str, str]:
    """Return the text members of a JSON object; nothing when the body is anything else."""
    if not body:
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    pairs = value.items() if isinstance(value, dict) else ()
    # A lone surrogate can be neither hashed nor recorded; it belongs to no key and no code.
    return {k: v.encode("utf-8", "replace").decode() for k, v in pairs if isinstance(v, str)}
