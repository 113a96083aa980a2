"""The node's static files: style sheets, scripts and fonts, served by the node itself.

A page names a file with `{% asset "site.css" %}`, which gives an address that holds the digest of
the content. Under that address the file never changes, so browsers keep it for a year; a new
content has a new address. Every other address of the same file (a plain one, one with an older
digest, or one that a style sheet reached by a relative path) answers the present content, to be
asked about again each time.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from django import template
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

FOLDER: Final = Path(__file__).resolve().parent / "static"
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
DIGITS: Final = 16
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What is served, by suffix; a file of another kind is not there for a browser."""
PACKED: Final = frozenset({".png", ".jpg", ".webp", ".woff2"})
"""Kinds that are compressed already."""

# Neither a step upwards nor a hidden file has such a name.
_NAME: Final = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*(?:/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)*")
_DIGEST: Final = re.compile(rf"([0-9a-f]{{{DIGITS}}})/(.+)")

register = template.Library()


class Version(NamedTuple):
    """One content of a file, as its place in the file system tells it apart from the next."""

    path: Path
    modified: int
    size: int


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a static file, with the digest of its content.

    Raises FileNotFoundError for a name that is not served: the page is wrong, not its reader.
    """
    version = _version(name)
    if version is None:
        raise FileNotFoundError(f"no static file {name}")
    return reverse("asset", args=[f"{_digest(version)}/{name}"])


@require_safe
def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a static file, compressed for whoever takes it so."""
    named = _DIGEST.fullmatch(path)
    digest, name = named.groups() if named else ("", path)
    version = _version(name)
    if version is None:
        raise Http404
    present = _digest(version)
    packed = _packed(version) if _takes_gzip(request) else None
    body = version.path.read_bytes() if packed is None else packed
    response = HttpResponse(body, content_type=TYPES[version.path.suffix])
    response["Cache-Control"] = FOREVER if digest == present else ASK_AGAIN
    response["Vary"] = "Accept-Encoding"
    response["Content-Length"] = str(len(body))
    etag = f'"{present}"' if packed is None else f'"{present}-gzip"'
    response["ETag"] = etag
    if packed is not None:
        response["Content-Encoding"] = "gzip"
    return get_conditional_response(request, etag=etag, response=response) or response


def _version(name: str) -> Version | None:
    """Return the present content of a file; None when nothing is served under the name."""
    if not _NAME.fullmatch(name):
        return None
    path = Path(f"{FOLDER}/{name}")  # A template's SafeString is no part of a path.
    if path.suffix not in TYPES or not path.is_file() or path.resolve() != path:
        return None  # A link may lead out of the folder.
    status = path.stat()
    return Version(path, status.st_mtime_ns, status.st_size)


@cache
def _digest(version: Version) -> str:
    return hashlib.sha256(version.path.read_bytes()).hexdigest()[:DIGITS]


@cache
def _packed(version: Version) -> bytes | None:
    """Return the compressed content, made once in a process; None when that saves nothing."""
    if version.path.suffix in PACKED:
        return None
    packed = gzip.compress(version.path.read_bytes(), mtime=0)
    return packed if len(packed) < version.size else None


def _takes_gzip(request: HttpRequest) -> bool:
    """Tell whether a request accepts gzip (RFC 9110 §12.5.3): by name, or by `*`, not at q=0."""
    weights = {}
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    wanted = weights.get("gzip", weights.get("*"))
    return wanted is not None and not re.fullmatch(r"q=0(\.0*)?", wanted)
