"""The safety of one's own login: password, second steps, recovery codes, open sessions.

Before anything that could let somebody else in, the reader proves once more who they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import segno
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import DomainError, NotFound
from gongshu_server.accounts import (
    actions,
    identities,
    logins,
    oidc,
    open_sessions,
    passkeys,
    second_factors,
)
from gongshu_server.accounts.models import Login
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.doing import View, done, perform, signed_in
from gongshu_server.portal.first_password import FirstPasswordForm
from gongshu_server.portal.people.devices import device

SEED = "totp_seed"
ASKED = "passkey_to_add"


def _login(request: HttpRequest) -> Login:
    login = request.user
    if not login.is_authenticated:
        raise NotFound("演示身份没有登录名，不能设置口令和验证方式。", code="no_login")
    return login


def proved(view: Callable[..., Any]) -> View:
    """Let only who has proved once more who they are reach the view."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _login(request)
        raise_if_reauthentication_required(request, app="gongshu")
        response: HttpResponse = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return signed_in(guarded)


@signed_in
@require_safe
def safety(request: HttpRequest) -> HttpResponse:
    """Show how the reader signs in, and where they are signed in now."""
    by = sessions.actor(request)
    login = logins.of(by.person)
    opened = open_sessions.of(by=by, here=request.session.session_key or "")
    context = {
        "login": login,
        "factors": second_factors.of(login) if login else [],
        "codes": second_factors.unused_recovery_codes(login) if login else 0,
        "identities": _identities(by.person),
        "open": [(one, device(one.device)) for one in opened],
    }
    return render(request, "portal/people/safety.html", context)


def _identities(person_id: str) -> list[dict[str, Any]]:
    """Return what is registered for the person at the providers that are configured now."""
    named = {one.issuer: one for one in oidc.providers()}
    rows = identities.waiting(person_id) if named else []
    return [
        {"provider": named[row.issuer], "confirmed_at": row.confirmed_at}
        for row in rows
        if row.issuer in named
    ]


@proved
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; every other session ends."""
    form = FirstPasswordForm(request.POST or None)
    refusal, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            login = actions.change_password(
                password=form.cleaned_data["password"],
                keep=request.session.session_key or "",
                by=sessions.actor(request),
                at=sessions.now(request),
            )
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            sessions.stay(request, login)
            sentence = _("口令已更换，其他设备上的登录已全部结束。")
            return done(request, sentence, reverse("people:safety"))
    context = {"form": form, "card": refusal, "login": _login(request), "own": True}
    return render(request, "portal/shell/first_password.html", context, status=status)


@proved
@require_http_methods(["GET", "HEAD", "POST"])
def totp(request: HttpRequest) -> HttpResponse:
    """Show the code for an authenticator app; add the app once it shows a right number."""
    login = _login(request)
    seed = request.session.setdefault(SEED, second_factors.fresh_totp())
    refusal, status = None, 200
    if request.method == "POST":
        try:
            codes = actions.add_totp(
                seed=seed,
                totp_code=request.POST.get("code", ""),
                by=sessions.actor(request),
                at=sessions.now(request),
            )
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            request.session.pop(SEED)
            return _codes(request, codes)
    picture = segno.make(second_factors.totp_address(login, seed), micro=False)
    context = {"seed": seed, "picture": picture.png_data_uri(scale=5), "card": refusal}
    return render(request, "portal/people/totp.html", context, status=status)


@proved
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Let the browser make a passkey, and add it to the reader's login."""
    refusal, status = None, 200
    if request.method == "POST":
        try:
            actions.add_passkey(
                name=request.POST.get("name", ""),
                answer=request.POST.get("credential", ""),
                question=request.session.pop(ASKED, {}),
                by=sessions.actor(request),
                at=sessions.now(request),
            )
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            sentence = _("通行密钥已添加，下次可以用它登录。")
            return done(request, sentence, reverse("people:safety"))
    asked = passkeys.ask_to_add(_login(request))
    request.session[ASKED] = asked.state
    context = {"asked": {"creation_options": asked.options}, "card": refusal}
    return render(request, "portal/people/passkey.html", context, status=status)


@proved
@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them once."""
    by, at = sessions.actor(request), sessions.now(request)
    return _codes(request, actions.renew_recovery_codes(by=by, at=at))


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return render(request, "portal/people/codes.html", {"codes": codes})


@proved
@require_POST
def remove(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Remove one of one's own second steps."""
    perform(request, "accounts.remove_factor", {"factor_id": factor_id})
    return done(request, _("验证方式已移除。"), reverse("people:safety"))


@signed_in
@require_POST
def end(request: HttpRequest, name: str) -> HttpResponse:
    """End one of one's own sessions."""
    perform(request, "accounts.end_session", {"name": name})
    return done(request, _("这个登录已结束。"), reverse("people:safety"))
