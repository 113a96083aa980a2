"""How the node's log lines look: enough to find the fault, nothing that came with a request (S11).

An address may hold an identity number, the text of an exception a cell of somebody's data, a
message of a library either of them. So of an exception only its type and place are written, of a
request only its method and the pattern that its address matched, and of a library's message only
the part that stands in its source. What still looks like a key or an identity number is blotted
out: the second net, not the first.

Who did something is not in the log: the journal says it, and those whom it concerns know that.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

OWN = "gongshu"
TEXT, JSON, QUIET = "text", "json", "quiet"
FIELDS: Final = ("id", "method", "route", "status", "ms", "job", "outcome", "code")
"""What one of the node's own lines may say beside its sentence, as `extra={"fields": …}`."""
BLOT: Final = "[…]"
_SECRET: Final = re.compile(
    r"gsa?_[\w.-]{8,}"  # Keys and authorisations.
    r"|(?<![0-9A-Za-z])\d{15}(?:\d{2}[\dXx])?(?![0-9A-Za-z])"  # Identity numbers of people,
    r"|(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])"  # firms,
    r"|(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])"  # and mobile telephones.
    r"|(?i:bearer|basic)\s+\S+"
)


class DiscreetFormatter(logging.Formatter):
    """Formats a record as `LEVEL logger: what (Type at file:line)`, or as one JSON object."""

    def __init__(self, form: str = TEXT) -> None:
        super().__init__()
        if form not in {TEXT, JSON, QUIET}:
            raise ValueError("GONGSHU_LOG is text, json or quiet")
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the one line of a record."""
        fields = {k: v for k, v in _fields(record).items() if k in FIELDS}
        fault = ""
        if record.exc_info and record.exc_info[0] is not None:
            fault = f"{record.exc_info[0].__name__}{_place(record.exc_info[2])}"
        if self._form == JSON:
            line = json.dumps(_value(record, fields, fault), ensure_ascii=False, default=str)
        else:
            line = f"{record.levelname} {record.name}: {_said(record)}"
            line += "".join(f" {name}={value}" for name, value in fields.items())
            line += f" ({fault})" if fault else ""
        # A line is one line, whatever stands in it.
        return _SECRET.sub(BLOT, line.replace("\r", " ").replace("\n", " "))


def report_discreetly() -> None:
    """Let what nobody has caught be a line of the log, too: the usual way prints its text."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    # The library would print the arguments of a record that it cannot format.
    logging.raiseExceptions = False


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(OWN).critical("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def _value(record: logging.LogRecord, fields: Mapping[str, Any], fault: str) -> dict[str, Any]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    value = {"at": at, "level": record.levelname, "logger": record.name, "said": _said(record)}
    return {**value, **fields, **({"fault": fault} if fault else {})}


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields = getattr(record, "fields", None)
    own = record.name.split(".")[0].startswith(OWN)
    return fields if own and isinstance(fields, Mapping) else {}


def _said(record: logging.LogRecord) -> str:
    status = getattr(record, "status_code", None)
    if status is not None:
        return f"{status} {_asked(getattr(record, 'request', None))}"
    if record.name.split(".")[0].startswith(OWN):
        return _own(record)
    # Without arguments the text may have been put together before; with them it is a pattern.
    return str(record.msg) if record.args else f"{record.funcName}:{record.lineno}"


def _own(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.funcName}:{record.lineno}"


def _asked(request: object) -> str:
    return f"{getattr(request, 'method', '-')} {route(request)}"


def route(request: object) -> str:
    """Return the pattern that the address of a request matched; "-" when there was none."""
    match = getattr(request, "resolver_match", None)
    return "-" if match is None else getattr(match, "route", "") or "/"


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
