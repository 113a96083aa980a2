"""Who is who at an identity provider: registered by the system administrator, confirmed by each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu_server.accounts import identities, oidc, queries
from gongshu_server.accounts.permissions import require
from gongshu_server.portal import by_provider, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.people.forms import IdentityForm
from gongshu_server.portal.people.safety import proved


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the system administrator who is registered as whom, and what waits for a person."""
    by = sessions.actor(request)
    require(by, "login.manage")
    names = {one.issuer: one.name for one in oidc.providers()}
    context = {"page": page_of(identities.listing(by=by), request), "names": names}
    return render(request, "portal/people/identities.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """Ask which subject of which provider a person is, and register it."""
    by, at = sessions.actor(request), sessions.now(request)
    require(by, "login.manage")
    named = [(one.code, one.name) for one in oidc.providers()]
    people = queries.everybody(by=by, at=at)
    form = IdentityForm(request.POST or None, people=people, providers=named)

    def then(outcome: Done) -> HttpResponse:
        sentence = _("已登记。请本人用口令登录，在“登录安全”里确认；确认之前不能用它登录。")
        return done(request, sentence, reverse("people:identities"))

    page = {
        "title": _("登记统一身份"),
        "lead": _("只按用户标识（sub）认人，不看姓名和邮箱；节点只保存它的摘要。"),
        "button": _("登记"),
        "back": reverse("people:identities"),
    }
    return ask(request, "accounts.link_identity", form, given={}, then=then, page=page)


@signed_in
@require_POST
def unlink(request: HttpRequest, identity_id: str) -> HttpResponse:
    """End a link; the person's open sessions end with it."""
    perform(request, "accounts.unlink_identity", {"identity_id": identity_id})
    sentence = _("统一身份登记已解除，该人员的登录已结束。")
    return done(request, sentence, reverse("people:identities"))


@proved
@require_POST
def confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Lead the reader to the provider, so that they come back with what is registered for them."""
    one = oidc.provider(code)
    return by_provider.leave(request, one, person=sessions.actor(request).person)
