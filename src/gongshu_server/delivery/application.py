"""The ASGI application of a serving process."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from gongshu_server.delivery.entitlements import EntitlementSource
from gongshu_server.delivery.host import Host, Refused, Tuning
from gongshu_server.delivery.quotas import QuotaBank
from gongshu_server.delivery.refusals import NOT_FOUND, problem
from gongshu_server.delivery.web import Application, Receive, Scope, Send, route, send_whole

_FAILED: Final = problem(
    500,
    code="internal",
    title="内部错误",
    detail="服务内部出错，运行单位已得到记录。请稍后重试；仍然出错时请联系运行单位。",
)


class _DataPlane:
    """Serves products itself and passes everything else on.

    Nothing is opened before the server starts it, so that it can be made at import.
    """

    def __init__(
        self,
        folder: Path,
        *,
        secret: bytes,
        source: EntitlementSource,
        bank: QuotaBank | None,
        otherwise: Application,
        refused: Refused | None,
        tuning: Tuning,
    ) -> None:
        self._refused = refused
        self._folder, self._secret, self._source = folder, secret, source
        self._bank, self._otherwise, self._tuning = bank, otherwise, tuning
        self._host: Host | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and (target := route(scope)) is not None:
            try:
                await self._opened().door.serve(*target, scope, (receive, send))
            except Exception as error:  # noqa: BLE001 - what it says may name a subject (S11)
                _report(error)
                self._opened().failed(target[1])
                with suppress(Exception):
                    await send_whole(send, _FAILED)
        else:
            await self._otherwise(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._opened()
        except Exception as error:  # noqa: BLE001 - the server has to hear that it cannot start
            _report(error)
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._host is not None:
            self._host.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _opened(self) -> Host:
        if self._host is None:
            self._host = Host(
                self._folder,
                secret=self._secret,
                source=self._source,
                bank=self._bank,
                refused=self._refused,
                tuning=self._tuning,
            )
        return self._host


def application(
    folder: Path,
    *,
    secret: bytes,
    source: EntitlementSource,
    bank: QuotaBank | None = None,
    otherwise: Application | None = None,
    refused: Refused | None = None,
    tuning: Tuning | None = None,
) -> Application:
    """Return the ASGI application of the data plane for one process.

    `folder` takes the epoch, the use records (`uses/`), the quota bank and the used
    authorisations; all processes of a host share it. `secret` is the node's secret. Requests that
    are not for products go to `otherwise`; `refused` is told of calls without a key that opens
    anything.
    """
    return _DataPlane(
        folder,
        secret=secret,
        source=source,
        bank=bank,
        otherwise=otherwise or _nothing_behind,
        refused=refused,
        tuning=tuning or Tuning(),
    )


async def _nothing_behind(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send_whole(send, NOT_FOUND)


def _report(error: Exception) -> None:
    """Say where it happened and of which kind it is, and nothing that came with a request."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    sys.stderr.write(f"数据服务内部错误：{type(error).__name__}{where}\n")
