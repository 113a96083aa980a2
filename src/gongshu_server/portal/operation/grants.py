"""One grant on a page: its limits, its promises, where it comes from, and taking it back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.vocabulary.errors import NotFound
from gongshu_server.cases import queries as cases
from gongshu_server.cases.models import Case
from gongshu_server.operation.coverage import acts_of, of_grant
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import StepForm
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import GrantRow


@signed_in
@require_safe
def grant(request: HttpRequest, grant_id: str) -> HttpResponse:
    """Show one grant: who gave what to whom, until when, and the case that it comes from."""
    by, at = sessions.actor(request), sessions.now(request)
    row, granted = usage.verified_row(grant_id, by=by)
    names = cases.organisation_names([row.grantee, row.giver])
    context = {
        "row": row,
        "grant": granted,
        "coverage": of_grant(row, granted),
        "acts": acts_of(granted),
        "grantee": names.get(row.grantee, ""),
        "giver": names.get(row.giver, ""),
        "source": Case.objects.visible_to(by).filter(pk=row.case).first(),
        "sees_parent": GrantRow.objects.visible_to(by).filter(pk=row.parent).exists(),
        "running": row.revoked_at is None and granted.valid_from <= at < granted.ends,
        "over": at >= granted.valid_until,
        "may_revoke": row.revoked_at is None and by.may("grant.revoke"),
    }
    return render(request, "portal/operation/grant.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, grant_id: str) -> HttpResponse:
    """Ask why a grant is taken back, and take it back with everything under it."""
    by = sessions.actor(request)
    row, _granted = usage.verified_row(grant_id, by=by)
    if not by.may("grant.revoke"):
        raise NotFound(_("没有这项用数许可。"), code="grant_not_found")
    form = StepForm(request.POST or None, action="usage.revoke", given={"grant_id": row.pk})

    def then(outcome: Done) -> HttpResponse:
        sentence = _("许可已收回，下一次使用起生效；由它产生的下级许可一并收回。")
        return done(request, sentence, reverse("operation:grant", args=[row.pk]))

    page = {
        "title": _("收回用数许可"),
        "lead": _("收回立即生效：正在进行的使用在下一次判定时停止，下级许可一并收回。"),
        "button": _("收回许可"),
        "back": reverse("operation:grant", args=[row.pk]),
        "clause": "27-21",
    }
    return ask(request, "usage.revoke", form, given={}, then=then, page=page)
