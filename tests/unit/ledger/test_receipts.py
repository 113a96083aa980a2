"""Receipts: both forms verify offline; every changed byte is refused and its part is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gongshu.ledger.canonical import canonical
from gongshu.ledger.checkpoints import open_checkpoint
from gongshu.ledger.commitments import Opening, commit, commit_many
from gongshu.ledger.encoding import from_base64, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Note, Signer, sign_note
from gongshu.ledger.receipts import UNWITNESSED, Receipt, verify_receipt
from gongshu.ledger.segments import SEGMENT_KIND, Segment, SegmentHead, segment_root
from gongshu.ledger.tiles import TileStore
from gongshu.ledger.tree import Tree, leaf_hashes
from gongshu.vocabulary.errors import Invalid

Numbered = Callable[[int, int], list[bytes]]
EVENT = Opening(
    "grant.issued",
    hashlib.sha256(b"salt").digest(),
    canonical({"clause": "809-21", "quota": 100, "受理号": "2026-0001", "parts": [1.5, None]}),
)
USES = 5


def uses() -> list[Opening]:
    salts = [hashlib.sha256(b"use %d" % at).digest() for at in range(USES)]
    return [Opening("use", salt, canonical({"at": at})) for at, salt in enumerate(salts)]


def segment() -> Segment:
    return Segment("node-1/000017", [use.entry() for use in uses()])


@pytest.fixture
def store(build: Any, signer: Signer, numbered: Numbered) -> TileStore:
    """300 entries, of which 100 is EVENT and 200 the segment of uses."""
    store = build((100,))
    head = Opening(SEGMENT_KIND, hashlib.sha256(b"segment").digest(), segment().head.body())
    for at, opening in ((100, EVENT), (200, head)):
        entries = [opening.entry(), *numbered(at + 1, at + 100)]
        store.append(entries, start=at, signer=signer)
    return store


@pytest.fixture
def entry_receipt(store: TileStore) -> Receipt:
    return Receipt.of_entry(store, 100, EVENT)


@pytest.fixture
def use_receipt(store: TileStore) -> Receipt:
    head = Opening(SEGMENT_KIND, hashlib.sha256(b"segment").digest(), segment().head.body())
    return Receipt.of_entry(store, 200, head).for_use(segment(), 3, uses()[3])


def test_the_receipt_of_an_entry(entry_receipt: Receipt, signer: Signer) -> None:
    verified = verify_receipt(entry_receipt.encode(), signer.verifier)
    assert verified.opening == EVENT
    assert (verified.index, verified.checkpoint.size) == (100, 300)
    assert (verified.segment, verified.use_index) == (None, None)
    assert (verified.witnessed, verified.exit_code) == (False, 3)
    assert "第 100 个存证条目" in verified.lines_zh()[0]
    assert verified.lines_zh()[-1] == UNWITNESSED


def test_the_receipt_of_a_use(use_receipt: Receipt, signer: Signer) -> None:
    verified = verify_receipt(use_receipt.encode(), signer.verifier)
    assert verified.opening == uses()[3]
    assert (verified.index, verified.use_index) == (200, 3)
    assert verified.segment == segment().head
    assert any("第 3 条用数记录" in line for line in verified.lines_zh())


def test_the_file_is_canonical_and_readable(entry_receipt: Receipt) -> None:
    data = entry_receipt.encode()
    value = json.loads(data)
    assert data == canonical(value) + b"\n"
    assert value["opening"]["body"]["受理号"] == "2026-0001"
    assert from_base64(value["entry"]) == EVENT.entry()


def test_a_receipt_still_verifies_when_the_log_has_grown(
    store: TileStore, entry_receipt: Receipt, signer: Signer, numbered: Numbered
) -> None:
    store.append(numbered(300, 700), start=300, signer=signer)
    assert verify_receipt(entry_receipt.encode(), signer.verifier).checkpoint.size == 300
    later = Receipt.of_entry(store, 100, EVENT)
    assert verify_receipt(later.encode(), signer.verifier).checkpoint.size == 700


def members(value: dict[str, Any], base: int = 0, prefix: str = "") -> dict[str, range]:
    """The bytes (from the name to the end of the value) of each member of a canonical object."""
    found, at = {}, base + 1
    for name in sorted(value):
        start, length = at, len(canonical(name)) + 1 + len(canonical(value[name]))
        found[prefix + name] = range(start, start + length)
        if name == "use":
            inner = start + len(canonical(name)) + 1
            found |= members(value[name], inner, "use.")
        at += length + 1
    return found


@pytest.mark.parametrize("form", ["entry_receipt", "use_receipt"])
def test_every_changed_byte_is_found_and_located(
    form: str, request: pytest.FixtureRequest, signer: Signer
) -> None:
    data = request.getfixturevalue(form).encode()
    places = members(json.loads(data))
    verify_receipt(data, signer.verifier)
    named = {}
    for at in range(len(data)):
        for mask in (1, 4, 0x10, 0x20, 0xFF):
            changed = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            with pytest.raises(LedgerFault) as refused:
                verify_receipt(changed, signer.verifier)
            fault = refused.value
            assert fault.sentence.endswith("。")
            if fault.code == "ledger_canonical":
                continue  # The form broke; where, the next test asks.
            assert fault.part is not None
            assert fault.offset is not None
            named[fault.part] = named.get(fault.part, 0) + 1
            if fault.part == "end":
                assert at == len(data) - 1
            elif fault.part in places:
                assert at in places[fault.part], (at, mask, fault.part)
                assert fault.offset in places[fault.part]
            else:  # A member whose name was changed stands under its new name.
                assert abs(fault.offset - at) < 20
    expected = {"checkpoint", "entry", "format", "index", "opening", "path", "end"}
    if form == "use_receipt":
        expected |= {"use.entry", "use.index", "use.opening", "use.path"}
    assert expected <= set(named)


def test_a_broken_form_is_located_at_or_after_the_change(
    entry_receipt: Receipt, signer: Signer
) -> None:
    data = entry_receipt.encode()
    located = 0
    for at in range(len(data) - 1):
        changed = data[:at] + b"\x00" + data[at + 1 :]
        with pytest.raises(LedgerFault) as refused:
            verify_receipt(changed, signer.verifier)
        assert refused.value.code == "ledger_canonical"
        assert refused.value.offset is not None
        located += at - 1 <= refused.value.offset <= at + 1
    assert located > 0.95 * len(data)


def test_additions_and_cuts_are_refused(use_receipt: Receipt, signer: Signer) -> None:
    data = use_receipt.encode()
    others = [data + b"\n", data[:-1], data[:-1] + b" \n", b" " + data, data + data, b"", b"\n"]
    for other in [*others, *(data[:at] for at in range(0, len(data), 17))]:
        with pytest.raises(LedgerFault):
            verify_receipt(other, signer.verifier)


def edited(receipt: Receipt, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(receipt.encode())
    change(value)
    return canonical(value) + b"\n"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda value: value.update(more=1), "more"),
        (lambda value: value.pop("entry"), "entry"),
        (lambda value: value.update(index=101), "index"),
        (lambda value: value.update(index=-1), "index"),
        (lambda value: value.update(index=300), "index"),
        (lambda value: value.update(index=True), "index"),
        (lambda value: value.update(index="100"), "index"),
        (lambda value: value.update(index=100.5), "index"),
        (lambda value: value.update(format="gongshu.receipt/2"), "format"),
        (lambda value: value.update(entry=to_base64(bytes(32))), "entry"),
        (lambda value: value.update(entry=to_base64(bytes(31))), "entry"),
        (lambda value: value.update(entry=None), "entry"),
        (lambda value: value.update(path={}), "path"),
        (lambda value: value.update(path=[1]), "path"),
        (lambda value: value.update(path=value["path"][:-1]), "path"),
        (lambda value: value.update(path=value["path"][::-1]), "path"),
        (lambda value: value.update(opening=None), "opening"),
        (lambda value: value["opening"].update(more=1), "opening"),
        (lambda value: value["opening"].update(kind="grant.revoked"), "opening"),
        (lambda value: value["opening"].update(kind="用数"), "opening"),
        (lambda value: value["opening"].update(salt=to_base64(bytes(32))), "opening"),
        (lambda value: value["opening"].update(salt=to_base64(bytes(33))), "opening"),
        (lambda value: value["opening"]["body"].update(quota=1000), "opening"),
        (lambda value: value.update(checkpoint=None), "checkpoint"),
        (lambda value: value.update(checkpoint=value["checkpoint"] + "\n"), "checkpoint"),
        (lambda value: value.update(use={}), "use.entry"),
        (lambda value: value.update(use=[]), "use"),
    ],
)
def test_an_edited_receipt_is_refused_with_its_part(
    entry_receipt: Receipt, signer: Signer, change: Callable[[dict[str, Any]], object], part: str
) -> None:
    with pytest.raises(LedgerFault) as refused:
        verify_receipt(edited(entry_receipt, change), signer.verifier)
    # Only the entry of a segment can hold uses.
    assert refused.value.part == ("use" if part.startswith("use") else part)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda value: value["use"].update(index=2), "use.index"),
        (lambda value: value["use"].update(index=USES), "use.index"),
        (lambda value: value["use"].update(use={}), "use.use"),
        (lambda value: value["use"].pop("path"), "use.path"),
        (lambda value: value["use"]["opening"].update(kind="grant"), "use.opening"),
        (lambda value: value["opening"]["body"].update(size=USES + 1), "opening"),
        (lambda value: value.update(use=None), "use"),
    ],
)
def test_an_edited_use_is_refused_with_its_part(
    use_receipt: Receipt, signer: Signer, change: Callable[[dict[str, Any]], object], part: str
) -> None:
    with pytest.raises(LedgerFault) as refused:
        verify_receipt(edited(use_receipt, change), signer.verifier)
    assert refused.value.part == part


def test_the_opening_of_another_event_does_not_fit(entry_receipt: Receipt, signer: Signer) -> None:
    """A whole, well-formed opening with its own entry still is not in the log."""
    other = Opening("grant.issued", bytes(32), canonical({"quota": 10**6}))

    def change(value: dict[str, Any]) -> None:
        value["entry"] = to_base64(other.entry())
        value["opening"] = {
            "body": {"quota": 10**6},
            "kind": other.kind,
            "salt": to_base64(other.salt),
        }

    with pytest.raises(LedgerFault):
        verify_receipt(edited(entry_receipt, change), signer.verifier)


def test_another_key_or_log_is_refused(entry_receipt: Receipt, signer: Signer) -> None:
    data = entry_receipt.encode()
    for verifier, origin in (
        (Signer(signer.name, bytes(32)).verifier, None),
        (Signer("elsewhere", signer.seed).verifier, None),
        (signer.verifier, "elsewhere"),
    ):
        with pytest.raises(LedgerFault) as refused:
            verify_receipt(data, verifier, origin=origin)
        assert refused.value.part == "checkpoint"


def test_a_line_that_cannot_be_checked_is_refused(entry_receipt: Receipt, signer: Signer) -> None:
    text = Note.parse(entry_receipt.checkpoint.note).text
    both = sign_note(text, signer, Signer("witness.example/w", bytes(32))).encode()
    open_checkpoint(both, signer.verifier)
    data = edited(entry_receipt, lambda value: value.update(checkpoint=both.decode()))
    with pytest.raises(LedgerFault) as refused:
        verify_receipt(data, signer.verifier)
    assert refused.value.part == "checkpoint"


# Who may not get one.


def test_no_receipt_for_what_is_not_there(store: TileStore, tmp_path: Path, signer) -> None:
    for index, opening in ((101, EVENT), (100, Opening("x", EVENT.salt, EVENT.body))):
        with pytest.raises(Invalid) as refused:
            Receipt.of_entry(store, index, opening)
        assert refused.value.code == "ledger_receipt"
    with pytest.raises(Invalid):
        Receipt.of_entry(store, 300, EVENT)
    empty = TileStore(tmp_path / "empty", origin=signer.name, verifier=signer.verifier)
    with pytest.raises(Invalid):
        Receipt.of_entry(empty, 0, EVENT)


def test_no_receipt_for_a_body_that_is_not_canonical(store: TileStore, signer: Signer) -> None:
    loose = Opening("x", bytes(32), b'{"a": 1}')
    store.append([loose.entry()], start=300, signer=signer)
    with pytest.raises(Invalid) as refused:
        Receipt.of_entry(store, 300, loose)
    assert refused.value.code == "ledger_receipt"


def test_no_receipt_for_a_use_of_another_segment(
    store: TileStore, entry_receipt: Receipt, use_receipt: Receipt
) -> None:
    head = Receipt(use_receipt.place, use_receipt.checkpoint)
    other = Segment("node-1/000018", [use.entry() for use in uses()])
    for receipt, seg, index, opening in (
        (entry_receipt, segment(), 3, uses()[3]),
        (head, other, 3, uses()[3]),
        (head, segment(), 2, uses()[3]),
        (head, segment(), USES, uses()[3]),
        (head, segment(), 3, Opening("use", bytes(32), b"{}")),
    ):
        with pytest.raises(Invalid):
            receipt.for_use(seg, index, opening)


# Segments.


def test_a_segment_is_a_merkle_tree_over_its_records() -> None:
    records = [use.entry() for use in uses()]
    assert segment_root(records) == Tree(leaf_hashes(records)).root() == segment().head.root
    assert SegmentHead.parse(segment().head.body()) == segment().head
    assert segment().head.size == USES
    assert commit_many("use", [use.salt for use in uses()], [use.body for use in uses()]) == records
    assert commit("use", uses()[0].salt, uses()[0].body) == records[0]


def test_a_segment_without_records_is_refused() -> None:
    with pytest.raises(Invalid):
        Segment("empty", [])


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"name": "a", "size": 1},
        {"name": "a", "root": to_base64(bytes(32)), "size": 0},
        {"name": "a", "root": to_base64(bytes(32)), "size": True},
        {"name": "a", "root": to_base64(bytes(32)), "size": 1.5},
        {"name": "a", "root": to_base64(bytes(31)), "size": 1},
        {"name": 1, "root": to_base64(bytes(32)), "size": 1},
        {"name": "a", "root": to_base64(bytes(32)), "size": 1, "more": 1},
    ],
)
def test_any_other_body_is_no_segment(value: object) -> None:
    with pytest.raises(LedgerFault):
        SegmentHead.parse(canonical(value))
