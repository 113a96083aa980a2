"""Signing in and out, choosing a post and a role, and the language of the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.views import LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from gongshu.vocabulary.errors import Invalid, NotFound
from gongshu_server.accounts import demonstration, logins, oidc
from gongshu_server.portal import kept, refusals, sessions
from gongshu_server.portal.doing import done
from gongshu_server.portal.entrance import AgainByCodeForm, AgainForm, CodeForm, SignInForm
from gongshu_server.portal.first_password import FirstPasswordForm

LINK = "first_password"


def onward(request: HttpRequest) -> str:
    """Return where to go on: the `next` address if it is one of this node's own."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("work")


class SignIn(LoginView):
    """The ways to sign in; a demo node offers one click into each role as well."""

    template_name = "portal/shell/sign_in.html"
    form_class = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the page shows."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        found["roles"] = demonstration.roles(at=sessions.now(self.request))
        found["providers"] = oidc.providers()
        found["next"] = self.request.POST.get("next") or self.request.GET.get("next", "")
        found["kept"] = self.request.POST.get(kept.FIELD, "")
        return found

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in, and take along what was typed before."""
        kept.take_along(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class SecondStep(AuthenticateView):
    """The second step of a sign-in: a code."""

    template_name = "portal/shell/second_step.html"
    form_class = CodeForm

    def _build_forms(self) -> CodeForm | None:
        """Return the posted code; passkeys are a way of their own (by_passkey.py)."""
        posted = self.request.POST if self.request.method == "POST" else None
        self.webauthn_form = None
        self.auth_form = CodeForm(user=self.stage.login.user, data=posted)
        return None if posted is None else self.auth_form


class Again(ReauthenticateView):
    """The password once more, before a page that concerns the safety of the login."""

    template_name = "portal/shell/again.html"
    form_class = AgainForm


class AgainByCode(ReauthenticateByCodeView):
    """A code instead of the password, before such a page."""

    template_name = "portal/shell/again.html"
    form_class = AgainByCodeForm


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as a person of the demo city; on a real node this does not exist (404)."""
    person, post = request.POST.get("person", ""), request.POST.get("post", "")
    at = sessions.now(request)
    if not demonstration.knows(person, post, at=at):
        raise NotFound("没有这个演示身份。", code="no_demo_identity")
    enter_demo(request, person_id=person, post_id=post, at=at)
    kept.take_along(request)
    return HttpResponseRedirect(onward(request))


def enter_demo(request: HttpRequest, *, person_id: str, post_id: str, at: datetime) -> None:
    """Let the session begin anew as a person of the demo city, in the post."""
    logout(request)
    request.session.cycle_key()
    sessions.begin(request, person_id=person_id)
    sessions.enter(request, person_id=person_id, post_id=post_id, at=at)
    logins.note_sign_in(person_id=person_id, way="demo", by=sessions.entered(request), at=at)


@never_cache
@require_http_methods(["GET"])
def open_link(request: HttpRequest, login_id: int, token: str) -> HttpResponse:
    """Take a one-time link out of the address, once, and go on to the page without it."""
    at = sessions.now(request)
    login = logins.by_link(login_id, token, at=at)
    by = logins.alone(login.person_id)
    logout(request)
    fresh = logins.open_link(login_id=login_id, token=token, by=by, at=at)
    request.session[LINK] = {"login": login.pk, "token": fresh}
    return _unnamed(HttpResponseRedirect(reverse("first")))


def _unnamed(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def first_password(request: HttpRequest) -> HttpResponse:
    """Let whoever has opened a one-time link set a password, and lead to the sign-in page."""
    held, at = request.session.get(LINK, {}), sessions.now(request)
    login_id, token = held.get("login", 0), held.get("token", "")
    login = logins.by_link(login_id, token, at=at)
    form = FirstPasswordForm(request.POST or None)
    refusal, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            logins.set_password_by_link(
                login_id=login_id,
                token=token,
                password=form.cleaned_data["password"],
                by=logins.alone(login.person_id),
                at=at,
            )
        except Invalid as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            request.session.pop(LINK)
            return done(request, _("口令已设置，请用它登录。"), reverse("sign_in"))
    context = {"form": form, "card": refusal, "login": login}
    page = render(request, "portal/shell/first_password.html", context, status=status)
    return _unnamed(page)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(reverse("front"))


@require_http_methods(["GET", "HEAD", "POST"])
def choose_post(request: HttpRequest) -> HttpResponse:
    """Let a person who holds several posts choose the one to act from."""
    person, at = request.session.get(sessions.PERSON, ""), sessions.now(request)
    if request.method == "POST":
        sessions.enter(request, person_id=person, post_id=request.POST.get("post", ""), at=at)
        return HttpResponseRedirect(onward(request))
    context = {"places": sessions.places(person, at=at), "next": request.GET.get("next", "")}
    return render(request, "portal/shell/posts.html", context)


@require_POST
def choose_hat(request: HttpRequest) -> HttpResponse:
    """Change the navigation to another role of the same organisation."""
    sessions.wear(request, request.POST.get("hat", ""))
    return HttpResponseRedirect(reverse("work"))


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages; a cookie holds it."""
    wanted = request.POST.get("language", "")
    response = HttpResponseRedirect(onward(request) if request.POST.get("next") else "/")
    if check_for_language(wanted):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, wanted, max_age=31_536_000, samesite="Lax", httponly=True
        )
    return response
