"""Pages leave compressed; nothing that is shown once and nothing that a file holds does."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    """Compress HTML pages for whoever takes them so.

    Sizes of compressed answers can betray a secret beside text of an attacker's choosing (BREACH):
    the framework pads each answer by a random length and masks its tokens anew; pages that show a
    secret say `no-store` and stay as they are.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return the answer, compressed when it is an ordinary page."""
        page = response.get("Content-Type", "").startswith("text/html")
        if not page or "no-store" in response.get("Cache-Control", ""):
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed
