"""Forms of the catalogue whose questions the actions' signatures alone cannot put well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gongshu.vocabulary.levels import ShareAttribute
from gongshu_server.catalogue.actions import Entry
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.portal.fields import choices
from gongshu_server.portal.forms import PaperKind
from gongshu_server.portal.speech import say

# An entry keeps the Chinese word; pages show it in the reader's language.
CYCLES: Mapping[str, Any] = MappingProxyType(
    {
        "实时": _("实时"),
        "每日": _("每日"),
        "每周": _("每周"),
        "每月": _("每月"),
        "每季度": _("每季度"),
        "每半年": _("每半年"),
        "每年": _("每年"),
        "不定期": _("不定期"),
    }
)
TABLE = re.compile(r"[^\W\d]\w*")
BETWEEN = re.compile("[\t\n,，、;；]+")
MOST_ITEMS = 2000


def cycles(other: str = "") -> list[tuple[str, str]]:
    """Return the update cycles to choose from, and one that is in use already."""
    known = (*CYCLES, *((other,) if other and other not in CYCLES else ()))
    return [(one, say(one)) for one in known]


class EntryForm(forms.Form):
    """A catalogue entry as a department files it; 809号 第13条 names the fields."""

    title = forms.CharField(
        label=_("目录名称"), max_length=120, help_text=_("让别的部门一看就知道是什么数据。")
    )
    summary = forms.CharField(
        label=_("摘要"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("一两句话：谁的什么事项，覆盖哪些范围。"),
    )
    items = forms.CharField(
        label=_("数据项"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("每行一个；也可以把电子表格的表头行复制过来。名称须与数据文件的表头一致。"),
    )
    table = forms.CharField(
        label=_("表名"),
        max_length=60,
        help_text=_("在开发利用环境里查询时用的名字，只用汉字、字母、数字和下划线。"),
    )
    update_cycle = forms.ChoiceField(label=_("更新频率"), choices=cycles, initial="每月")
    share_attribute = forms.ChoiceField(
        label=_("共享属性"), widget=forms.RadioSelect, initial="conditional"
    )
    share_basis = forms.CharField(
        label=_("共享条件或不予共享的依据"),
        max_length=200,
        required=False,
        help_text=_("不予共享的，必须写明法律、行政法规或国务院决定的依据。"),
    )
    keeping_years = forms.IntegerField(label=_("保存年限"), min_value=1, max_value=100, initial=10)
    authority = forms.ChoiceField(label=_("审核的数据管理部门"))

    def __init__(
        self,
        *args: Any,
        authorities: Sequence[tuple[str, str]] = (),
        amended: Resource | None = None,
        synthetic: bool = False,
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self._synthetic, self._amended = synthetic, amended
        choices(self, "share_attribute", [(str(one), say(one.zh)) for one in ShareAttribute])
        choices(self, "update_cycle", cycles(amended.update_cycle if amended else ""))
        if amended is None:
            choices(self, "authority", authorities)
            return
        for name in ("authority", "table", "share_attribute", "share_basis", "keeping_years"):
            del self.fields[name]

    def groups(self) -> Iterator[tuple[PaperKind | None, list[forms.BoundField]]]:
        """Yield the fields as one group; an entry takes no papers."""
        yield None, [self[name] for name in self.fields]

    def clean_table(self) -> str:
        """Refuse a name that no query could be written with."""
        name = str(self.cleaned_data["table"]).strip()
        if not TABLE.fullmatch(name):
            raise forms.ValidationError(_("表名只用汉字、字母、数字和下划线，且不以数字开头。"))
        return name

    def clean_items(self) -> tuple[str, ...]:
        """Return the names, from lines or from a header row as it is copied."""
        found = tuple(filter(None, map(str.strip, BETWEEN.split(self.cleaned_data["items"]))))
        if len(found) > MOST_ITEMS or any(len(name) > 120 for name in found):
            raise forms.ValidationError(_("数据项过多或名称过长，请核对是否把数据行也复制进来了。"))
        return found

    def arguments(self) -> dict[str, Any]:
        """Return `entry`, and `authority` where the entry is new."""
        said = dict(self.cleaned_data)
        given = {"authority": said.pop("authority")} if "authority" in said else {}
        kept = self._amended
        if kept is not None:
            said |= {
                "table": kept.table,
                "share_attribute": kept.share_attribute,
                "share_basis": kept.share_basis,
                "keeping_years": kept.keeping_years,
                "synthetic": kept.synthetic,
            }
        return {"entry": Entry(**{"synthetic": self._synthetic, **said}), **given}


class ItemsForm(forms.Form):
    """Which items of a resource are to be opened."""

    items = forms.MultipleChoiceField(
        label=_("要开放的数据项"), widget=forms.CheckboxSelectMultiple
    )
    authority = forms.ChoiceField(label=_("审查的数据管理部门"))

    def __init__(
        self,
        *args: Any,
        offered: Iterable[Item],
        authorities: Sequence[tuple[str, str]],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        choices(self, "items", [(item.name, item.name) for item in offered])
        choices(self, "authority", authorities)

    def arguments(self) -> dict[str, Any]:
        """Return `items` and `authority` of `opening.apply`."""
        said = self.cleaned_data
        return {"items": list(said["items"]), "authority": said["authority"]}


class FileForm(forms.Form):
    """One data file."""

    file = forms.FileField(
        label=_("数据文件"),
        help_text=_("CSV、TXT、XLSX，可以是 gzip 或 zip 压缩包，任何常见编码。"),
    )
