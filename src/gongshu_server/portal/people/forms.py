"""Forms of people and organisations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.procedures import all_clauses
from gongshu.vocabulary.permissions import ORGANISATION_ROLES, POST_DUTIES, SCOPES
from gongshu_server.accounts.models import Profile
from gongshu_server.portal.fields import choices, day_after
from gongshu_server.portal.speech import say

_DAY = {"type": "date"}


class ProfileForm(forms.Form):
    """Where and how notices reach somebody outside the node."""

    email = forms.CharField(label=_("邮箱"), max_length=254, required=False)
    notices = forms.ChoiceField(label=_("通知"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        offered = Profile._meta.get_field("notices").choices or ()
        choices(self, "notices", [(str(code), say(str(zh))) for code, zh in offered])

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.change_profile`."""
        return dict(self.cleaned_data)


class AppointForm(forms.Form):
    """A new post and who fills it: somebody new, or somebody who is known here."""

    title = forms.CharField(label=_("岗位名称"), max_length=60)
    duties = forms.MultipleChoiceField(label=_("岗位职责"), widget=forms.CheckboxSelectMultiple)
    person_id = forms.ChoiceField(label=_("已登记的人员"), required=False)
    person_name = forms.CharField(
        label=_("或新人员的姓名"), max_length=60, required=False, help_text=_("两项填一项。")
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        duties = [(code, say(zh)) for code, zh in POST_DUTIES.items() if code != "system"]
        choices(self, "duties", duties)
        choices(self, "person_id", [("", str(_("（新人员）"))), *people])

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.appoint` but the organisation."""
        return dict(self.cleaned_data)


class DelegationForm(forms.Form):
    """Who acts for the post, until when, and on which basis."""

    taker_id = forms.ChoiceField(label=_("代办人"))
    until = forms.DateField(label=_("代办到（含当日）"), widget=forms.DateInput(attrs=_DAY))
    clause = forms.ChoiceField(label=_("依据"))

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "taker_id", people)
        choices(self, "clause", [(c.code, f"{c.short} {c.article}") for c in all_clauses()])

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.delegate`."""
        said = self.cleaned_data
        return {**said, "until": day_after(said["until"])}


class HandOverForm(forms.Form):
    """Who takes the post over, and what they should know."""

    taker_id = forms.ChoiceField(label=_("接收人"))
    note = forms.CharField(
        label=_("交接说明"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "taker_id", people)

    def arguments(self) -> dict[str, Any]:
        """Return `taker_id` and `note` of `accounts.propose_handover`."""
        return dict(self.cleaned_data)


class KeyForm(forms.Form):
    """What a key is for, how far it reaches, and until when."""

    label = forms.CharField(label=_("凭证用途"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("权限范围"),
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
        help_text=_("凭证能做的不会超过您的岗位；只勾需要的。"),
    )
    expires_at = forms.DateField(
        label=_("有效到（含当日）"), required=False, widget=forms.DateInput(attrs=_DAY)
    )

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "scopes", [(code, say(zh)) for code, zh in SCOPES.items()])

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.issue_key`."""
        said = self.cleaned_data
        ends: datetime | None = day_after(said["expires_at"]) if said["expires_at"] else None
        return {**said, "expires_at": ends}


class LoginForm(forms.Form):
    """Whose login, and under which name if they have none."""

    person_id = forms.ChoiceField(label=_("人员"))
    username = forms.CharField(
        label=_("登录名"),
        max_length=40,
        required=False,
        help_text=_("还没有登录名时填写：3 至 40 个小写字母、数字、点、下划线或连字符。"),
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "person_id", people)


class IdentityForm(forms.Form):
    """Whose, at which provider, and who they are there."""

    person_id = forms.ChoiceField(label=_("人员"))
    provider_code = forms.ChoiceField(label=_("统一身份认证"))
    subject = forms.CharField(
        label=_("用户标识（sub）"),
        max_length=255,
        help_text=_("由统一身份认证的管理方提供；不是姓名、手机号或邮箱。"),
    )

    def __init__(
        self,
        *args: Any,
        people: Sequence[tuple[str, str]],
        providers: Sequence[tuple[str, str]],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "person_id", people)
        choices(self, "provider_code", providers)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.link_identity`."""
        return dict(self.cleaned_data)


class FoundForm(forms.Form):
    """A new organisation and its roles."""

    name = forms.CharField(label=_("全称"), max_length=120)
    short_name = forms.CharField(label=_("简称"), max_length=40)
    uscc = forms.CharField(label=_("统一社会信用代码"), max_length=18, required=False)
    roles = forms.MultipleChoiceField(label=_("机构角色"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        roles = [(code, say(zh)) for code, zh in ORGANISATION_ROLES.items() if code != "node"]
        choices(self, "roles", roles)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `accounts.found`."""
        return dict(self.cleaned_data)


class RenameForm(forms.Form):
    """The new name."""

    name = forms.CharField(label=_("新的全称"), max_length=120)

    def arguments(self) -> dict[str, Any]:
        """Return `name` of `accounts.rename`."""
        return dict(self.cleaned_data)


class SucceedForm(forms.Form):
    """Which organisation takes over."""

    successor_id = forms.ChoiceField(label=_("承接机构"))

    def __init__(self, *args: Any, organisations: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "successor_id", organisations)

    def arguments(self) -> dict[str, Any]:
        """Return `successor_id` of `accounts.succeed`."""
        return dict(self.cleaned_data)
