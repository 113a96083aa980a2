"""Receipts (存证回执): a small file that proves an event offline with the public key alone.

It holds the opening (kind, salt, body), the entry, its audit path and the signed checkpoint. For a
use, the outer part proves the segment's entry and `use` proves the record within the segment.
The file is one canonical JSON text and a newline; every byte of it is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gongshu.ledger.canonical import canonical, parse_canonical
from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint
from gongshu.ledger.commitments import ENTRY_LENGTH, SALT_LENGTH, Opening
from gongshu.ledger.encoding import from_base64, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Verifier
from gongshu.ledger.proofs import HASH_LENGTH, leaf_hash, verify_inclusion
from gongshu.ledger.reading import TileReader
from gongshu.ledger.report import UNWITNESSED
from gongshu.ledger.segments import SEGMENT_KIND, Segment, SegmentHead
from gongshu.ledger.tiles import TileStore
from gongshu.vocabulary.errors import DomainError, Invalid

FORMAT = "gongshu.receipt/1"


@dataclass(frozen=True, slots=True)
class Place:
    """An opened entry and where it stands: index and audit path within its tree."""

    opening: Opening
    index: int
    path: tuple[bytes, ...]

    def value(self) -> dict[str, Any]:
        """Return the members of a receipt that describe this place."""
        return {
            "entry": to_base64(self.opening.entry()),
            "index": self.index,
            "opening": {
                "body": parse_canonical(self.opening.body),
                "kind": self.opening.kind,
                "salt": to_base64(self.opening.salt),
            },
            "path": [to_base64(item) for item in self.path],
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt to hand out: a place in the log, its checkpoint and, for a use, a place within."""

    place: Place
    checkpoint: Checkpoint
    use: Place | None = None

    @classmethod
    def of_entry(cls, store: TileStore, index: int, opening: Opening) -> Receipt:
        """Return the receipt of entry `index` under the store's present checkpoint.

        Raises Invalid when there is no such entry, when `opening` does not open it, or when its
        body is not canonical JSON.
        """
        path = tuple(store.inclusion_proof(index))
        checkpoint = store.checkpoint
        if checkpoint is None or store.tree.node(0, index) != leaf_hash(opening.entry()):
            raise _not_its_opening(index)
        return cls(Place(_readable(opening), index, path), checkpoint)

    @classmethod
    def from_tiles(cls, tiles: TileReader, index: int, opening: Opening) -> Receipt:
        """Return the same receipt, without the tree in memory: from the few tiles that it needs.

        Raises like `of_entry`, and LedgerFault when tiles are missing or damaged.
        """
        path = tuple(tiles.inclusion_proof(index))
        if tiles.node(0, index) != leaf_hash(opening.entry()):
            raise _not_its_opening(index)
        return cls(Place(_readable(opening), index, path), tiles.checkpoint)

    def for_use(self, segment: Segment, index: int, opening: Opening) -> Receipt:
        """Return the receipt of one use, this being the receipt of its segment's entry.

        Raises Invalid when this entry is not that segment's or `opening` is not that record's.
        """
        entry = self.place.opening
        if entry.kind != SEGMENT_KIND or entry.body != segment.head.body():
            raise _not_its_opening(self.place.index)
        place = Place(_readable(opening), index, tuple(segment.proof(index)))
        try:
            _check_path(place, segment.head.size, segment.head.root)
        except LedgerFault:
            raise _not_its_opening(index) from None
        return Receipt(self.place, self.checkpoint, place)

    def encode(self) -> bytes:
        """Return the file: canonical JSON and a newline."""
        value = self.place.value()
        value |= {"checkpoint": self.checkpoint.note.decode(), "format": FORMAT}
        if self.use is not None:
            value["use"] = self.use.value()
        return canonical(value) + b"\n"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt proves: `opening` was recorded in the log that signed `checkpoint`.

    `index` is the entry's place in the log; for a use, `segment` names its segment and
    `use_index` its place there. No witness is known yet: a rollback is not excluded.
    """

    opening: Opening
    index: int
    checkpoint: Checkpoint
    segment: SegmentHead | None = None
    use_index: int | None = None
    witnessed: bool = False

    @property
    def exit_code(self) -> int:
        """0 with witnesses, 3 without."""
        return 0 if self.witnessed else 3

    def lines_zh(self) -> list[str]:
        """Return what to print for a person, line by line."""
        lines = [f"回执有效：日志 {self.checkpoint.origin} 第 {self.index} 个存证条目。"]
        if self.segment is not None:
            lines.append(f"其中用数分段 {self.segment.name} 的第 {self.use_index} 条用数记录。")
        lines.append(f"签名锚点：共 {self.checkpoint.size} 个条目。")
        return lines if self.witnessed else [*lines, UNWITNESSED]


def verify_receipt(data: bytes, verifier: Verifier, *, origin: str | None = None) -> Verified:
    """Check a receipt file with nothing but the log's public key and return what it proves.

    Raises LedgerFault whose `part` (checkpoint, entry, index, opening, path, and the same with
    `use.` before) and `offset` say where it was damaged.
    """
    if data[-1:] != b"\n":
        raise _damaged("文件末尾", "end", max(len(data) - 1, 0))
    value = parse_canonical(data[:-1])
    _check_members(value, {"checkpoint", "format"}, "", 0)
    checkpoint = _checkpoint(value, verifier, origin)
    place = _place(value, "", 0, checkpoint.size, checkpoint.root)
    if "use" not in value:
        return Verified(place.opening, place.index, checkpoint)
    at = _offset(value, "use")
    if place.opening.kind != SEGMENT_KIND:
        raise _damaged("用数记录", "use", at)
    head = SegmentHead.parse(place.opening.body)
    _check_members(value["use"], set(), "use.", at)
    use = _place(value["use"], "use.", at, head.size, head.root)
    return Verified(use.opening, place.index, checkpoint, head, use.index)


def _checkpoint(value: dict[str, Any], verifier: Verifier, origin: str | None) -> Checkpoint:
    at = _offset(value, "checkpoint")
    if value["format"] != FORMAT:
        raise _damaged("格式名称", "format", _offset(value, "format"))
    note = value["checkpoint"]
    try:
        checkpoint = open_checkpoint(_string(note).encode(), verifier, origin=origin)
        # A line of an unknown key could be changed unseen, so a receipt carries none.
        alone = checkpoint.signatures() == 1
    except (LedgerFault, TypeError) as error:
        inner = error.offset if isinstance(error, LedgerFault) else None
        within = 0 if inner is None else _escaped(note, inner)
        raise _damaged("签名锚点", "checkpoint", at + within) from error
    if not alone:
        raise _damaged("签名锚点（含有无法核验的签名行）", "checkpoint", at)
    return checkpoint


def _escaped(note: str, offset: int) -> int:
    """Return where byte `offset` of a text lies within its JSON string."""
    before = note.encode()[:offset].decode(errors="ignore")
    return len(canonical(before)) - 1


def _check_members(value: Any, more: set[str], prefix: str, base: int) -> None:
    required = {"entry", "index", "opening", "path"} | more
    if not isinstance(value, dict):
        raise _damaged("结构", prefix.rstrip("."), base)
    allowed = required | ({"use"} if not prefix else set())
    for name in sorted(set(value) - allowed):
        raise _damaged(f"不认识的字段 {name}", prefix + name, base + _offset(value, name, key=True))
    for name in sorted(required - set(value)):
        raise _damaged(f"缺少字段 {name}", prefix + name, base)


def _place(value: dict[str, Any], prefix: str, base: int, size: int, root: bytes) -> Place:
    """Read the members of one place and check them against the tree (size, root)."""

    def part(name: str, zh: str) -> LedgerFault:
        return _damaged(zh, prefix + name, base + _offset(value, name))

    try:
        opening = _opening(value["opening"])
    except (DomainError, TypeError) as error:
        raise part("opening", "存证内容") from error
    try:
        entry = from_base64(_string(value["entry"]), length=ENTRY_LENGTH)
    except (LedgerFault, TypeError) as error:
        raise part("entry", "条目") from error
    try:
        path = _hashes(value["path"])
    except (LedgerFault, TypeError) as error:
        raise part("path", "证明路径") from error
    index = value["index"]
    if type(index) is not int or not 0 <= index < size:
        raise part("index", "条目序号")
    place = Place(opening, index, tuple(path))
    if opening.entry() == entry and _holds(entry, index, path, size, root):
        return place
    name, zh = _blame(place, entry, size, root)
    raise part(name, zh)


def _blame(place: Place, entry: bytes, size: int, root: bytes) -> tuple[str, str]:
    """Return which single part, put right, would make the rest agree with the signed root."""
    path = place.path
    if place.opening.entry() != entry:
        if _holds(entry, place.index, path, size, root):
            return "opening", "存证内容"
        if _holds(place.opening.entry(), place.index, path, size, root):
            return "entry", "条目"
        return "opening", "存证内容、条目或证明路径"
    if any(_holds(entry, index, path, size, root) for index in _near(place.index)):
        return "index", "条目序号"
    return "path", "证明路径"


def _near(index: int) -> list[int]:
    """Return the indices whose decimal text differs from this one's in one digit."""
    text = str(index)
    return [
        int(text[:at] + digit + text[at + 1 :]) for at in range(len(text)) for digit in "0123456789"
    ]


