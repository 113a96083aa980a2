"""Verifying a receipt (验回执) and looking at the ledger; nothing here needs an account."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.receipts import Verified, verify_receipt
from gongshu.vocabulary.events import EVENTS
from gongshu_server.journal import sealing
from gongshu_server.oversight import entries
from gongshu_server.portal import refusals
from gongshu_server.portal.ledger.forms import ReceiptForm


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Verify a receipt against the node's public key, and say how to do it without the node."""
    sent = request.method == "POST"
    form = ReceiptForm(request.POST, request.FILES) if sent else ReceiptForm()
    verified, refusal, status = None, None, 200
    if sent and form.is_valid():
        try:
            verified = verify_receipt(form.data_of(), sealing.signer().verifier)
        except LedgerFault as error:
            refusal, status = refusals.card(error), 422
    context = {
        "form": form,
        "verified": verified,
        "event": _event(verified),
        "body": _body(verified),
        "card": refusal,
    }
    return render(request, "portal/ledger/verify.html", context, status=status)


def _event(verified: Verified | None) -> str:
    kind = verified.opening.kind if verified else ""
    return EVENTS.get(kind, "用数记录" if kind == "use" else kind)


def _body(verified: Verified | None) -> str:
    if verified is None:
        return ""
    return json.dumps(json.loads(verified.opening.body), ensure_ascii=False, indent=2)


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Show the newest checkpoint, the public key, and how the whole ledger is verified offline."""
    found = entries.checkpoint()
    size = found.text.splitlines()[1] if found.text.count("\n") > 1 else ""
    return render(request, "portal/ledger/state.html", {"checkpoint": found, "size": size})


@require_safe
def public_key(request: HttpRequest) -> HttpResponse:
    """Hand out the public key as the file that the offline command takes."""
    response = HttpResponse(f"{sealing.signer().verifier.vkey}\n", content_type="text/plain")
    response["Content-Disposition"] = 'attachment; filename="ledger.vkey"'
    return response
