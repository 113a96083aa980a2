"""Forms of objections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu_server.oversight.actions import Complaint
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
