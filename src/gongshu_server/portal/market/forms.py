"""Forms of the market whose questions the actions' signatures alone cannot put well."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.pricing import Cost
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.cases.documents import Paper
from gongshu_server.market.orders import OFFERED, Request
from gongshu_server.market.prices import Survey
from gongshu_server.market.products import EXITS, Offer
from gongshu_server.portal.fields import choices, day_after, lines
from gongshu_server.portal.forms import PaperKind, papers_of
from gongshu_server.portal.speech import say

PURPOSES = tuple(sorted(OFFERED))


def purposes(offered: Sequence[str] = PURPOSES) -> list[tuple[str, str]]:
    """Return the purposes to choose from, in the reader's language."""
    return [(code, say(Purpose(code).zh)) for code in offered]


class OfferForm(forms.Form):
    """What the operator makes of a release: title, form, and for which purposes."""

    title = forms.CharField(label=_("产品名称"), max_length=120)
    purposes = forms.MultipleChoiceField(
        label=_("提供给哪些用途"),
        choices=purposes,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("公共治理、公益事业无偿；产业发展、行业发展可以收费，须先说明必要性。"),
    )
    authority = forms.ChoiceField(label=_("承办的数据管理部门"))

    def __init__(
        self, *args: Any, exit: str, authorities: Sequence[tuple[str, str]], **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self._form = next(form for form, leaves in EXITS.items() if leaves == exit)
        choices(self, "authority", authorities)

    def arguments(self) -> dict[str, Any]:
        """Return `offer` and `authority` of `market.file_product`."""
        said = self.cleaned_data
        offer = Offer(title=said["title"], form=self._form, purposes=tuple(said["purposes"]))
        return {"offer": offer, "authority": said["authority"]}


class OrderForm(forms.Form):
    """What a buyer asks for: purpose, price a unit, quota, until when, and the undertaking."""

    purpose = forms.ChoiceField(label=_("用途"), widget=forms.RadioSelect)
    price = forms.DecimalField(
        label=_("每次价格（元）"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        initial=Decimal("0.00"),
        help_text=_("不高于现行收费标准；公共治理和公益事业填 0。"),
    )
    quota = forms.IntegerField(
        label=_("总次数"), min_value=1, max_value=2_000_000_000, help_text=_("用完后须另行下单。")
    )
    last_day = forms.DateField(
        label=_("用到哪一天（含当天）"), widget=forms.DateInput(attrs={"type": "date"})
    )
    undertaking = forms.CharField(
        label=_("用途承诺"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("平台无法证明、但会记录和追责：例如不留存、不转让、只用于所写用途。"),
    )

    def __init__(self, *args: Any, offered: Sequence[str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "purpose", purposes([code for code in PURPOSES if code in set(offered)]))

    def arguments(self) -> dict[str, Any]:
        """Return `request` of `market.place_order`."""
        said = dict(self.cleaned_data)
        return {"request": Request(valid_until=day_after(said.pop("last_day")), **said)}


class NecessityForm(forms.Form):
    """Why charging is necessary, and the two bodies that price and authorise."""

    text = forms.CharField(
        label=_("收费必要性说明"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("默认免费。写明为什么免费提供难以持续；说明会公开。"),
    )
    authorising_body = forms.ChoiceField(label=_("授权主体"))
    price_authority = forms.ChoiceField(label=_("价格主管部门"))

    def __init__(
        self,
        *args: Any,
        authorising: Sequence[tuple[str, str]],
        pricing: Sequence[tuple[str, str]],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "authorising_body", authorising)
        choices(self, "price_authority", pricing)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `market.state_necessity` but the product."""
        said = dict(self.cleaned_data)
        statement = Paper(kind="necessity_statement", title="收费必要性说明", text=said.pop("text"))
        return {"statement": statement, **said}


def _yuan(label: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_digits=14, decimal_places=2)


class SurveyForm(forms.Form):
    """The result of the cost survey, from which the permitted revenue follows (65号 三)."""

    platform = _yuan(_("平台建设运维费用（元）"))
    processing = _yuan(_("数据传输、归集、存储、治理费用（元）"))
    staff = _yuan(_("人员费用（元）"))
    acquisition = _yuan(_("公共数据获取费用（元）"))
    period_expenses = _yuan(_("期间费用（元）"))
    subsidies = _yuan(_("政府补贴（元，从成本中扣除）"))
    treasury_yields = forms.CharField(
        label=_("十年期国债收益率（%，每行一个）"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("取其平均值。"),
    )
    profit_points = forms.DecimalField(
        label=_("利润率加点（百分点）"),
        min_value=0,
        max_digits=6,
        decimal_places=2,
        help_text=_("不超过 6 个百分点。"),
    )
    tax = _yuan(_("税金（元）"))
    carried_excess = _yuan(_("上一周期超收待扣除（元）"))

    def __init__(self, *args: Any, kinds: Sequence[PaperKind], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.kinds = tuple(kinds)
        self.fields["carried_excess"].initial = Decimal("0.00")
        self.papers = papers_of(self, kinds)

    def groups(self) -> Any:
        """Yield the plain fields, then the fields of each kind of paper."""
        return self.papers.groups()

    def clean_treasury_yields(self) -> tuple[Decimal, ...]:
        """Return the yields as numbers; every line must be one."""
        return lines(
            self.cleaned_data["treasury_yields"], Decimal, _("每行写一个数字，例如 1.66。")
        )

    def arguments(self) -> dict[str, Any]:
        """Return `survey` and `papers` of `market.fix_permitted_revenue`."""
        said = self.cleaned_data
        cost = Cost(
            **{
                part: said[part]
                for part in (
                    "platform",
                    "processing",
                    "staff",
                    "acquisition",
                    "period_expenses",
                    "subsidies",
                )
            }
        )
        survey = Survey(
            cost=cost,
            treasury_yields=said["treasury_yields"],
            profit_points=said["profit_points"],
            tax=said["tax"],
            carried_excess=said["carried_excess"],
        )
        return {"survey": survey, "papers": self.papers.filled()}


class KeyForm(forms.Form):
    """A key for an order: what it is for, and until when."""

    label = forms.CharField(
        label=_("凭证用途"), max_length=80, help_text=_("便于日后辨认，例如“核验系统生产环境”。")
    )
    last_day = forms.DateField(
        label=_("用到哪一天（含当天）"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("留空则与订单同时到期。"),
    )

    def arguments(self) -> dict[str, Any]:
        """Return `label` and `expires_at` of `accounts.issue_key`."""
        day = self.cleaned_data["last_day"]
        expires = day_after(day) if day else None
        return {"label": self.cleaned_data["label"], "expires_at": expires}


class BillForm(forms.Form):
    """The days that a bill is for, both included."""

    first_day = forms.DateField(
        label=_("从哪一天起"), widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=_("到哪一天（含当天）"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def arguments(self) -> dict[str, Any]:
        """Return `first_day` and `end_day` of `market.make_bill`."""
        end = day_after(self.cleaned_data["last_day"]).date()
        return {"first_day": self.cleaned_data["first_day"], "end_day": end}


class AuthorisationForm(forms.Form):
    """A subject lets one caller ask one question about it, once."""

    product_id = forms.ChoiceField(label=_("哪一项核验"))
    caller_id = forms.ChoiceField(label=_("允许谁来查"))
    purpose = forms.ChoiceField(label=_("用途"), choices=purposes)
    days = forms.IntegerField(label=_("几天内有效"), min_value=1, max_value=30, initial=7)

    def __init__(
        self,
        *args: Any,
        products: Sequence[tuple[str, str]],
        callers: Sequence[tuple[str, str]],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "product_id", products)
        choices(self, "caller_id", callers)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `market.authorise_subject`."""
        return dict(self.cleaned_data)
