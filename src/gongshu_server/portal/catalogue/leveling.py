"""确认分类分级: every item with what the machine proposes, and what a person says instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from gongshu.cleanroom.lattices import LatticeKind
from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.levels import Grade, IdentifierClass, Level, SubjectKind
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries
from gongshu_server.catalogue.actions import Confirmation
from gongshu_server.catalogue.models import Item
from gongshu_server.portal import sessions
from gongshu_server.portal.catalogue.finding import ItemView, item_view
from gongshu_server.portal.doing import signed_in
from gongshu_server.portal.fields import lines
from gongshu_server.portal.speech import say
from gongshu_server.portal.stepping import take

PARTS = ("level", "grade", "identifier", "subject", "category", "lattice", "edges")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the item, what is proposed, and the fields to say otherwise."""

    item: ItemView
    proposed: dict[str, Any]
    choices: tuple[tuple[Any, forms.BoundField], ...]
    category: forms.BoundField
    lattice: forms.BoundField
    edges: forms.BoundField


class LevelsForm(forms.Form):
    """Corrections of levels; a field that is left empty takes the stricter of what is proposed."""

    reason = forms.CharField(
        label=_("更正的理由"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("定得比机器建议低的必须写明；写入办理经过和存证。"),
    )

    def __init__(self, *args: Any, items: Sequence[Item], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.items = list(items)
        for item in self.items:
            for part in PARTS:
                self.fields[f"{part}_{item.pk}"] = _field(part, item)

    def rows(self) -> list[Row]:
        """Return the lines of the table."""
        return [
            Row(
                item=item_view(item, own=True),
                proposed=item.proposal,
                choices=tuple((TITLES[one], self[f"{one}_{item.pk}"]) for one in PARTS[:4]),
                category=self[f"category_{item.pk}"],
                lattice=self[f"lattice_{item.pk}"],
                edges=self[f"edges_{item.pk}"],
            )
            for item in self.items
        ]

    def clean(self) -> dict[str, Any]:
        """Read the lattices: the values, band edges or months that an item may be cut along."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for item in self.items:
            try:
                said[f"lattice_{item.pk}"] = _lattice(
                    said.get(f"lattice_{item.pk}", ""), said.get(f"edges_{item.pk}", ""), item
                )
            except forms.ValidationError as fault:
                self.add_error(f"edges_{item.pk}", fault)
        return said

    def arguments(self) -> dict[str, Any]:
        """Return `confirmations` and `reason` of `catalogue.confirm_levels`."""
        said = self.cleaned_data
        return {
            "reason": said["reason"],
            "confirmations": {
                item.name: Confirmation(
                    category=said[f"category_{item.pk}"],
                    level=said[f"level_{item.pk}"],
                    grade=int(said[f"grade_{item.pk}"]) if said[f"grade_{item.pk}"] else None,
                    identifier=said[f"identifier_{item.pk}"],
                    subject=said[f"subject_{item.pk}"],
                    lattice=said[f"lattice_{item.pk}"],
                )
                for item in self.items
            },
        }


def _field(part: str, item: Item) -> forms.Field:
    if part == "category":
        stands = item.category or item.proposal.get("category", "")
        said = {"aria-label": _words(part, item), "placeholder": say(stands)}
        return forms.CharField(required=False, max_length=60, widget=forms.TextInput(attrs=said))
    if part == "edges":
        kept = item.lattice or {}
        words = kept.get("values") or kept.get("edges") or ()
        line = forms.TextInput(
            attrs={"aria-label": _words(part, item), "placeholder": _("取值或边界")}
        )
        initial = "、".join(str(word) for word in words)
        return forms.CharField(required=False, max_length=20_000, widget=line, initial=initial)
    kind = (item.lattice or {}).get("kind", "") if part == "lattice" else ""
    widget = forms.Select(attrs={"aria-label": _words(part, item)})
    return forms.ChoiceField(required=False, choices=OFFERED[part], widget=widget, initial=kind)


def _words(part: str, item: Item) -> str:
    return f"{item.name} {TITLES[part]}"


def _kept(codes: Sequence[tuple[str, str]], first: Any) -> Callable[[], list[tuple[str, Any]]]:
    return lambda: [("", first), *((code, say(zh)) for code, zh in codes)]


TITLES = {
    "level": _("级别"),
    "grade": _("分级"),
    "identifier": _("标识类型"),
    "subject": _("涉及"),
    "category": _("类别"),
    "lattice": _("可以怎样比较"),
    "edges": _("取值或边界"),
}
OFFERED = {
    "level": _kept([(str(one), one.zh) for one in Level], _("建议")),
    "grade": _kept([(str(int(one)), one.zh) for one in Grade], _("建议")),
    "identifier": _kept([(str(one), one.zh) for one in IdentifierClass], _("建议")),
    "subject": _kept([(str(one), one.zh) for one in SubjectKind], _("建议")),
    "lattice": _kept([(str(one), one.zh) for one in LatticeKind], _("不能用来比较")),
}


def _lattice(kind: str, text: str, item: Item) -> dict[str, Any] | None:
    """Return the lattice as it is kept; None says nothing new about an item that has none."""
    parts = text.replace("、", "\n").replace("，", "\n").replace(",", "\n")
    if not kind:
        return {} if item.lattice else None
    if kind == LatticeKind.MONTHS:
        return {"kind": kind}
    if not parts.strip():
        raise forms.ValidationError(_("请写明取值或边界，用顿号或逗号隔开。"))
    if kind == LatticeKind.VALUES:
        return {"kind": kind, "values": list(lines(parts, str, ""))}
    edges = lines(parts, Decimal, _("边界须是数字，用顿号或逗号隔开。"))
    return {"kind": kind, "edges": [str(edge) for edge in edges]}


@signed_in
def confirm_levels(request: HttpRequest, case: Case, transition: str) -> HttpResponse:
    """Show every item with its proposal and reasons, and confirm what the provider says."""
    by = sessions.actor(request)
    row = queries.resource(case.subject_id, by=by)
    if row.provider_id != by.organisation:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    form = LevelsForm(request.POST or None, items=queries.items(row.pk))
    more = {"resource": row, "titles": TITLES}
    return take(request, case, transition, form, template="portal/catalogue/levels.html", more=more)
