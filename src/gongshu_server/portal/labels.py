"""What the parameters of actions are called on a form: label, help, and how they are asked for.

A name means the same wherever it occurs; where an action uses it otherwise, it is listed under
the action's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # The name exists for the type checker only.
    from django.utils.functional import _StrPromise

Words: TypeAlias = "str | _StrPromise"


@dataclass(frozen=True, slots=True)
class Label:
    """The words for one field: its label and, where the label is not enough, a sentence."""

    zh: Words
    help: Words = ""


LABELS: Mapping[str, Label] = MappingProxyType(
    {
        "reason": Label(_("理由"), _("写明事实和依据；理由会进入办理经过和存证，当事方看得到。")),
        "opinion": Label(_("意见"), _("写明意见和理由。")),
        "agreed": Label(_("是否同意")),
        "passed": Label(_("审核结论")),
        "amount": Label(_("每次收费标准（元）"), _("最多两位小数，例如 0.50。")),
        "expected_volume": Label(_("预计一年的使用次数")),
        "title": Label(_("名称")),
        "first_day": Label(_("从哪一天起")),
        "end_day": Label(_("到哪一天为止（不含当天）")),
        "until": Label(_("截止时间")),
        "clause": Label(_("依据条款编号"), _("例如 809-21。")),
        "days": Label(_("有效天数")),
        "purpose": Label(_("用途")),
        "label": Label(_("凭证用途"), _("便于日后辨认，例如“核验系统生产环境”。")),
        "expires_at": Label(_("到期时间"), _("留空为长期有效。")),
        "person_name": Label(_("姓名")),
        "duties": Label(_("岗位职责")),
        "authority": Label(_("承办的数据管理部门")),
        "step": Label(_("内部环节")),
        "name": Label(_("全称")),
        "short_name": Label(_("简称")),
    }
)


def label(action: str, parameter: str) -> Label:
    """Return the words for a parameter of an action; the parameter's name where there are none."""
    return LABELS.get(f"{action}.{parameter}") or LABELS.get(parameter) or Label(parameter)
