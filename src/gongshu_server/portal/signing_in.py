"""Signing in and out, choosing a post and a role, and the language of the pages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts import demonstration
from gongshu_server.portal import sessions


def onward(request: HttpRequest) -> str:
    """Return where to go on: the `next` address if it is one of this node's own."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("work")


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the ways to sign in; a demo node offers one click into each role."""
    context = {
        "roles": demonstration.roles(at=sessions.now(request)),
        "next": request.GET.get("next", ""),
    }
    return render(request, "portal/shell/sign_in.html", context)


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as a person of the demo city; on a real node this does not exist (404)."""
    person, post = request.POST.get("person", ""), request.POST.get("post", "")
    at = sessions.now(request)
    if not demonstration.knows(person, post, at=at):
        raise NotFound("没有这个演示身份。", code="no_demo_identity")
    request.session.cycle_key()
    sessions.enter(request, person_id=person, post_id=post, at=at)
    return HttpResponseRedirect(onward(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    request.session.flush()
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
