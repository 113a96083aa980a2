"""Forms of objections and complaints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu_server.oversight.actions import Complaint
from gongshu_server.oversight.complaints import Statement
from gongshu_server.portal.fields import choices


class ObjectionForm(forms.Form):
    """Which record is wrong, and why; the subject is the reader's own organisation, always."""

    source = forms.ChoiceField(
        label=_("哪一项产品用了哪个来源的数据"),
        help_text=_("异议由来源单位核对；同一产品的其他记录照常使用。"),
    )
    statement = forms.CharField(
        label=_("哪里不对，应当是什么"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("写明事实；证据可以在提出后作为材料补充。"),
    )
    authority = forms.ChoiceField(label=_("承办的数据管理部门"))

    def __init__(
        self,
        *args: Any,
        subject: str,
        sources: Sequence[tuple[str, str]],
        authorities: Sequence[tuple[str, str]],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self._subject = subject
        choices(self, "source", sources)
        choices(self, "authority", authorities)

    def arguments(self) -> dict[str, Any]:
        """Return `complaint` and `authority` of `oversight.raise_objection`."""
        said = self.cleaned_data
        product, _, resource = said["source"].partition("/")
        complaint = Complaint(
            product_id=product,
            resource_id=resource,
            subject=self._subject,
            statement=said["statement"],
        )
        return {"complaint": complaint, "authority": said["authority"]}


class CorrectionForm(forms.Form):
    """Which version of the source holds the correction."""

    snapshot_id = forms.ChoiceField(
        label=_("更正后的数据版本"),
        help_text=_("先报送更正后的文件，产品重新构建后，再在这里选择新版本。"),
    )

    def __init__(self, *args: Any, versions: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        choices(self, "snapshot_id", versions)

    def arguments(self) -> dict[str, Any]:
        """Return `snapshot_id` of `oversight.correct_at_source`."""
        return dict(self.cleaned_data)


class ComplaintForm(forms.Form):
    """What is complained of, what happened, and where an answer can be sent."""

    about = forms.ChoiceField(label=_("投诉举报什么"))
    text = forms.CharField(
        label=_("事实"),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("写明时间、经过和依据。请不要写与此事无关的个人信息。"),
    )
    contact = forms.CharField(
        label=_("联系方式"),
        max_length=200,
        required=False,
        help_text=_("电话或邮箱，只用于答复；未登录的必须填写。"),
    )

    def __init__(self, *args: Any, anonymous: bool, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["contact"].required = anonymous

    def arguments(self) -> dict[str, Any]:
        """Return `statement` of `oversight.submit_complaint`."""
        said = self.cleaned_data
        kind, _, about = said["about"].partition("/")
        return {"statement": Statement(kind, about, said["text"], said["contact"])}


class TransferForm(forms.Form):
    """To whom a complaint is handed, and why."""

    to = forms.ChoiceField(label=_("转给哪个机关"))
    reason = forms.CharField(
        label=_("理由"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def arguments(self) -> dict[str, Any]:
        """Return `to` and `reason` of `oversight.transfer_complaint`."""
        return dict(self.cleaned_data)


class RevealForm(forms.Form):
    """Why somebody must know who complained."""

    reason = forms.CharField(
        label=_("查看的理由"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def arguments(self) -> dict[str, Any]:
        """Return `reason` of `oversight.reveal_complainant`."""
        return dict(self.cleaned_data)
