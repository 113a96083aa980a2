"""The field that takes a scanned paper: sent at once; the form names what it became.

The protocol is that of `uploads`; the form carries the attachment's id, never the bytes.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gongshu_server.cases.media import EXTENSIONS


class AttachmentInput(forms.TextInput):
    """A drop zone with the hidden id of the file that was sent."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """Return the zone; what was sent before the form came back with errors is kept."""
        context = {
            "name": name,
            "value": value or "",
            "attributes": attrs or {},
            "accept": ",".join(EXTENSIONS.values()),
        }
        return render_to_string("portal/components/attachment.html", context)


def attachment_field() -> forms.CharField:
    """Return the field of a form that takes one scanned paper."""
    return forms.CharField(
        label=_("附件（盖章扫描件）"),
        required=False,
        max_length=26,
        widget=AttachmentInput(),
        help_text=_("PDF、OFD、DOCX 或 PNG、JPEG、TIFF 图片，不超过 32 MB。"),
    )
