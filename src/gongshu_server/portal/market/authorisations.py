"""A subject's authorisations on pages: giving one, its token shown once, and those given so far."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu_server.accounts.directory import holders
from gongshu_server.market import shelf
from gongshu_server.market.models import VERIFICATION
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, signed_in
from gongshu_server.portal.market.forms import AuthorisationForm

MOST = 100


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Let the reader's own subject authorise one caller for one question, once."""
    at = sessions.now(request)
    offered = shelf.products(None).filter(form=VERIFICATION)[:MOST]
    form = AuthorisationForm(
        request.POST or None,
        products=[(row.pk, row.title) for row in offered],
        callers=holders("data_user", "demander", at=at),
    )

    def then(outcome: Done) -> HttpResponse:
        response = render(request, "portal/market/token.html", {"given": outcome.result})
        response["Cache-Control"] = "no-store"
        return response

    page = {
        "title": _("授权他人核验本单位"),
        "lead": _("授权只对一个使用方、一项核验、一个用途有效，用过一次即失效。"),
        "button": _("作出授权"),
        "back": reverse("market:authorisations"),
        "clause": "dc-7",
    }
    return ask(request, "market.authorise_subject", form, given={}, then=then, page=page)


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the authorisations that the reader's organisation has given."""
    rows = shelf.authorisations(by=sessions.actor(request))
    return render(request, "portal/market/authorisations.html", {"rows": rows})
