"""Organisations: who takes part, their names over time, and succession by another one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu_server.accounts import queries
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.people.forms import FoundForm, RenameForm, SucceedForm

MOST = 500


def _managing(request: HttpRequest) -> bool:
    signed = sessions.of(request)
    return signed is not None and signed.actor.may("organisation.manage")


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show every organisation with its roles; who takes part is public."""
    page = page_of(queries.organisations(), request)
    views = queries.organisation_views(page.rows, at=sessions.now(request))
    context = {"page": page, "organisations": views, "may_manage": _managing(request)}
    return render(request, "portal/people/organisations.html", context)


@require_safe
def one(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """Show one organisation: roles, former names, successor."""
    view = queries.organisation(organisation_id, at=sessions.now(request))
    signed = sessions.of(request)
    context = {
        "organisation": view,
        "may_manage": _managing(request),
        "may_authorise": signed is not None and signed.actor.may("organisation.authorise"),
    }
    return render(request, "portal/people/organisation.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def found(request: HttpRequest) -> HttpResponse:
    """Ask for a new organisation and record it."""
    form = FoundForm(request.POST or None)

    def then(outcome: Done) -> HttpResponse:
        to = reverse("people:organisation", args=[outcome.id])
        return done(request, _("机构已登记。下一步：请安全保密管理员授权它的角色。"), to)

    page = {
        "title": _("登记机构"),
        "lead": _("同一控制关系下的机构不能既监管或审核、又运营或开发。"),
        "button": _("登记"),
        "back": reverse("people:organisations"),
        "clause": "opinions-11.1",
    }
    return ask(request, "accounts.found", form, given={}, then=then, page=page)


@signed_in
@require_POST
def authorise(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """Let the security administrator put a new organisation's roles in force."""
    perform(request, "accounts.authorise_roles", {"organisation_id": organisation_id})
    to = reverse("people:organisation", args=[organisation_id])
    return done(request, _("机构角色已授权生效。"), to)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """Ask for the new name; history keeps the old one."""
    view = queries.organisation(organisation_id, at=sessions.now(request))
    to = reverse("people:organisation", args=[view.id])

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("机构已更名，原名称保留在历史里。"), to)

    page = {
        "title": _("更名：%(name)s") % {"name": view.name},
        "button": _("更名"),
        "back": to,
    }
    form = RenameForm(request.POST or None)
    given = {"organisation_id": view.id}
    return ask(request, "accounts.rename", form, given=given, then=then, page=page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def succeed(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """Ask which organisation takes over, and let it."""
    view = queries.organisation(organisation_id, at=sessions.now(request))
    others = queries.organisations().filter(successor__isnull=True).exclude(pk=view.id)
    form = SucceedForm(
        request.POST or None,
        organisations=list(others.order_by("name").values_list("id", "name")[:MOST]),
    )
    to = reverse("people:organisation", args=[view.id])

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("已由新机构承接：角色、资源、许可、办件和时限都已转过去。"), to)

    page = {
        "title": _("由其他机构承接：%(name)s") % {"name": view.name},
        "lead": _("合并或撤销时使用。角色、资源、许可、在办办件和时限全部转给承接机构，不能撤回。"),
        "button": _("确认承接"),
        "back": to,
    }
    given = {"organisation_id": view.id}
    return ask(request, "accounts.succeed", form, given=given, then=then, page=page)
