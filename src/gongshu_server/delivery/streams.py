"""Streams: a released dataset as CSV or JSON, written while it is read, in bounded memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gongshu_server.delivery.entitlements import Product
from gongshu_server.delivery.refusals import Headers

Rows = Iterator[Sequence[tuple[Any, ...]]]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Stream:
    """An HTTP answer whose body is made while it is sent."""

    status: int
    headers: Headers
    parts: Generator[bytes, None, None]


def stream(product: Product, rows: Rows, columns: Sequence[str], receipt: str, form: str) -> Stream:
    """Return the dataset's rows as CSV, or as one JSON object when `form` is "json"."""
    as_json = form == "json"
    kind = b"application/json" if as_json else b"text/csv"
    headers = (
        (b"content-type", kind + b"; charset=utf-8"),
        (b"content-disposition", b"attachment"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"gongshu-receipt", receipt.encode()),
        (b"gongshu-as-of", product.as_of.encode("ascii", "replace")),
    )
    head = {"product": product.id, "as_of": product.as_of, "receipt": receipt}
    parts = _json({**head, "columns": list(columns)}, rows) if as_json else _csv(columns, rows)
    return Stream(200, headers, parts)


def _csv(columns: Sequence[str], rows: Rows) -> Generator[bytes, None, None]:
    # Spreadsheets take a file for GBK unless it begins with a byte order mark.
    yield b"\xef\xbb\xbf" + _lines([columns])
    for chunk in rows:
        yield _lines(chunk)


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _json(head: dict[str, Any], rows: Rows) -> Generator[bytes, None, None]:
    yield _encode(head)[:-1].encode() + b',"rows":['
    separator = b""
    for chunk in rows:
        yield separator + b",".join(_encode(row).encode() for row in chunk)
        separator = b","
    yield b"]}"
