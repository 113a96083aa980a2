"""Taking a step of a case with its form: shown, done, or refused with everything that was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import DomainError
from gongshu_server.cases.documents import of_case
from gongshu_server.cases.models import Case
from gongshu_server.cases.staleness import version
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.subjects import subject_argument
from gongshu_server.portal import refusals
from gongshu_server.portal.doing import done, perform
from gongshu_server.portal.speech import say

MOST_PAPERS = 50


class Form(Protocol):
    """A form that yields the keyword arguments of an action (but the case's subject)."""

    def is_valid(self) -> bool:
        """Tell whether everything that was filled in can be understood."""

    def arguments(self) -> dict[str, Any]:
        """Return the action's keyword arguments."""


def take(
    request: HttpRequest,
    row: Case,
    transition: str,
    form: Form,
    *,
    template: str = "portal/work/step.html",
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show the form of the step; on POST take the step and go to the case, or say why not."""
    table = procedure(row.procedure)
    step = table.transition(transition)
    name = ACTIONS[row.procedure, transition]
    refusal, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            perform(request, name, {**form.arguments(), **subject_argument(name, row)})
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
        else:
            sentence = _("已办理：%(step)s。") % {"step": say(step.zh)}
            return done(request, sentence, reverse("case", args=[row.pk]))
    context = {
        "case": row,
        "table": table,
        "transition": step,
        "state": table.states[row.state],
        "form": form,
        "card": refusal,
        "seen": request.POST.get("seen") or version(row.pk),
        "handed_in": of_case(row)[:MOST_PAPERS],
        **(more or {}),
    }
    return render(request, template, context, status=status)
