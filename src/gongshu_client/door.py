"""One way to the node for every call: headers, retries within a total time, refusals as exceptions.

A call is sent again when the node says when (`Retry-After`, with 429 and 503), and when the line
breaks and a repeat does no harm: reads, and writes under an idempotency key, which stays the same.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

import httpx

from gongshu_client.coding import Answer, decode, encode
from gongshu_client.problems import Unreachable, problem_of, retry_after

T = TypeVar("T")
KEY, SEEN, REPLAYED = "Idempotency-Key", "If-Match", "Idempotent-Replayed"
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_LATER: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call on its way; `repeatable` when sending it twice is as good as sending it once."""

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    json: Any = None
    content: bytes | None = None
    files: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = False


def address(path: str, **places: Any) -> str:
    """Return the path with each place filled in; what stands in a place stays within it."""
    return path.format(**{name: quote(str(value), safe="") for name, value in places.items()})


class Door:
    """Sends calls with one key. `total` bounds a call with all its retries, in seconds."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        total: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._total, self._sleep, self._clock = http, total, sleep, clock

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def read(self, kind: type[T], path: str, query: Mapping[str, Any] | None = None) -> T:
        """Return what a GET answers, as a value of the kind."""
        request = Request(method="GET", path=path, query=query, repeatable=True)
        return _answer(kind, self.send(request))

    def fetch(self, path: str) -> bytes:
        """Return what a GET answers, byte for byte."""
        return self.send(Request(method="GET", path=path, repeatable=True)).content

    def pages(self, kind: type[T], path: str, query: Mapping[str, Any]) -> Iterator[T]:
        """Yield every item of a list, fetching one page after the other as they are asked for."""
        after = ""
        while True:
            page = self.read(dict[str, Any], path, {**query, "after": after})
            for item in page["items"]:
                yield decode(kind, item)
            after = page["next"]
            if not after:
                return

    def write(
        self,
        kind: type[T],
        path: str,
        body: Mapping[str, Any],
        idempotency_key: str | None = None,
        if_match: str = "",
    ) -> T:
        """Return what a POST answers that is done once under its key; one is made if none is given.

        Raises Problem, and Unreachable, which carries the key, when no answer came in time.
        """
        headers = {KEY: idempotency_key or new_key()} | ({SEEN: if_match} if if_match else {})
        request = Request(
            method="POST", path=path, json=encode(body), headers=headers, repeatable=True
        )
        return _answer(kind, self.send(request))

    def form(
        self,
        kind: type[T],
        path: str,
        files: Mapping[str, tuple[str, bytes]],
        idempotency_key: str | None = None,
    ) -> T:
        """Return what a POST of files answers that is done once under its key."""
        headers = {KEY: idempotency_key or new_key()}
        request = Request(method="POST", path=path, files=files, headers=headers, repeatable=True)
        return _answer(kind, self.send(request))

    def ask(self, kind: type[T], path: str, body: Mapping[str, Any] | None = None) -> T:
        """Return what a POST answers that takes no key because a repeat of it changes nothing."""
        request = Request(method="POST", path=path, json=encode(body), repeatable=True)
        return _answer(kind, self.send(request))

    def drop(self, path: str) -> None:
        """Send a DELETE; one that is repeated finds nothing left to do."""
        self.send(Request(method="DELETE", path=path, repeatable=True))

    def send(self, request: Request) -> httpx.Response:
        """Send until there is an answer that stands, and return it, wholly read."""
        with self.stream(request) as response:
            response.read()
            return response

    @contextmanager
    def stream(self, request: Request) -> Iterator[httpx.Response]:
        """Send until there is an answer that stands; its body is read in the body of `with`."""
        end, tried = self._clock() + self._total, 0
        while True:
            wait = min(_FIRST_WAIT * 2**tried, _LONGEST_WAIT) * random.uniform(0.5, 1)  # noqa: S311 - spreads callers, hides nothing
            tried += 1
            try:
                response = self._http.send(self._built(request), stream=True)
            except httpx.TransportError as error:
                if not request.repeatable or self._clock() + wait > end:
                    key = (request.headers or {}).get(KEY, "")
                    raise Unreachable(type(error).__name__, key) from error
                self._sleep(wait)
                continue
            try:
                later = retry_after(response) if response.status_code in _LATER else None
                if later is None or self._clock() + max(later, wait) > end:
                    yield _standing(response)
                    return
            finally:
                response.close()
            self._sleep(max(later, wait))

    def _built(self, request: Request) -> httpx.Request:
        query = {k: _plain(v) for k, v in (request.query or {}).items() if v is not None}
        return self._http.build_request(
            request.method,
            request.path,
            params=query or None,
            json=request.json,
            content=request.content,
            files=request.files,
            headers=dict(request.headers or {}),
        )


def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return secrets.token_urlsafe(16)


def _standing(response: httpx.Response) -> httpx.Response:
    if response.status_code >= 300:  # A redirect is not followed: it could lead the key away.
        response.read()
        raise problem_of(response)
    return response


def _answer(kind: type[T], response: httpx.Response) -> T:
    value = decode(kind, response.json() if response.content else None)
    if is_dataclass(value) and isinstance(value, Answer):
        etag = response.headers.get("ETag", "")
        replayed = response.headers.get(REPLAYED) == "true"
        return cast(T, replace(value, etag=etag, replayed=replayed))
    return value


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
