"""Signing in at an identity provider: the way there, and the way back.

The sign-in counts like a password: a second step follows where the person has one, failures count
for the same lock-out, and nobody is signed up or linked by it.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login as Entry
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts import actions, id_tokens, identities, oidc
from gongshu_server.accounts.oidc import Pair
from gongshu_server.identity_providers import Provider
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.doing import done
from gongshu_server.portal.entrance import locked_out
from gongshu_server.portal.signing_in import onward

ASKED = "oidc_question"


@never_cache
@require_POST
def there(request: HttpRequest, code: str) -> HttpResponse:
    """Send a stranger's browser to the provider; who is signed in already goes on."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward(request))
    onto = onward(request) if request.POST.get("next") else ""
    return leave(request, oidc.provider(code), onto=onto)


def leave(request: HttpRequest, one: Provider, **memory: str) -> HttpResponse:
    """Answer with the page that leads to the provider; the session remembers the question.

    The policy lets forms go to this node alone, and browsers hold a form's redirects to it: so the
    page itself goes on, by its header, or by its link.
    """
    question = oidc.ask(one, back=_back(one), now=int(time.time()))
    request.session[ASKED] = {**question.memory, **memory}
    context = {"provider": one, "address": question.address}
    response = render(request, "portal/shell/leaving.html", context)
    response["Refresh"] = f"0;url={question.address}"
    return response


@never_cache
@require_http_methods(["GET"])
def back(request: HttpRequest, code: str) -> HttpResponse:
    """Take the provider's answer: sign in, or confirm what was registered for the reader."""
    one = oidc.provider(code)
    memory = request.session.pop(ASKED, {})
    try:
        now = int(time.time())
        pair = oidc.answered(one, request.GET.dict(), memory, back=_back(one), now=now)
        if memory.get("person"):
            return _confirm(request, pair, person=memory["person"])
        return _enter(request, one, pair, onto=memory.get("onto", ""))
    except DomainError as error:
        # The page is shown at this address and names it (the language switch): not with the code.
        request.META["QUERY_STRING"] = ""
        context = {"sentence": refusals.card(error).sentence}
        status = refusals.status_of(error)
        return render(request, "portal/shell/locked_out.html", context, status=status)


def _back(one: Provider) -> str:
    # Made of the node's own address, never of what a request says its host is.
    address: str = settings.ADDRESS
    return address + reverse("sign_in_back", args=[one.code])


def _confirm(request: HttpRequest, pair: Pair, *, person: str) -> HttpResponse:
    by = sessions.actor(request)
    if by.person != person:
        raise id_tokens.refusal()
    actions.confirm_identity(proved=pair, by=by, at=sessions.now(request))
    return done(request, _("统一身份已确认，下次可以用它登录。"), reverse("people:safety"))


def _enter(request: HttpRequest, one: Provider, pair: Pair, *, onto: str) -> HttpResponse:
    login = identities.login_of(pair)
    # No login's name has a colon: the failures of a pair that opens nothing count for itself.
    name = login.username if login else f"oidc:{identities.digest(pair)[:32]}"
    credentials = {"username": name}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return locked_out(request)
    if login is None:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        raise identities.unknown(one)
    record_authentication(request, login, method="oidc", provider=one.code)
    response: Any = perform_login(request, Entry(user=login, redirect_url=onto or None))
    found: HttpResponse = response
    return found
