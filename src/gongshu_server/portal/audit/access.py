"""Audit access: applying to read content, and reading it in parts under an open case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import DomainError, NotFound
from gongshu_server.cases import queries as cases
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.oversight import audit_access
from gongshu_server.oversight.models import AuditAccess
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.audit.forms import AccessForm, ViewForm
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import paper_kinds
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.stepping import take

MOST_RESOURCES = 500


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the audit accesses that concern the reader."""
    by = sessions.actor(request)
    page = page_of(audit_access.accesses(by=by), request)
    states = cases.states_of([row.case for row in page.rows])
    context = {"page": page, "states": states, "may_apply": by.may("audit.apply")}
    return render(request, "portal/audit/accesses.html", context)


def _resources(request: HttpRequest) -> list[tuple[str, str]]:
    rows = catalogue.resources(by=sessions.actor(request)).select_related("provider")
    return [
        (row.pk, f"{row.title}（{row.provider.short_name}）")
        for row in rows.order_by("title")[:MOST_RESOURCES]
    ]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Ask what is to be read, why and until when, and apply."""
    table = procedure("audit_access")
    form = AccessForm(
        request.POST or None,
        resources=_resources(request),
        kinds=paper_kinds(table, table.transition("apply"), set()),
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("审计查阅已提出，等被审计单位确认。")
        return done(request, sentence, reverse("audit:one_access", args=[outcome.id]))

    page = {
        "title": _("提出审计查阅"),
        "lead": _("目录、办件和存证不需要申请；只有数据内容须经被审计单位确认后查阅。"),
        "button": _("提出查阅"),
        "back": reverse("audit:access"),
        "clause": audit_access.BASIS,
    }
    return ask(request, "oversight.apply_for_audit_access", form, given={}, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reapply(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Ask for the application as it is now, and put it forward again."""
    row = audit_access.access(case.subject_id, by=sessions.actor(request))
    began = {"resource_id": row.resource_id, "items": "\n".join(row.items)}
    resources = [(row.resource_id, row.resource.title)]
    form = AccessForm(request.POST or None, resources=resources, initial=began)
    return take(request, case, transition, form)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, access_id: str) -> HttpResponse:
    """Show one access; on POST show some rows, each view decided and recorded."""
    by, at = sessions.actor(request), sessions.now(request)
    row = audit_access.access(access_id, by=by)
    form = ViewForm(request.POST or None, items=row.items)
    content, refusal, status = None, None, 200
    if request.method == "POST" and form.is_valid():
        try:
            content = audit_access.view(row.pk, **form.cleaned_data, by=by, at=at)
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
    head = cases.heading(row.case, by=by, at=at)
    context = {
        "access": row,
        "form": form if _readable(row, head, by.organisation) else None,
        "content": content,
        "card": refusal,
        **head_context(head, at=at),
    }
    return render(request, "portal/audit/access.html", context, status=status)


def _readable(row: AuditAccess, head: cases.CaseHead | None, organisation: str) -> bool:
    if head is None:
        raise NotFound("没有这项审计查阅。", code="access_not_found")
    return head.case.state == "open" and row.auditor_id == organisation
