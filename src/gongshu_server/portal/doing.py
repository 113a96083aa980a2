"""Doing an action from a page: sign-in first, one call, and the refusal shown where it was asked.

Every page that writes goes through `perform`. A `DomainError` that no page presents itself ends as
a page of its own with the decision card (`refusals`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from gongshu_server.accounts import drafts
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.staleness import expecting
from gongshu_server.journal.requests import once
from gongshu_server.journeys.inputs import refuse_unfit
from gongshu_server.journeys.naming import function
from gongshu_server.portal import kept, sessions

View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """Let only people with a post reach the view; others are led to the sign-in page and back."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if sessions.of(request) is None:
            if request.headers.get("HX-Request") or request.headers.get("Gongshu-Background"):
                return HttpResponse(status=401)
            if request.method == "POST" and not request.session.get(sessions.PERSON):
                return kept.sign_in_first(request)
            way = "posts" if request.session.get(sessions.PERSON) else "sign_in"
            target = f"{reverse(way)}?{urlencode({'next': request.get_full_path()})}"
            return HttpResponseRedirect(target)
        kept.give_back(request)
        return view(request, *args, **kwargs)

    return guarded


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action: its result, or only its id where the same form came twice."""

    result: Any
    id: str


def perform(
    request: HttpRequest,
    name: str,
    arguments: Mapping[str, Any],
    *,
    repeated: bool = False,
    stranger: Actor | None = None,
) -> Done:
    """Call the action `context.verb` as the signed-in person, now.

    The hidden fields `once` and `seen` of the form let a double click do nothing twice and refuse
    who decides on what has changed meanwhile. `repeated` is for a form that saves as one types:
    each saving is a change of its own, and the token is kept for the form's button. `stranger` acts
    where nobody is signed in, for the few actions that anybody may take. Raises the action's
    DomainError; the denial is already recorded then.
    """
    by = stranger if stranger and sessions.of(request) is None else sessions.actor(request)
    refuse_unfit(dict(arguments))
    key = "" if repeated else request.POST.get("once", "")
    seen = request.POST.get("seen", "")
    with once(key, action=name, arguments=arguments, by=by, answer=_id) as one, expecting(seen):
        result = function(name)(**arguments, by=by, at=sessions.now(request))
        drafts.discard(form=request.path, by=by)
        return Done(result, _id(result))
    return Done(None, str(one.answer or ""))


def _id(result: Any) -> str:
    """Return the id of what an action made or changed; nothing else of it is kept for a repeat."""
    return str(getattr(result, "pk", "") or getattr(result, "id", "") or "")


def done(request: HttpRequest, sentence: str, to: str) -> HttpResponse:
    """Say on the next page what was done, and go there (so that a reload does nothing twice)."""
    messages.success(request, sentence)
    return HttpResponseRedirect(to)
