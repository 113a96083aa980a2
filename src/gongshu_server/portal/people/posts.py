"""Posts of one's organisation: who fills them, hand-over, delegation, and logins."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongshu.vocabulary.errors import DomainError, NotFound
from gongshu_server.accounts import logins, queries
from gongshu_server.portal import refusals, sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, perform, signed_in
from gongshu_server.portal.lists import page_of
from gongshu_server.portal.people.forms import (
    AppointForm,
    DelegationForm,
    HandOverForm,
    LoginForm,
)

MOST_HANDOVERS = 100
VERBS = {"confirm": "accounts.confirm_handover", "decline": "accounts.decline_handover"}


@signed_in
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the posts of the reader's organisation, who fills them, and what is under way."""
    by, at = sessions.actor(request), sessions.now(request)
    page = page_of(queries.posts(by=by), request)
    handovers = queries.open_handovers(by=by).select_related("post", "giver", "taker")
    context = {
        "page": page,
        "posts": queries.post_views(page.rows, at=at),
        "handovers": handovers.order_by("-pk")[:MOST_HANDOVERS],
        "delegations": queries.running_delegations(by=by, at=at),
        "may_manage": by.may("person.manage"),
        "may_delegate": by.may("delegation.give") and not by.delegation,
        "may_open_logins": by.may("login.manage"),
        "may_set_substeps": by.may("substep.configure"),
        "me": by.person,
    }
    return render(request, "portal/people/posts.html", context)


def _back(request: HttpRequest, sentence: str) -> HttpResponse:
    return done(request, sentence, reverse("people:posts"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def appoint(request: HttpRequest) -> HttpResponse:
    """Ask for a new post and who fills it, and appoint."""
    by, at = sessions.actor(request), sessions.now(request)
    form = AppointForm(request.POST or None, people=queries.colleagues(by=by, at=at))

    def then(outcome: Done) -> HttpResponse:
        return _back(request, _("已任职。请系统管理员为新人员开通登录。"))

    page = {
        "title": _("设岗任职"),
        "lead": _("监管、审核一侧与运营、开发一侧不能由同一个人任职。"),
        "button": _("任职"),
        "back": reverse("people:posts"),
        "clause": "opinions-11.1",
    }
    given = {"organisation_id": by.organisation}
    return ask(request, "accounts.appoint", form, given=given, then=then, page=page)


@signed_in
@require_POST
def leave(request: HttpRequest, post_id: str, person_id: str) -> HttpResponse:
    """End a person's time in a post; their keys of it end, too."""
    perform(request, "accounts.leave_post", {"post_id": post_id, "person_id": person_id})
    return _back(request, _("已离任；该岗位下领取的凭证同时收回。"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, post_id: str, person_id: str) -> HttpResponse:
    """Ask who takes the post over, and propose it to them."""
    by, at = sessions.actor(request), sessions.now(request)
    people = [one for one in queries.colleagues(by=by, at=at) if one[0] != person_id]
    form = HandOverForm(request.POST or None, people=people)

    def then(outcome: Done) -> HttpResponse:
        return _back(request, _("交接已提出，等接收人确认；确认前岗位不变。"))

    page = {
        "title": _("岗位交接"),
        "lead": _("接收人确认后岗位转给他，原任职人员的凭证和代办同时结束。"),
        "button": _("提出交接"),
        "back": reverse("people:posts"),
    }
    given = {"post_id": post_id, "giver_id": person_id}
    return ask(request, "accounts.propose_handover", form, given=given, then=then, page=page)


@signed_in
@require_POST
def settle(request: HttpRequest, handover_id: str, verb: str) -> HttpResponse:
    """Confirm or call off a hand-over."""
    if verb not in VERBS:
        raise NotFound("没有这一步。", code="no_such_step")
    perform(request, VERBS[verb], {"handover_id": handover_id})
    said = _("交接已确认。") if verb == "confirm" else _("交接已取消。")
    return _back(request, said)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delegate(request: HttpRequest) -> HttpResponse:
    """Ask who acts for the reader's post, until when and on which basis."""
    by, at = sessions.actor(request), sessions.now(request)
    people = [one for one in queries.colleagues(by=by, at=at) if one[0] != by.person]
    form = DelegationForm(request.POST or None, people=people)

    def then(outcome: Done) -> HttpResponse:
        return _back(request, _("代办已委托；代办人登录后可选择以您的岗位办事。"))

    page = {
        "title": _("委托代办"),
        "lead": _("代办有期限、有依据，不能再转授；您随时可以收回。"),
        "button": _("委托"),
        "back": reverse("people:posts"),
    }
    return ask(request, "accounts.delegate", form, given={}, then=then, page=page)


@signed_in
@require_POST
def revoke(request: HttpRequest, delegation_id: str) -> HttpResponse:
    """Take a delegation back before its end."""
    perform(request, "accounts.revoke_delegation", {"delegation_id": delegation_id})
    return _back(request, _("代办已收回。"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Open a login for somebody, and show the link with which they set a password, once."""
    by, at = sessions.actor(request), sessions.now(request)
    form = LoginForm(request.POST or None, people=queries.everybody(by=by, at=at))
    link, refusal, status = None, None, 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            if said["username"]:
                perform(request, "accounts.open_login", said)
            link = logins.give_password_link(person_id=said["person_id"], by=by, at=at)
        except DomainError as error:
            refusal, status = refusals.card(error), refusals.status_of(error)
    context = {
        "form": form,
        "card": refusal,
        "link": link,
        "url": f"{settings.ADDRESS}{link.path}" if link else "",
    }
    response = render(request, "portal/people/logins.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
