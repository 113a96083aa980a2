"""Forms of the supervision pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SuperviseForm(forms.Form):
    """What is wanted of those whose turn it is."""

    text = forms.CharField(
        label=_("督办要求"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def arguments(self) -> dict[str, Any]:
        """Return `text` of `cases.supervise`."""
        return dict(self.cleaned_data)


class CloseAlarmForm(forms.Form):
    """What was found, and what was done about it."""

    reason = forms.CharField(
        label=_("核查结果和处置情况"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 5})
    )

    def arguments(self) -> dict[str, Any]:
        """Return `reason` of `usage.close_alarm`."""
        return dict(self.cleaned_data)
