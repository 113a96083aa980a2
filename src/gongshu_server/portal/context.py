"""What the frame of every page shows: node, shell, navigation, and who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from gongshu_server.portal import sessions
from gongshu_server.portal.shells import SHELLS, navigation, shell


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what `page.html` needs on every page (a context processor)."""
    kind = shell(request)
    return {
        "demo": sessions.reading(request).demo,
        "now": sessions.now(request),
        "shell": kind,
        "shell_name": SHELLS[kind],
        "navigation": navigation(request),
        "signed_in": sessions.of(request),
    }
