"""Signing in with a passkey: it proves possession and person, so no second step follows."""

from __future__ import annotations

from allauth.account.models import Login as Entry
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts import logins, passkeys
from gongshu_server.portal import kept, refusals, sessions
from gongshu_server.portal.entrance import locked_out, note_failure
from gongshu_server.portal.signing_in import onward

ASKED = "passkey_question"


@never_cache
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def by_passkey(request: HttpRequest) -> HttpResponse:
    """Answer with the question for the browser; signed in with it, each question counts once."""
    if request.method != "POST":
        asked = passkeys.ask_to_sign_in()
        request.session[ASKED] = asked.state
        return JsonResponse({"request_options": asked.options})
    answer = request.POST.get("credential", "")
    known = passkeys.presented(answer)
    credentials = {"username": known.username if known else ""}
    if known and not AxesProxyHandler.is_allowed(request, credentials):
        return locked_out(request)
    try:
        return _enter(request, answer)
    except DomainError as error:
        if known:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            note_failure(request, known.username)
        context = {"sentence": refusals.card(error).sentence}
        status = refusals.status_of(error)
        return render(request, "portal/shell/locked_out.html", context, status=status)


def _enter(request: HttpRequest, answer: str) -> HttpResponse:
    found = passkeys.answered(answer, request.session.pop(ASKED, None))
    by = logins.alone(found.login.person_id)
    row = passkeys.count_passkey(
        factor_id=found.factor_id, count=found.count, by=by, at=sessions.now(request)
    )
    kept.take_along(request)
    onto = onward(request) if request.POST.get("next") else None
    entry = Entry(user=found.login, redirect_url=onto)
    response: HttpResponse = perform_passwordless_login(request, row, entry)
    return response
