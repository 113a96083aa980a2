"""The receipt 存证回执: its number, a QR code that leads to its verification, and the command."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.inclusion_tag("portal/components/receipt.html", takes_context=True)
def receipt(context: template.Context, number: str, download: str = "") -> dict[str, Any]:
    """Show a receipt; `download` is where its file is, empty while it is not sealed yet."""
    path = reverse("ledger:verify")
    request = context.get("request")
    return {
        "number": number,
        "download": download,
        "verify": path,
        "address": request.build_absolute_uri(path) if request is not None else path,
        "command": f"gongshu ledger receipt receipt-{number}.json --key ledger.vkey",
    }
