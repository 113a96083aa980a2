"""The regions that the map shows: the node's own polygons, a file that its operator puts there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongshu_server.portal import sessions
from gongshu_server.portal.doing import signed_in

FILE = "regions.geojson"


def _path() -> Path:
    return Path(settings.HOME) / FILE


def names() -> list[tuple[str, str]]:
    """Return (code, name) of each region in the file; none where there is no file."""
    try:
        said: dict[str, Any] = json.loads(_path().read_text(encoding="utf-8"))
        return [(f["properties"]["code"], f["properties"]["name"]) for f in said["features"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


@signed_in
@require_safe
def shapes(request: HttpRequest) -> HttpResponse:
    """Hand out the polygons to who is signed in."""
    sessions.actor(request)
    if not _path().is_file():
        raise Http404
    return HttpResponse(_path().read_bytes(), content_type="application/geo+json")
