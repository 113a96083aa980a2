"""Forms of the workshop: tasks, queries, and the question of a service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu_server.operation.scope import EXITS
from gongshu_server.portal.fields import lines
from gongshu_server.portal.speech import say

MOST_SQL = 20_000


class TaskForm(forms.Form):
    """What a piece of work is called."""

    title = forms.CharField(label=_("任务名称"), max_length=160)

    def arguments(self) -> dict[str, Any]:
        """Return `title` of `workshop.open_task`."""
        return dict(self.cleaned_data)


class QueryForm(forms.Form):
    """A query, the exit that its result is meant for, and the region that it is about."""

    sql = forms.CharField(
        label=_("查询语句"),
        max_length=MOST_SQL,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
    )
    exit = forms.ChoiceField(
        label=_("出口"),
        choices=lambda: [(code, say(zh)) for code, zh in EXITS.items()],
        widget=forms.RadioSelect,
        initial="export",
    )
    region = forms.CharField(
        label=_("区域代码"),
        max_length=12,
        required=False,
        help_text=_("场景限定区域时填写行政区划代码。"),
    )

    def arguments(self) -> dict[str, Any]:
        """Return `sql`, `exit` and `region` of `workshop.draft`."""
        return dict(self.cleaned_data)


class ExportForm(forms.Form):
    """An export is submitted as it is; there is nothing to fill in."""

    def arguments(self) -> dict[str, Any]:
        """Return no argument of `workshop.submit_release`."""
        return {}


class QuestionForm(forms.Form):
    """The one question of a service, its closed list of answers, and its limits."""

    question = forms.CharField(
        label=_("问题"),
        max_length=200,
        help_text=_("一次只回答一个主体的一个问题，例如“这家企业的许可证在数据日期是否有效”。"),
    )
    answers = forms.CharField(
        label=_("答案的取值"),
        max_length=4_000,
        initial="一致\n不一致\n查无记录\n异议处理中",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("每行一个，最多 32 个；答案只能是其中之一。"),
    )
    per_subject_per_day = forms.IntegerField(
        label=_("同一主体每天最多核验次数"), min_value=1, max_value=10_000, initial=3
    )
    subject = forms.ChoiceField(
        label=_("主体"),
        choices=lambda: [("enterprise", say("企业")), ("person", say("个人"))],
    )
    authorisation = forms.BooleanField(
        label=_("每次调用须有被核验主体的电子授权"), required=False, initial=True
    )

    def arguments(self) -> dict[str, Any]:
        """Return `question` of `workshop.submit_release`."""
        said = self.cleaned_data
        return {
            "question": {
                "question": said["question"],
                "answers": list(lines(said["answers"], str, "")),
                "limits": {"per_subject_per_day": said["per_subject_per_day"]},
                "authorisation": said["authorisation"],
                "subject": said["subject"],
            }
        }
