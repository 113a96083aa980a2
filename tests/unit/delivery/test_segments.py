"""Use records on disk: what a line is, what a segment proves, what a crash leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import commit
from gongshu.ledger.proofs import leaf_hash
from gongshu.ledger.tree import verify_inclusion
from gongshu_server.delivery.use_log import UseLog
from gongshu_server.journal.ids import ulid
from gongshu_server.usage import segments
from gongshu_server.usage.records import draw, parse
from gongshu_server.usage.segments import SegmentFault

AT = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
VERIFY = "/v1/products/licence/verify"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class Bank:
    """Remembers what was settled and released."""

    def __init__(self) -> None:
        self.settled: dict[str, Counter[str]] = {}
        self.released: list[str] = []

    def settle(self, owner: str, segment: str, amounts: Any) -> None:
        self.settled.setdefault(segment, Counter(amounts))

    def release(self, owner: str) -> None:
        self.released.append(owner)


def _log(folder: Path, bank: Bank | None = None, **options: Any) -> UseLog:
    return UseLog(folder, clock=lambda: AT, bank=bank or Bank(), **options)


def _drawn(n: int, amount: int = 1) -> Any:
    body = {"amount": amount, "party": f"机构{n}", "items": ["有效期"]}
    return draw(body, at=AT, charges=["g/p/2026-07"])


def _left(folder: Path, *, lines: int) -> Path:
    """Return the segment that a process left behind that died after writing some records."""
    script = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from gongshu_server.usage.records import draw\n"
        "from gongshu_server.delivery.use_log import UseLog\n"
        "class Bank:\n    settle = release = lambda *a: None\n"
        "at = datetime(2026, 7, 1, tzinfo=UTC)\n"
        "log = UseLog(Path(sys.argv[1]), clock=lambda: at, bank=Bank())\n"
        "for n in range(int(sys.argv[2])):\n"
        "    log.write([draw({'amount': 1, 'n': n}, at=at, charges=['g/p/2026-07'])])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(folder), str(lines)], check=False)
    (path,) = folder.glob("*.open")
    return path


@given(st.dictionaries(TEXT.filter(str.isascii), TEXT | st.integers(-(2**53) + 1, 2**53 - 1)))
@settings(deadline=None, max_examples=150)
def test_a_line_is_the_canonical_json_of_the_ledger(body: dict[str, Any]) -> None:
    body = {**body, "amount": 1}
    drawn = draw(body, at=AT, charges=["a/b/c"])
    assert drawn.line == canonical(json.loads(drawn.line)) + b"\n"
    record = parse(drawn.line[:-1])
    assert record.opening().body == canonical(dict(record.body))
    assert record.body["receipt"] == drawn.receipt


def test_receipt_ids_are_ulids_of_the_time() -> None:
    first, second = _drawn(1).receipt, _drawn(1).receipt
    assert first != second
    assert len(first) == 26
    assert first[:10] == second[:10] == ulid(AT)[:10]
    assert set(first) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_each_record_has_its_own_salt_and_proof() -> None:
    records = [parse(_drawn(n).line[:-1]) for n in (1, 1, 2, 3, 4)]
    assert len({record.salt for record in records}) == 5
    tree = segments.tree("S", records)
    for index, record in enumerate(records):
        entry = commit("use", record.salt, canonical(dict(record.body)))
        verify_inclusion(leaf_hash(entry), index, 5, path=tree.proof(index), root=tree.head.root)


def test_no_subject_stands_in_a_record(market: Any) -> None:
    """Neither the id nor a digest that somebody with a list of ids could test."""

    async def story(ask: Any) -> None:
        await ask(VERIFY, key="gs_insurer", query=f"key={market.firm}")
        await ask(VERIFY, key="gs_nobody", query=f"key={market.firm}")

    market.run(story)
    (path,) = (market.folder / "uses").glob("*.closed")
    text = path.read_text()
    for guess in (market.firm, market.firm.lower(), f"licence{market.firm}"):
        for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5):
            assert digest(guess.encode()).hexdigest() not in text
        assert guess not in text
    assert "gs_insurer" not in text


def test_subjects_cannot_be_joined_over_products(market: Any) -> None:
    other = market.verification(id="other")
    market.source.put(products=[other], grants=[market.grant("insurer", "other")])

    async def story(ask: Any) -> None:
        for product in ("licence", "licence", "other"):
            query = f"key={market.firm}"
            await ask(f"/v1/products/{product}/verify", key="gs_insurer", query=query)

    market.run(story)
    first, second, third = (use["subject"] for use in market.uses())
    assert first == second != third


def test_a_segment_is_closed_by_count_and_read_back(memory: Path) -> None:
    bank = Bank()
    log = _log(memory, bank, most_records=4)
    receipts = [receipt for n in range(5) for receipt in log.write([_drawn(n), _drawn(n)])]
    log.close()
    contents = [segments.read(path) for path in segments.closed(memory)]
    assert [len(one.records) for one in contents] == [4, 4, 2]
    assert [r.body["receipt"] for one in contents for r in one.records] == receipts
    assert all(one.closed and one.dropped == 0 for one in contents)
    assert bank.settled == {
        one.name: Counter({"g/p/2026-07": len(one.records)}) for one in contents
    }
    assert sorted(p.name for p in memory.iterdir() if p.suffix != ".closed") == ["start.lock"]


def test_a_segment_is_closed_by_age_when_it_holds_anything(memory: Path) -> None:
    log = _log(memory, most_seconds=0.0)
    log.rotate_if_due()
    assert segments.closed(memory) == []
    log.write([_drawn(1)])
    log.rotate_if_due()
    assert len(segments.closed(memory)) == 1
    log.close()
    assert len(segments.closed(memory)) == 1


def test_every_flipped_byte_of_a_closed_segment_is_found(memory: Path) -> None:
    log = _log(memory)
    log.write([_drawn(n) for n in range(3)])
    log.close()
    (path,) = segments.closed(memory)
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        with pytest.raises(SegmentFault):
            segments.read(path)
    for shorter in (good[:-1], good[: good.rindex(b"{")], good + b"x", b""):
        path.write_bytes(shorter)
        with pytest.raises(SegmentFault):
            segments.read(path)


def test_a_fault_says_where_it_is(memory: Path) -> None:
    log = _log(memory)
    log.write([_drawn(n) for n in range(3)])
    log.close()
    (path,) = segments.closed(memory)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"amount":1', b'"amount": 1')
    path.write_bytes(b"".join(lines))
    with pytest.raises(SegmentFault) as caught:
        segments.read(path)
    assert caught.value.details == (path.name, len(lines[0]) + len(lines[1]))


@pytest.mark.parametrize("cut", [1, 40, 150])
def test_a_torn_end_is_dropped_and_nothing_else(memory: Path, cut: int) -> None:
    path = _left(memory, lines=4)
    path.write_bytes(path.read_bytes()[:-cut])
    contents = segments.read(path)
    assert [record.body["n"] for record in contents.records] == [0, 1, 2]
    assert contents.dropped > 0
    bank = Bank()
    _log(memory, bank).close()
    (closed,) = segments.closed(memory)
    assert [record.body["n"] for record in segments.read(closed).records] == [0, 1, 2]
    assert bank.settled[path.stem] == {"g/p/2026-07": 3}
    assert bank.released[0] == contents.owner


def test_a_whole_line_that_is_bad_is_damage_even_at_the_end(memory: Path) -> None:
    path = _left(memory, lines=2)
    path.write_bytes(path.read_bytes()[:-3] + b"xx\n")
    with pytest.raises(SegmentFault):
        segments.read(path)


def _without_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def _with_footer(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data + segments.footer(sha256(data), count=3, at=AT))


def _with_half_a_footer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"closed":"2026')


@pytest.mark.parametrize(
    ("damage", "kept"), [(_without_header, 0), (_with_footer, 3), (_with_half_a_footer, 3)]
)
def test_recovery_takes_up_a_death_at_any_step(
    memory: Path, damage: Callable[[Path], None], kept: int
) -> None:
    damage(_left(memory, lines=3))
    _log(memory).close()
    read = [record for path in segments.closed(memory) for record in segments.read(path).records]
    assert len(read) == kept
    assert not list(memory.glob("*.open"))


def test_the_living_are_left_alone(memory: Path) -> None:
    first, second = _log(memory), _log(memory)
    assert len(list(memory.glob("*.open"))) == 2
    first.write([_drawn(1)])
    second.write([_drawn(2)])
    second.close()
    first.write([_drawn(3)])
    first.close()
    read = [segments.read(path).records for path in segments.closed(memory)]
    assert sorted(len(records) for records in read) == [1, 2]


def test_a_refused_write_ends_the_process_before_any_answer(memory: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from gongshu_server.delivery import use_log\n"
        "from gongshu_server.usage.records import draw\n"
        "class Bank:\n    settle = release = lambda *a: None\n"
        "at = datetime(2026, 7, 1, tzinfo=UTC)\n"
        "log = use_log.UseLog(Path(sys.argv[1]), clock=lambda: at, bank=Bank())\n"
        "def fails(handle): raise OSError(5, 'Input/output error')\n"
        "use_log.os.fdatasync = fails\n"
        "try:\n    log.write([draw({'amount': 1}, at=at)])\n"
        "finally:\n    print('answered')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(memory)], capture_output=True, text=True, check=False
    )
    assert done.returncode == os.EX_IOERR
    assert done.stdout == ""
    assert "立即停止" in done.stderr
