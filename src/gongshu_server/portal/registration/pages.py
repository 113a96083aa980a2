"""Registration on pages: own registrations, applying, the body's lists, publicity, codes."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.directory import holders
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import queries as cases
from gongshu_server.cases.documents import kinds_present
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.subjects import subject_argument
from gongshu_server.market import shelf
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.cases import head_context
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.forms import PaperKind, StepForm, paper_kinds
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.registration.forms import ApplicationForm
from gongshu_server.portal.stepping import take
from gongshu_server.registration import queries
from gongshu_server.registration.actions import missing_materials
from gongshu_server.registration.models import PRODUCT_KIND, RESOURCE_KIND

TABLE = procedure("registration")


def _listed(request: HttpRequest, rows: Any, more: dict[str, Any]) -> HttpResponse:
    page = page_of(rows, request)
    states = cases.states_of([row.case for row in page.rows])
    shown = [(row, states.get(row.case, "")) for row in page.rows]
    context = {"page": page, "rows": shown, **more}
    return render(request, "portal/registration/list.html", context)


@signed_in
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show what the reader's organisation has registered or is registering."""
    by = sessions.actor(request)
    more = {
        "title": _("登记"),
        "lead": _("本单位申请的登记：办到哪一步，查询码是什么。"),
        "empty": _("还没有登记。数据资源由实施机构或提供单位登记，产品和服务由运营机构登记。"),
        "may_apply": by.may("registration.submit"),
    }
    return _listed(request, queries.own(by=by), more)


def _of_body(request: HttpRequest, states: tuple[str, ...], more: dict[str, Any]) -> HttpResponse:
    return _listed(request, queries.in_states(*states, by=sessions.actor(request)), more)


@signed_in
@require_safe
def acceptance(request: HttpRequest) -> HttpResponse:
    """Show the applications that wait for acceptance or for what is missing."""
    more = {
        "title": _("受理"),
        "lead": _("三个工作日内受理，或一次性告知缺少什么。"),
        "empty": _("没有等待受理的申请。"),
        "clause": "26-10",
    }
    return _of_body(request, ("submitted", "incomplete"), more)


@signed_in
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """Show the applications under formal review."""
    more = {
        "title": _("审核"),
        "lead": _("自受理起二十个工作日内完成形式审核。"),
        "empty": _("没有等待形式审核的登记。"),
        "clause": "26-11",
    }
    return _of_body(request, ("accepted", "review_passed"), more)


@signed_in
@require_safe
def publicity(request: HttpRequest) -> HttpResponse:
    """Show what is publicised or objected to, for the body that runs it."""
    more = {
        "title": _("公示"),
        "lead": _("公示十个工作日；期间有实名异议的先复核，期满没有异议的赋予查询码。"),
        "empty": _("没有公示中的登记。"),
        "clause": "26-12",
    }
    return _of_body(request, ("publicised", "objected"), more)


