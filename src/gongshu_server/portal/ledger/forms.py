"""The form of a receipt to verify: a file, or its text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MOST = 256 * 1024


class ReceiptForm(forms.Form):
    """A receipt as a file or as text; one of the two."""

    file = forms.FileField(label=_("回执文件"), required=False)
    text = forms.CharField(
        label=_("或粘贴回执内容"),
        required=False,
        strip=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse nothing at all, and a file that is too large to be a receipt."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        file = said.get("file")
        if file is not None and file.size > MOST:
            self.add_error("file", _("这个文件太大，不是存证回执；请选择下载到的回执文件。"))
        elif file is None and not said.get("text", "").strip():
            self.add_error(None, _("请选择回执文件，或粘贴回执内容。"))
        return said

    def data_of(self) -> bytes:
        """Return the receipt's bytes; a browser's line ends are put back as they were."""
        file = self.cleaned_data.get("file")
        if file is not None:
            return bytes(file.read())
        text: str = self.cleaned_data["text"].strip()
        return text.encode() + b"\n"
