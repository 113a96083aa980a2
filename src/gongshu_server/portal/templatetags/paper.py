"""QR codes and printed forms in pages: inline pictures without styles, scripts or requests."""

from __future__ import annotations

import io

import segno
from django import template
from django.utils.safestring import SafeString, mark_safe

from gongshu_server.cases.forms import HEADINGS, Form, day_text

register = template.Library()


@register.simple_tag
def qr(address: str) -> SafeString:
    """Return the QR code of an address as an SVG element of class `qr`.

    It holds drawn paths and numbers only, none of the text that it encodes.
    """
    made = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(made, kind="svg", xmldecl=False, svgclass="qr", lineclass=None, omitsize=True)
    return mark_safe(made.getvalue().decode())  # noqa: S308 - segno draws numbers, no text


@register.inclusion_tag("portal/components/paper.html")
def paper(form: Form) -> dict[str, object]:
    """Show a form as it is printed on A4."""
    opinions = [(one, day_text(one.day)) for one in form.opinions]
    return {"form": form, "words": HEADINGS, "opinions": opinions, "day": day_text(form.day)}
