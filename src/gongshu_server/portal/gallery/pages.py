"""The page of components: one look, or one test, over everything that pages are made of."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.portal import sessions
from gongshu_server.portal.gallery import samples

RECEIPT = "01K87B3EM0JSZWH5HHG81YVPZR"
CLAUSES = ("27-14", "opinions-3.4", "dc-5")
LEVELS = (("core", None), ("important", None), ("general", 4), ("general", 1), ("", None))


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every component in all its states; a real node has no such page."""
    if not sessions.reading(request).demo:
        raise NotFound(_("没有这一页。"), code="page_not_found")
    at = sessions.now(request)
    context = {
        "now": at,
        "clauses": CLAUSES,
        "clocks": samples.clocks(at),
        "cards": samples.cards(),
        "coverages": samples.coverages(at),
        "nodes": samples.nodes(),
        "steps": samples.steps(at),
        "levels": LEVELS,
        "receipt_number": RECEIPT,
    }
    return render(request, "portal/gallery/gallery.html", context)
