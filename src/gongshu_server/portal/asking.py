"""Pages that ask for one action which is no step of a case: shown, done, or refused in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts.actors import Actor
from gongshu_server.portal import refusals
from gongshu_server.portal.doing import Done, perform
from gongshu_server.portal.stepping import Form


def ask(
    request: HttpRequest,
    name: str,
    form: Form,
    *,
    given: Mapping[str, Any],
    then: Callable[[Done], HttpResponse],
    page: Mapping[str, Any],
    template: str = "portal/work/ask.html",
    stranger: Actor | None = None,
) -> HttpResponse:
    """Show the form of the action; on POST do it and answer with `then`, or say why not.

    `page` brings `title`, `button`, `back` and, where it helps, `lead` and `clause`.
    """
    refusal, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            arguments = {**form.arguments(), **given}
            outcome = perform(request, name, arguments, stranger=stranger)
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            return then(outcome)
    context = {"form": form, "card": refusal, **page}
    return render(request, template, context, status=status)
