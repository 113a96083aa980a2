"""The ledger 存证: what happened, provable later by anybody and altered by nobody unseen.

Events are salted commitments (`commitments`) over canonical bytes (`canonical`); they are the
leaves of one RFC 6962 tree (`tree`), kept as C2SP tlog-tiles (`tiles`) under a signed checkpoint
(`checkpoints`, `notes`). `receipts` prove one event, `segments` gather uses under one entry, and
`verify` checks a whole folder with nothing but the public key.
"""

from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from gongshu.ledger.commitments import Opening, commit, commit_many, fresh_salts
from gongshu.ledger.faults import Fault, LedgerFault
from gongshu.ledger.notes import Signer, Verifier
from gongshu.ledger.reading import TileReader
from gongshu.ledger.receipts import Receipt, Verified, verify_receipt
from gongshu.ledger.report import Report
from gongshu.ledger.segments import SEGMENT_KIND, Segment, segment_root
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from gongshu.ledger.verify import verify_folder

__all__ = [
    "EMPTY_ROOT",
    "SEGMENT_KIND",
    "Checkpoint",
    "Fault",
    "LedgerFault",
    "Opening",
    "Receipt",
    "Report",
    "Segment",
    "Signer",
    "TileReader",
    "TileStore",
    "Tree",
    "Verified",
    "Verifier",
    "commit",
    "commit_many",
    "fresh_salts",
    "leaf_hash",
    "leaf_hashes",
    "open_checkpoint",
    "segment_root",
    "sign_checkpoint",
    "verify_consistency",
    "verify_folder",
    "verify_inclusion",
    "verify_receipt",
]
