"""How the node's log lines look: enough to find the fault, nothing that came with a request (S11).

An address may hold an identity number, the text of an exception a cell of somebody's data, a
message of a library either of them. So of an exception only its type and place are written, of a
request only its method and the pattern that its address matched, and of a library's message only
the part that stands in its source.
"""

from __future__ import annotations

import logging
from types import TracebackType

OWN = "gongshu"


class DiscreetFormatter(logging.Formatter):
    """Formats a record as `LEVEL logger: what (Type at file:line)`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the one line of a record."""
        line = f"{record.levelname} {record.name}: {_said(record)}"
        if record.exc_info and record.exc_info[0] is not None:
            line += f" ({record.exc_info[0].__name__}{_place(record.exc_info[2])})"
        return line


def _said(record: logging.LogRecord) -> str:
    status = getattr(record, "status_code", None)
    if status is not None:
        return f"{status} {_asked(getattr(record, 'request', None))}"
    if record.name.split(".")[0].startswith(OWN):
        return record.getMessage()
    # Without arguments the text may have been put together before; with them it is a pattern.
    return str(record.msg) if record.args else f"{record.funcName}:{record.lineno}"


def _asked(request: object) -> str:
    match = getattr(request, "resolver_match", None)
    route = getattr(match, "route", "") or "-"
    return f"{getattr(request, 'method', '-')} {route}"


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
