"""Forms of the audit pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.vocabulary.events import EVENTS
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.oversight.audit_access import Application
from gongshu_server.oversight.entries import Sought
from gongshu_server.portal.fields import day_after
from gongshu_server.portal.forms import PaperKind, papers_of
from gongshu_server.portal.speech import say

_DAY = {"type": "date"}


class SearchForm(forms.Form):
    """What is looked for among the entries; everything may be left open."""

    event = forms.ChoiceField(label=_("事项"), required=False)
    outcome = forms.ChoiceField(
        label=_("结果"),
        required=False,
        choices=[("", _("全部")), ("done", _("已办")), ("refused", _("拒绝"))],
    )
    organisation = forms.ChoiceField(label=_("机构"), required=False)
    clause = forms.CharField(label=_("依据（条款编号）"), required=False, max_length=32)
    since = forms.DateField(label=_("从"), required=False, widget=forms.DateInput(attrs=_DAY))
    until = forms.DateField(label=_("到"), required=False, widget=forms.DateInput(attrs=_DAY))
    subject = forms.CharField(label=_("对象编号"), required=False, max_length=64)

    def __init__(self, *args: Any, organisations: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        everything = [("", _("全部"))]
        events = [(code, say(zh)) for code, zh in EVENTS.items()]
        for name, offered in (("event", events), ("organisation", list(organisations))):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [*everything, *offered]

    def sought(self) -> Sought:
        """Return what is looked for; a field that makes no sense asks for nothing."""
        said = self.cleaned_data
        since, until = said.get("since"), said.get("until")
        return Sought(
            event=said.get("event", ""),
            outcome=said.get("outcome", ""),
            clause=said.get("clause", "").strip(),
            organisation=said.get("organisation", ""),
            subject=said.get("subject", "").strip(),
            since=datetime.combine(since, time(), SHANGHAI) if since else None,
            until=day_after(until) if until else None,
        )


class AccessForm(forms.Form):
    """What an auditor wants to read, why, until when, and on which notice."""

    resource_id = forms.ChoiceField(label=_("数据资源"))
    items = forms.CharField(
        label=_("数据项"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("只写审计需要的项，每行一个，名称与目录一致。"),
    )
    reason = forms.CharField(
        label=_("查阅理由"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    until = forms.DateField(label=_("查阅到（含当日）"), widget=forms.DateInput(attrs=_DAY))

    def __init__(
        self,
        *args: Any,
        resources: Sequence[tuple[str, str]],
        kinds: Sequence[PaperKind] = (),
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        field = self.fields["resource_id"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(resources)
        self._papers = papers_of(self, kinds)
        self._kinds = tuple(kinds)

    def groups(self) -> Any:
        """Yield the plain fields under None, then the fields of each kind of paper."""
        return self._papers.groups()

    def arguments(self) -> dict[str, Any]:
        """Return `application`, and `papers` where the step takes some."""
        said = self.cleaned_data
        lines = [line.strip() for line in said["items"].splitlines() if line.strip()]
        application = Application(
            resource_id=said["resource_id"],
            items=tuple(lines),
            reason=said["reason"],
            until=day_after(said["until"]),
        )
        if not self._kinds:
            return {"application": application}
        return {"application": application, "papers": self._papers.filled()}


class ViewForm(forms.Form):
    """Which items, from which row on."""

    columns = forms.MultipleChoiceField(label=_("数据项"), widget=forms.CheckboxSelectMultiple)
    start = forms.IntegerField(label=_("起始行"), min_value=0, max_value=10**9, initial=0)

    def __init__(self, *args: Any, items: Sequence[str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        field = self.fields["columns"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(name, name) for name in items]
