"""What an identity provider answers: JSON of bounded size, in bounded time, from nowhere else.

No redirect is followed and no proxy of the environment is asked, so what is asked is what was
configured. Certificates are checked against the system's authorities.
"""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from gongshu.vocabulary.errors import Unavailable
from gongshu_server.identity_providers import Provider, allowed_address

logger = logging.getLogger(__name__)
SECONDS: Final = 5.0
"""How long connecting may take, and then how long everything else."""
MOST_BYTES: Final = 256 * 1024
AGENT: Final = "gongshu"


def unavailable(provider: Provider, why: str) -> Unavailable:
    """Return the refusal for a provider that does not answer as it must; the log says why."""
    logger.warning("identity provider %s: %s", provider.code, why)
    return Unavailable(
        f"“{provider.name}”现在没有正常应答，请稍后再试，或用登录名和口令登录；"
        "一直这样，请告诉系统管理员。",
        code="provider_unavailable",
    )


def ask(
    provider: Provider,
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the JSON object at the address: a POST with a form, else a GET.

    Raises Unavailable for an address that is not https (or loopback for a loopback issuer), for
    any status but 200, for more than 256 KiB, after five seconds, and for anything but an object.
    """
    if not allowed_address(address, issuer=provider.issuer):
        raise unavailable(provider, "an address that is not https")
    body = None if form is None else urlencode(form)
    sent = {"Accept": "application/json", "User-Agent": AGENT, "Connection": "close"}
    if body is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        status, content = _exchange(address, body, {**sent, **(headers or {})})
        if status != http.client.OK:
            raise unavailable(provider, f"status {status}")
        if len(content) > MOST_BYTES:
            raise unavailable(provider, "an answer that is too long")
        said = json.loads(content)
    except (OSError, http.client.HTTPException) as fault:
        raise unavailable(provider, type(fault).__name__) from None
    except (ValueError, RecursionError):
        raise unavailable(provider, "an answer that is no JSON") from None
    if not isinstance(said, dict):
        raise unavailable(provider, "an answer that is no object")
    return said


def _exchange(address: str, body: str | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connection):
        connection.connect()
        # The timeout counts from one byte to the next: who trickles is cut off by this one.
        cut = threading.Timer(SECONDS, _shut, [connection.sock])
        cut.daemon = True
        cut.start()
        try:
            connection.request("GET" if body is None else "POST", target, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(MOST_BYTES + 1)
        finally:
            cut.cancel()


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
