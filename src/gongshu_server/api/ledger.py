"""The ledger over the API: entries that the caller may open, their receipts, the checkpoint."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from gongshu_server.api.answers import present
from gongshu_server.api.reading import PAGING, TAG, Paging, listed
from gongshu_server.api.shapes import page_of, shape
from gongshu_server.api.writing import acting
from gongshu_server.oversight import entries
from gongshu_server.oversight.entries import Checkpoint, EntryView
from gongshu_server.usage.receipts import use_receipt

router = Router(tags=["ledger"])


class ReceiptFile(HttpResponse):
    """A receipt as it is written: one canonical JSON document that verifies offline."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, content_type="application/json")
        self[TAG] = f'W/"{sha256(data).hexdigest()}"'


@router.get("/ledger/entries", response=page_of(EntryView), summary="本机构的存证条目")
def listed_entries(request: HttpRequest, event: str = "", paging: Paging = PAGING) -> Any:
    """Return the entries of what the caller's organisation did, the newest first."""
    by = acting(request)
    rows = entries.entries(by=by, event=event)
    return listed(rows, paging, ("-sequence",), partial(entries.entry_views, by=by))


@router.get("/ledger/entries/{entry_id}", response=shape(EntryView), summary="一条存证条目")
def entry(request: HttpRequest, entry_id: str) -> Any:
    """Return one entry of the caller's organisation or of a case that the caller may see."""
    return present(entries.entry(entry_id, by=acting(request)))


@router.get(
    "/ledger/entries/{entry_id}/receipt", response=dict[str, Any], summary="一条存证条目的回执"
)
def receipt_of_entry(request: HttpRequest, entry_id: str) -> ReceiptFile:
    """Return the receipt file of an entry that the caller may open; it verifies offline."""
    return ReceiptFile(entries.receipt(entry_id, by=acting(request)))


@router.get("/receipts/{receipt_id}", response=dict[str, Any], summary="取一次用数的存证回执")
def receipt(request: HttpRequest, receipt_id: str) -> ReceiptFile:
    """Return the receipt file of one of the caller's own uses; it verifies offline."""
    return ReceiptFile(use_receipt(receipt_id, party=acting(request).organisation))


@router.get(
    "/ledger/checkpoint", auth=None, response=shape(Checkpoint), summary="最新的签名锚点和验证公钥"
)
def checkpoint(request: HttpRequest) -> Any:
    """Return the newest signed checkpoint and the key that verifies it; tiles lie at /ledger/."""
    return present(entries.checkpoint())
