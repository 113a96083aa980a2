"""Uses are many: a segment of use records is one Merkle tree, and its root is one ledger entry.

Each record is a commitment, so each use has its own proof while the log grows by one entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gongshu.ledger.canonical import canonical, parse_canonical
from gongshu.ledger.encoding import from_base64, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.proofs import HASH_LENGTH, leaf_hashes
from gongshu.ledger.tree import Tree
from gongshu.vocabulary.errors import Invalid

SEGMENT_KIND = "segment"


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """What the ledger entry of a segment says: its name, how many records, and their root."""

    name: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """Return the canonical body to commit to, with kind SEGMENT_KIND."""
        value = {"name": self.name, "root": to_base64(self.root), "size": self.size}
        return canonical(value)

    @classmethod
    def parse(cls, body: bytes) -> SegmentHead:
        """Return the head in a body. Raises LedgerFault unless the body is exactly of this form."""
        value = parse_canonical(body)
        if not isinstance(value, dict) or set(value) != {"name", "root", "size"}:
            raise _not_a_segment()
        name, root, size = value["name"], value["root"], value["size"]
        if not isinstance(name, str) or not isinstance(root, str) or type(size) is not int:
            raise _not_a_segment()
        if size < 1:
            raise _not_a_segment()
        return cls(name, size, from_base64(root, length=HASH_LENGTH))


class Segment:
    """The tree over the use records of one segment. Raises Invalid when there are none."""

    def __init__(self, name: str, records: Sequence[bytes]) -> None:
        if not records:
            raise Invalid("没有用数记录的分段不必存证。", code="ledger_segment")
        self._tree = Tree(leaf_hashes(records))
        self.head = SegmentHead(name, self._tree.size, self._tree.root())

    def proof(self, index: int) -> list[bytes]:
        """Return the audit path of one record within the segment. Raises Invalid out of range."""
        return self._tree.inclusion_proof(index)


def segment_root(records: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root over use records (32-byte commitments, in order)."""
    return Tree(leaf_hashes(records)).root()


def _not_a_segment() -> LedgerFault:
    return LedgerFault(
        "这个条目不是用数分段的存证；请重新索取回执。", code="ledger_segment", part="opening"
    )