@signed_in
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Show what the reader could register, with the materials that will be asked for."""
    by = sessions.actor(request)
    require(by, "registration.submit", clause="26-8")
    rows = queries.unregistered(by=by)
    if words := request.GET.get("q", "").strip()[:60]:
        rows = rows.filter(title__icontains=words)
    products = shelf.products(by).filter(operator_id=by.organisation)
    context = {
        "page": page_of(rows, request),
        "products": products[:50] if "operator" in by.roles else (),
        "kinds": _materials(),
        "text": words,
    }
    return render(request, "portal/registration/choose.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, kind: str, subject_id: str) -> HttpResponse:
    """Ask for a first registration: one form, with the mandatory materials listed first."""
    by = sessions.actor(request)
    require(by, "registration.submit", clause="26-8")
    title, summary = _subject(kind, subject_id, by=by)
    kinds = _materials()
    form = ApplicationForm(
        request.POST or None,
        subject=(kind, subject_id),
        bodies=holders("registration_body", at=sessions.now(request)),
        kinds=kinds,
        initial={"title": title, "summary": summary},
    )

    def then(outcome: Done) -> HttpResponse:
        sentence = _("登记申请已提交。登记机构三个工作日内受理，或一次性告知缺少什么。")
        return done(request, sentence, reverse("registration:registration", args=[outcome.id]))

    page = {
        "title": _("申请首次登记：%(title)s") % {"title": title},
        "button": _("提交登记申请"),
        "back": reverse("registration:own"),
        "clause": "26-8",
        "kinds": kinds,
    }
    template = "portal/registration/apply.html"
    return ask(
        request, "registration.submit", form, given={}, then=then, page=page, template=template
    )


def _materials() -> tuple[PaperKind, ...]:
    """Return what an application takes: the opinion that it needs, then what acceptance needs."""
    first = paper_kinds(TABLE, TABLE.transition("submit"), set())
    later = paper_kinds(TABLE, TABLE.transition("accept"), set())
    needed = [*(one for one in first if one.required), *(one for one in later if one.required)]
    return tuple(needed)


def _subject(kind: str, subject_id: str, *, by: Actor) -> tuple[str, str]:
    """Return title and summary of what is to be registered; NotFound for what is not there."""
    if kind == RESOURCE_KIND:
        row = catalogue.resource(subject_id, by=by)
        return row.title, row.summary
    if kind == PRODUCT_KIND:
        return shelf.product(subject_id, by=by).title, ""
    raise NotFound("登记类型应为数据资源或产品和服务。", code="registration_kind_not_found")


@signed_in
def check(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Take the step with what the application holds and lacks shown before it."""
    name = ACTIONS[case.procedure, transition]
    present = kinds_present(case)
    kinds = paper_kinds(TABLE, TABLE.transition(transition), present)
    if transition == "resubmit":
        kinds = tuple(one for one in kinds if one.code != "objection_evidence")
    given = subject_argument(name, case)
    form = StepForm(request.POST or None, action=name, given=given, kinds=kinds)
    more = {"missing": missing_materials(case)}
    template = "portal/registration/check.html"
    return take(request, case, transition, form, template=template, more=more)


@require_safe
def registration(request: HttpRequest, registration_id: str) -> HttpResponse:
    """Show one registration: to its parties with the next step, to others once it is public."""
    signed, at = sessions.of(request), sessions.now(request)
    seen = None
    if signed is not None:
        by = signed.actor
        seen = queries.registrations(by=by).filter(pk=registration_id).first()
    if seen is None:
        context: dict[str, Any] = {"found": queries.public(registration_id, at=at)}
    else:
        head = cases.heading(seen.case, by=signed.actor, at=at) if signed else None
        context = {"found": queries.shown(seen), **head_context(head, at=at)}
    context["may_object"] = seen is None and context["found"].state == TABLE.states["publicised"]
    return render(request, "portal/registration/registration.html", {**context, "now": at})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def object_to(request: HttpRequest, registration_id: str) -> HttpResponse:
    """Ask for an objection during publicity, with real name and evidence; anybody may object."""
    found = queries.public(registration_id, at=sessions.now(request))
    step = TABLE.transition("object")
    kinds = tuple(k for k in paper_kinds(TABLE, step, set()) if k.code == "objection_evidence")
    given = {"registration_id": registration_id}
    form = StepForm(request.POST or None, action="registration.object_to", given=given, kinds=kinds)

    def then(outcome: Done) -> HttpResponse:
        return done(
            request,
            _("异议已提出，登记机构将复核；结论会通知您。"),
            reverse("registration:registration", args=[registration_id]),
        )

    page = {
        "title": _("对登记提出异议：%(title)s") % {"title": found.title},
        "lead": _("公示期内任何人都可以实名提出异议，请写明理由并附证据。"),
        "button": _("提出异议"),
        "back": reverse("registration"),
        "clause": "26-12",
    }
    return ask(request, "registration.object_to", form, given=given, then=then, page=page)


@require_safe
def qr(request: HttpRequest) -> HttpResponse:
    """Draw the QR code that leads to the query result of a registration code."""
    code = request.GET.get("code", "")
    queries.by_code(code, at=sessions.now(request))
    address = f"{reverse('registration')}?{urlencode({'code': code})}"
    picture = io.BytesIO()
    made = segno.make(request.build_absolute_uri(address), error="m")
    made.save(picture, kind="svg", scale=4, border=4, xmldecl=False)
    return HttpResponse(picture.getvalue(), content_type="image/svg+xml")
