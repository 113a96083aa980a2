"""The client: one node, one key, a room for each part of the API."""

from __future__ import annotations

from types import TracebackType

import httpx

from gongshu_client.door import Door
from gongshu_client.files import Files
from gongshu_client.products import Products
from gongshu_client.rooms import Rooms

_ANSWER_SECONDS = 30.0
_TOTAL_SECONDS = 60.0


class Client(Rooms):
    """Calls one node with one key; safe to share among threads, closed by `with`.

    `timeout` bounds each wait for the node, `total` a call with all its retries, in seconds.
    `transport` replaces the network (proxies, certificates of one's own, tests).
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = _ANSWER_SECONDS,
        total: float = _TOTAL_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        http = httpx.Client(
            base_url=url,
            headers={**headers, "User-Agent": "gongshu-client"},
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
        )
        self._door = Door(http, total=total)
        super().__init__(self._door)
        self.files = Files(self._door)
        self.products = Products(self._door)

    def close(self) -> None:
        """Let the connections go."""
        self._door.close()

    def __enter__(self) -> Client:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the connections go."""
        self.close()
