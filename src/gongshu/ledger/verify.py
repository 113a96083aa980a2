"""Verification of a whole log from its files and its public key (S6).

Every byte of every file is checked, and what was changed is named: the file, and within it the
entry or hash. What no file can tell is whether the whole log was put back to an older state; for
that one needs an earlier checkpoint (`earlier`) or a witness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from gongshu.ledger.examine import Examination
from gongshu.ledger.faults import Fault, LedgerFault
from gongshu.ledger.layout import CHECKPOINT, FULL
from gongshu.ledger.listing import Listing
from gongshu.ledger.notes import Verifier
from gongshu.ledger.report import Report

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the checkpoint file says, whether its key confirms it, and else what is wrong."""

    checkpoint: Checkpoint | None
    refusal: LedgerFault | None

    @property
    def trusted(self) -> bool:
        return self.refusal is None and self.checkpoint is not None


def verify_folder(
    folder: Path,
    verifier: Verifier,
    *,
    origin: str | None = None,
    earlier: Sequence[Checkpoint] = (),
) -> Report:
    """Check a log's folder and return every fault found; nothing is raised for a damaged log.

    `verifier` must come from elsewhere than the folder; `origin` is the log's name (the key's
    when None). `earlier` are checkpoints kept from before (already opened with the key): the log
    must continue each of them. A folder that grows meanwhile is read again, up to three times.
    """
    expected = verifier.name if origin is None else origin
    report = _verify_once(folder, verifier, expected, earlier)
    for _ in range(_ATTEMPTS - 1):
        if not report.faults or not _has_grown(folder, verifier, report):
            break
        report = _verify_once(folder, verifier, expected, earlier)
    return report


def _verify_once(
    folder: Path, verifier: Verifier, origin: str, earlier: Sequence[Checkpoint]
) -> Report:
    # The checkpoint is read first: whatever is written later lies beyond it, never before it.
    early = Listing(folder)
    data = early.checkpoint()
    claim = _claim(data, verifier, origin)
    listing = Listing.of(folder)
    listing.faults += early.faults
    trusted = claim.checkpoint if claim.trusted else None
    size = listing.largest() if trusted is None else trusted.size
    listing.cover(size)
    reference = None if claim.checkpoint is None else claim.checkpoint.root
    wanted = [each.size // FULL for each in earlier]
    examination = Examination(listing, size, reference, wanted)
    root = examination.run()
    if data is not None:
        listing.faults += _judge(claim, origin, size, root)
    listing.faults += _compare(examination, earlier, origin, size)
    return Report(
        origin=origin,
        size=size,
        root=root if trusted is None else trusted.root,
        faults=tuple(sorted(set(listing.faults), key=_order)),
        files=listing.files,
        unchecked=0 if trusted is None else trusted.signatures() - 1,
    )


def _claim(data: bytes | None, verifier: Verifier, origin: str) -> _Claim:
    if data is None:
        return _Claim(None, None)
    try:
        return _Claim(open_checkpoint(data, verifier, origin=origin), None)
    except LedgerFault as refusal:
        try:
            return _Claim(parse_checkpoint(data), refusal)
        except LedgerFault:
            return _Claim(None, refusal)


def _judge(claim: _Claim, origin: str, size: int, root: bytes | None) -> list[Fault]:
    """Return the faults of the checkpoint itself, located by what the other files say."""
    if claim.refusal is None:
        if claim.checkpoint is None or root is None or root == claim.checkpoint.root:
            return []
        sentence = (
            "各文件合起来不是签名锚点的根：整个日志被替换，或锚点属于另一份日志；请报告审计机关。"
        )
        return [Fault(CHECKPOINT, None, sentence, "root")]
    offset = claim.refusal.offset
    if claim.checkpoint is not None and claim.refusal.part == "signature":
        offset = _line(claim.checkpoint, origin, size, root, offset)
    return [Fault(CHECKPOINT, offset, claim.refusal.sentence, "checkpoint")]


def _line(
    claimed: Checkpoint, origin: str, size: int, root: bytes | None, signature: int | None
) -> int | None:
    """Return the byte at which the first line begins that differs from what the files give."""
    if claimed.origin != origin:
        return 0
    second = len(origin.encode()) + 1
    if claimed.size != size:
        return second
    return second + len(str(size)) + 1 if claimed.root != root else signature


def _compare(
    examination: Examination, earlier: Sequence[Checkpoint], origin: str, size: int
) -> list[Fault]:
    faults = []
    for known in earlier:
        same = known.origin == origin and known.size <= size
        if not same or examination.root_at(known.size) != known.root:
            sentence = (
                f"与先前的签名锚点（{known.origin}，{known.size} 个条目）不符："
                "日志被改写或回滚；请保留两个锚点并报告审计机关。"
            )
            faults.append(Fault(CHECKPOINT, None, sentence, "earlier"))
    return faults


def _has_grown(folder: Path, verifier: Verifier, report: Report) -> bool:
    """Return whether the folder now has a good checkpoint of more entries than the report saw."""
    data = Listing(folder).checkpoint()
    claim = _claim(data, verifier, report.origin)
    return claim.trusted and claim.checkpoint is not None and claim.checkpoint.size > report.size


def _order(fault: Fault) -> tuple[str, int]:
    return fault.path, -1 if fault.offset is None else fault.offset
