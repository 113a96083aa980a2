"""The form that sets a password: twice the same, so that a slip of the finger locks nobody out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class FirstPasswordForm(forms.Form):
    """A new password, typed twice; how strong it must be is decided by the action."""

    password = forms.CharField(
        label=_("新口令"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 12 个字符，不要只用数字，也不要用常见的词。"),
    )
    again = forms.CharField(
        label=_("再输一次"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two different passwords."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("password") and said.get("again") and said["password"] != said["again"]:
            self.add_error("again", _("两次输入不一致，请重新输入。"))
        return said
