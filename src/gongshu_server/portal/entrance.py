"""What the sign-in library asks the node: who may come in, where to, and in which words.

There is one lock-out (django-axes, in the database, so that it counts over all server processes);
nobody signs up; sign-ins, failures and lock-outs are journalled without what was typed.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gongshu_server.accounts import logins
from gongshu_server.accounts.models import Login
from gongshu_server.portal import sessions

WRONG = _("登录名或口令不正确，请核对后重试；忘记口令请联系系统管理员重新签发设置链接。")
LOCKED = _("失败次数过多，这个登录名已暂时锁定。请等 15 分钟后再试，或联系系统管理员。")

STOPPED = _("这个登录名已停用，请联系系统管理员。")


class Adapter(DefaultAccountAdapter):
    """The account adapter of the node."""

    error_messages = {**DefaultAccountAdapter.error_messages, "username_password_mismatch": WRONG}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell that nobody signs up: people are appointed."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the pages say what was done themselves."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: notices leave through the node's own outbox."""

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign the person in: a new session key, the post if there is only one, and an entry."""
        super().login(request, user)
        sessions.begin(request, person_id=user.person_id)
        at = sessions.now(request)
        by = logins.alone(user.person_id)
        records = request.session.get("account_authentication_methods") or [{}]
        ways = [str(one.get("type") or one.get("method") or "") for one in records]
        logins.note_sign_in(person_id=user.person_id, way="+".join(ways), by=by, at=at)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go on: to the work, or first to the choice of a post."""
        return reverse("work") if sessions.POST in request.session else reverse("posts")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Tell who knows the password of a stopped login that it is stopped."""
        return render(request, "portal/shell/locked_out.html", {"sentence": STOPPED}, status=403)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Journal a counted failure of a login that there is."""
        note_failure(request, str(credentials.get("username", "")))


def axes_name(request: HttpRequest, credentials: Any) -> str:
    """Return the name under which failures count: however it was typed, it is one login."""
    return str((credentials or {}).get("username") or "").strip().lower()[:255]


def note_failure(request: HttpRequest, username: str) -> None:
    """Journal the failure that was just counted; none is counted while the login is locked."""
    login = logins.named(username)
    if login is None or not getattr(request, "axes_failures_since_start", None):
        return
    logins.note_failure(
        username=login.username,
        locked=bool(getattr(request, "axes_locked_out", False)),
        by=logins.alone(login.person_id),
        at=sessions.now(request),
    )


def locked_out(request: HttpRequest, *args: Any) -> HttpResponse:
    """Answer who is locked out, whether the last attempt was right or not."""
    context = {"sentence": LOCKED}
    return render(request, "portal/shell/locked_out.html", context, status=429)


class SignInForm(LoginForm):
    """Name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("登录名")
        self.fields["password"].label = _("口令")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""


class AgainForm(ReauthenticateForm):
    """The password once more, before what concerns the safety of the login."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("口令")
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""


class _Counted:
    """A form that asks for a code: wrong ones count for the same lock-out as wrong passwords."""

    user: Login

    def clean_code(self) -> str:
        """Return the code when it is right; ValidationError when it is not, or while locked."""
        from allauth.core import context

        credentials = {"username": self.user.username}
        request = context.request
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out = True
            raise forms.ValidationError(LOCKED)
        try:
            return super().clean_code()  # type: ignore[misc] # of the form that this is mixed into
        except forms.ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            note_failure(request, self.user.username)
            raise


class CodeForm(_Counted, AuthenticateForm):
    """The code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(self)


class AgainByCodeForm(_Counted, ReauthenticateByCodeForm):
    """The code once more, before what concerns the safety of the login."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(self)


def _words(form: forms.Form) -> None:
    field = form.fields["code"]
    field.label, field.help_text = (
        _("验证码"),
        _("验证器显示的 6 位数字；手机不在身边时用一个恢复码。"),
    )
    field.widget.attrs.pop("placeholder", None)
