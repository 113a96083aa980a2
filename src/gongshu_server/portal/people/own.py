"""One's own settings."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gongshu_server.accounts.profiles import profile as settings_of
from gongshu_server.portal import sessions
from gongshu_server.portal.asking import ask
from gongshu_server.portal.doing import Done, done, signed_in
from gongshu_server.portal.people.forms import ProfileForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show where and how notices reach the reader, and change it."""
    row = settings_of(by=sessions.actor(request))
    began = {"email": row.email, "notices": row.notices}
    form = ProfileForm(request.POST or None, initial=began)

    def then(outcome: Done) -> HttpResponse:
        return done(request, _("个人设置已保存。"), reverse("people:own"))

    page = {
        "title": _("我的设置"),
        "lead": _("通知总会进收件箱；填写邮箱后也可以发到邮箱。"),
        "button": _("保存"),
        "back": reverse("work"),
    }
    template = "portal/people/own.html"
    return ask(
        request, "accounts.change_profile", form, given={}, then=then, page=page, template=template
    )
