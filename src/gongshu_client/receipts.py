"""Receipts checked offline: with the receipt's bytes and a public key from elsewhere, no node."""

from __future__ import annotations

from gongshu.ledger.notes import Verifier
from gongshu.ledger.receipts import Verified, verify_receipt


def verify(receipt: bytes, vkey: str) -> Verified:
    """Return what a receipt proves under the log's public key.

    `vkey` is the text of `ledger.vkey`, which must come from another place than the node. Raises
    LedgerFault naming the part and byte that do not hold, Invalid for a text that is no key.
    """
    verifier = Verifier.parse(vkey.strip())
    return verify_receipt(receipt, verifier, origin=verifier.name)
