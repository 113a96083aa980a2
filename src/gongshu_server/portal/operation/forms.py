"""Forms of authorised operation: plans, agreement terms, scenario applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.policy import Undertaking
from gongshu.procedures.agreement import MANDATORY_ITEMS
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.operation.actions import Application, ScopeEntry, Terms
from gongshu_server.operation.coverage import OfferedItem
from gongshu_server.operation.plans import MODES
from gongshu_server.operation.scope import EXITS
from gongshu_server.operation.terms import LEAST_MINIMUM, PURPOSES, SELECTIONS
from gongshu_server.portal.fields import choices, day_after, lines
from gongshu_server.portal.speech import say

LONG = 20_000
# Promises that nearly every scenario makes; others are written in by hand.
PROMISES: Mapping[str, tuple[str, str]] = {
    "purpose": ("只用于本场景所列用途", "27-21"),
    "deletion": ("场景结束后删除中间结果", "27-14"),
    "no_reidentification": ("不尝试识别或者还原任何主体", "27-14"),
}


class PlanForm(forms.Form):
    """The beginning of a plan: its title, the mode, and who decides it."""

    title = forms.CharField(label=_("方案名称"), max_length=160)
    mode = forms.ChoiceField(
        label=_("授权模式"),
        choices=lambda: [(code, say(zh)) for code, zh in MODES.items()],
        widget=forms.RadioSelect,
    )
    authority = forms.ChoiceField(label=_("报请批准的单位"))

    def __init__(self, *args: Any, authorities: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "authority", authorities)

    def arguments(self) -> dict[str, Any]:
        """Return `title`, `mode` and `authority` of `operation.draft_plan`."""
        return dict(self.cleaned_data)


class ContentsForm(forms.Form):
    """The mandatory items of a plan; a draft may leave any of them open."""

    def __init__(self, *args: Any, items: Mapping[str, str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        for number, (code, zh) in enumerate(items.items(), 1):
            self.fields[code] = _long(f"{number}. {say(zh)}")

    def arguments(self) -> dict[str, Any]:
        """Return `contents` of `operation.amend_plan`: what has been written so far."""
        return {"contents": {code: text for code, text in self.cleaned_data.items() if text}}


def _long(label: Any) -> forms.CharField:
    """Return the field of a mandatory item: a draft may leave it open, the finished text may not.

    What is missing is said at once when the text is handed in, so the field asks for nothing yet.
    """
    made = forms.CharField(
        label=label,
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    made.wanted_later = True  # type: ignore[attr-defined] # read by field.html
    return made


def _day(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **more)


def _several(label: Any, **more: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, widget=forms.CheckboxSelectMultiple, **more)


@dataclass(frozen=True, slots=True)
class Offer:
    """A resource in the picker: what of it may be asked for, and by which exits."""

    resource: str
    title: str
    items: tuple[OfferedItem, ...]
    exits: tuple[str, ...] = tuple(EXITS)


@dataclass(frozen=True, slots=True)
class Picked:
    """A resource as the picker shows it again: its offer, and what is ticked."""

    offer: Offer
    items: frozenset[str]
    exits: tuple[tuple[str, str, bool], ...]


class Picker:
    """The scope picker: resources × items × exits; what can never be granted cannot be ticked."""

    def __init__(self, form: forms.Form, offers: Sequence[Offer]) -> None:
        self.form, self.offers = form, tuple(offers)

    def rows(self) -> Iterator[Picked]:
        """Yield each resource with what is ticked; by default every item that may be, no exit."""
        for offer in self.offers:
            items, exits = self._ticked(offer)
            shown = tuple((code, say(EXITS[code]), code in exits) for code in offer.exits)
            yield Picked(offer, items, shown)

    def entries(self) -> tuple[ScopeEntry, ...]:
        """Return what was ticked; a resource without any item ticked is not asked for."""
        found = []
        for offer in self.offers:
            items, exits = self._ticked(offer)
            if items or exits:
                found.append(ScopeEntry(offer.resource, tuple(sorted(items)), exits))
        return tuple(found)

    def _ticked(self, offer: Offer) -> tuple[frozenset[str], tuple[str, ...]]:
        allowed = {item.name for item in offer.items if not item.barred}
        if not self.form.is_bound:
            return frozenset(), ()
        data: Any = self.form.data
        items = frozenset(data.getlist(f"item__{offer.resource}")) & allowed
        exits = data.getlist(f"exit__{offer.resource}")
        return items, tuple(code for code in offer.exits if code in exits)


class TermsForm(forms.Form):
    """What both sides agree on; the platform enforces the fields, not the texts."""

    operator = forms.ChoiceField(label=_("运营机构"))
    selection = forms.ChoiceField(
        label=_("选择方式"), choices=lambda: [(code, say(zh)) for code, zh in SELECTIONS.items()]
    )
    selection_record = forms.CharField(label=_("选择结果文号"), max_length=120)
    security_bodies = _several(_("安全审核单位"))
    compliance_bodies = _several(_("业务规范性审核单位"))
    purposes = _several(
        _("用途"), choices=lambda: [(code, say(Purpose(code).zh)) for code in sorted(PURPOSES)]
    )
    businesses = _several(
        _("授权的业务"), choices=lambda: [(str(one), say(one.zh)) for one in Business]
    )
    products = forms.CharField(
        label=_("产品和服务清单"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONG,
        help_text=_("每行写一个产品或服务的名称。"),
    )
    first_day = _day(_("授权期限自"))
    last_day = _day(_("授权期限至"), help_text=_("含当天；最长五年。"))
    regions = forms.CharField(
        label=_("区域"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每行一个行政区划代码；留空为不限区域。"),
    )
    minimum = forms.IntegerField(
        label=_("最小主体数"),
        min_value=LEAST_MINIMUM,
        initial=LEAST_MINIMUM,
        help_text=_("每个出域数字背后至少有这么多个主体。"),
    )
    max_rows = forms.IntegerField(label=_("每次输出的行数上限"), min_value=1, required=False)

    def __init__(
        self,
        *args: Any,
        operators: Sequence[tuple[str, str]],
        security: Sequence[tuple[str, str]],
        compliance: Sequence[tuple[str, str]],
        offers: Sequence[Offer],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "operator", operators)
        choices(self, "security_bodies", security)
        choices(self, "compliance_bodies", compliance)
        self.picker = Picker(self, offers)
        for number, (code, zh) in enumerate(MANDATORY_ITEMS.items(), 1):
            self.fields[f"content__{code}"] = _long(f"{number}. {say(zh)}")

    def texts(self) -> list[forms.BoundField]:
        """Return the fields of the thirteen mandatory items."""
        return [self[name] for name in self.fields if name.startswith("content__")]

    def plain(self) -> list[forms.BoundField]:
        """Return the fields that the platform enforces."""
        return [self[name] for name in self.fields if not name.startswith("content__")]

    def clean_regions(self) -> tuple[str, ...]:
        """Return the division codes, one a line."""
        return lines(self.cleaned_data["regions"], str, _("每行一个行政区划代码。"))

    def arguments(self) -> dict[str, Any]:
        """Return `terms` of `operation.draft_agreement`."""
        said = self.cleaned_data
        return {
            "terms": Terms(
                operator=said["operator"],
                selection=said["selection"],
                selection_record=said["selection_record"],
                security_bodies=tuple(said["security_bodies"]),
                compliance_bodies=tuple(said["compliance_bodies"]),
                contents={code: said[f"content__{code}"] for code in MANDATORY_ITEMS},
                scope=self.picker.entries(),
                purposes=tuple(said["purposes"]),
                businesses=tuple(said["businesses"]),
                products=tuple({"title": one} for one in lines(said["products"], str, "")),
                valid_from=datetime.combine(said["first_day"], time(), SHANGHAI),
                valid_until=day_after(said["last_day"]),
                regions=said["regions"],
                minimum=said["minimum"],
                max_rows=said["max_rows"],
            )
        }


class ScenarioForm(forms.Form):
    """A scenario application: only what the agreement's ceiling allows can be chosen."""

    title = forms.CharField(label=_("场景名称"), max_length=160)
    developer = forms.ChoiceField(label=_("开发主体"))
    purpose = forms.ChoiceField(label=_("用途"), widget=forms.RadioSelect)
    businesses = _several(_("业务"))
    last_day = _day(_("场景期限至"))
    regions = _several(_("区域"), required=False)
    minimum = forms.IntegerField(
        label=_("最小主体数"),
        min_value=LEAST_MINIMUM,
        required=False,
        help_text=_("留空按协议；可以比协议更严，不能更松。"),
    )
    max_rows = forms.IntegerField(
        label=_("每次输出的行数上限"), min_value=1, required=False, help_text=_("留空按协议。")
    )
    promises = _several(
        _("承诺"),
        required=False,
        choices=lambda: [(code, say(zh)) for code, (zh, _clause) in PROMISES.items()],
        help_text=_("承诺不由系统判定，记录在许可里，由监督和检查保证。"),
    )
    others = forms.CharField(
        label=_("其他承诺"),
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每行一项。"),
    )

    def __init__(
        self,
        *args: Any,
        developers: Sequence[tuple[str, str]],
        purposes: Sequence[str],
        businesses: Sequence[str],
        regions: Sequence[str],
        offers: Sequence[Offer],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "developer", developers)
        choices(self, "purpose", [(code, say(Purpose(code).zh)) for code in purposes])
        choices(self, "businesses", [(code, say(Business(code).zh)) for code in businesses])
        choices(self, "regions", [(code, code) for code in regions])
        if not regions:
            del self.fields["regions"]
        self.picker = Picker(self, offers)

    def plain(self) -> list[forms.BoundField]:
        """Return the fields before and after the picker."""
        return list(self)

    def arguments(self) -> dict[str, Any]:
        """Return `application` of `operation.submit_scenario`."""
        said = self.cleaned_data
        promised = [Undertaking(code, *PROMISES[code]) for code in said["promises"]]
        promised += [Undertaking("other", one, "27-14") for one in lines(said["others"], str, "")]
        return {
            "application": Application(
                title=said["title"],
                developer=said["developer"],
                purpose=said["purpose"],
                scope=self.picker.entries(),
                valid_until=day_after(said["last_day"]),
                undertakings=tuple(promised),
                businesses=tuple(said["businesses"]),
                regions=tuple(said.get("regions", ())),
                minimum=said["minimum"],
                max_rows=said["max_rows"],
            )
        }
