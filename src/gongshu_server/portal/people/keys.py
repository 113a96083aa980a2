"""People's API keys: shown once, revoked at any time."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu_server.accounts import queries
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.doing import perform as do
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.people.forms import KeyForm


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the reader's keys; who manages people sees those of the organisation."""
    rows = queries.keys(by=sessions.actor(request)).select_related("person", "post")
    page = page_of(rows.filter(product=""), request)
    return render(request, "portal/people/keys.html", {"page": page, "at": sessions.now(request)})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def issue(request: HttpRequest) -> HttpResponse:
    """Ask what a key is for and how far it reaches; show it once."""
    form = KeyForm(request.POST or None)

    def then(outcome: Done) -> HttpResponse:
        clear = outcome.result.clear if outcome.result is not None else ""
        response = render(request, "portal/people/key.html", {"clear": clear})
        response["Cache-Control"] = "no-store"
        return response

    page = {
        "title": _("领取接口凭证"),
        "lead": _("用它以您的岗位调用接口；只显示一次，节点只保存它的摘要。"),
        "button": _("领取"),
        "back": reverse("people:keys"),
    }
    return ask(request, "accounts.issue_key", form, given={}, then=then, page=page)


@signed_in
@require_POST
def revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """Revoke a key; it is refused at the next call."""
    do(request, "accounts.revoke_key", {"key_id": key_id})
    return done(request, _("凭证已收回，下一次调用即被拒绝。"), reverse("people:keys"))
