"""The application for registration as one guided form: what it is about, then the materials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.workflow.limits import SHANGHAI
from gongshu_server.portal.fields import choices, day_after
from gongshu_server.portal.forms import PaperKind, papers_of
from gongshu_server.registration.actions import Application


class ApplicationForm(forms.Form):
    """What is registered, with which body, and the seven groups of materials (26号 第9条)."""

    title = forms.CharField(label=_("登记数据名称"), max_length=120)
    summary = forms.CharField(
        label=_("数据内容简介"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("公示时人人可见，请写得让外行也看得懂。"),
    )
    body = forms.ChoiceField(label=_("登记机构"))
    since = forms.DateField(
        label=_("首次交付的日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("已经交付使用的填写；自交付起二十个工作日内应当申请。"),
    )
    last_day = forms.DateField(
        label=_("授权运营到哪一天（含当天）"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("运营期限短于三年的，登记的有效期以它为准。"),
    )

    def __init__(
        self,
        *args: Any,
        subject: tuple[str, str],
        bodies: Sequence[tuple[str, str]],
        kinds: Sequence[PaperKind],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self._subject = subject
        choices(self, "body", bodies)
        self._papers = papers_of(self, kinds)

    def groups(self) -> Iterator[tuple[PaperKind | None, list[forms.BoundField]]]:
        """Yield the plain fields, then the materials group by group."""
        return self._papers.groups()

    def arguments(self) -> dict[str, Any]:
        """Return `application` and `papers` of `registration.submit`."""
        said, (kind, subject_id) = self.cleaned_data, self._subject
        since = said["since"]
        application = Application(
            kind=kind,
            subject_id=subject_id,
            title=said["title"],
            summary=said["summary"],
            body=said["body"],
            since=datetime.combine(since, time(9), SHANGHAI) if since else None,
            operating_until=day_after(said["last_day"]) if said["last_day"] else None,
        )
        return {"application": application, "papers": self._papers.filled()}