def _holds(entry: bytes, index: int, path: Sequence[bytes], size: int, root: bytes) -> bool:
    try:
        verify_inclusion(leaf_hash(entry), index, size, path=path, root=root)
    except LedgerFault:
        return False
    return True


def _check_path(place: Place, size: int, root: bytes) -> None:
    leaf = leaf_hash(place.opening.entry())
    verify_inclusion(leaf, place.index, size, path=place.path, root=root)


def _opening(value: Any) -> Opening:
    if not isinstance(value, dict) or set(value) != {"body", "kind", "salt"}:
        raise TypeError
    salt = from_base64(_string(value["salt"]), length=SALT_LENGTH)
    opening = Opening(_string(value["kind"]), salt, canonical(value["body"]))
    opening.entry()  # Raises Invalid for a kind that no commitment can have.
    return opening


def _readable(opening: Opening) -> Opening:
    try:
        parse_canonical(opening.body)
    except LedgerFault:
        raise Invalid(
            "这个条目的内容不是规范的 JSON，不能出具回执；请改用日志原件核验。",
            code="ledger_receipt",
        ) from None
    return opening


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list):
        raise TypeError
    return [from_base64(_string(item), length=HASH_LENGTH) for item in value]


def _offset(value: dict[str, Any], name: str, *, key: bool = False) -> int:
    """Return the byte at which the value (or the name) of a member begins in the canonical text."""
    before = {other: value[other] for other in value if _utf16(other) < _utf16(name)}
    start = len(canonical(before)) if before else 1
    return start if key else start + len(canonical(name)) + 1


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _not_its_opening(index: int) -> Invalid:
    return Invalid(
        f"给出的内容不是第 {index} 个条目的内容，不能出具回执；请核对条目序号。",
        code="ledger_receipt",
    )


def _damaged(what: str, part: str, offset: int) -> LedgerFault:
    return LedgerFault(
        f"回执无效：{what}（第 {offset} 字节起）与签名的日志不符；请向日志的运行单位重新索取回执。",
        code="ledger_receipt",
        part=part,
        offset=offset,
    )
