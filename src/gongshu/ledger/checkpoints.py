"""Checkpoints (C2SP tlog-checkpoint): a signed note that states origin, size and root of a log."""

from __future__ import annotations

from dataclasses import dataclass

from gongshu.ledger.encoding import from_base64, from_decimal, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Note, Signer, Verifier, sign_note
from gongshu.ledger.proofs import EMPTY_ROOT, HASH_LENGTH
from gongshu.vocabulary.errors import Invalid


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log that its key has signed: `size` entries under `root` (32 bytes).

    `note` holds the signed bytes; `extensions` the optional further lines, which mean nothing here.
    """

    origin: str
    size: int
    root: bytes
    note: bytes
    extensions: tuple[str, ...] = ()

    def signatures(self) -> int:
        """Return the number of signature lines, those of unknown keys included."""
        return len(Note.parse(self.note).signatures)


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the three lines that are signed. Raises Invalid for values that have no such text."""
    if not origin or not origin.isprintable() or size < 0 or len(root) != HASH_LENGTH:
        raise Invalid("签名锚点需要日志名称、条目数和 32 字节的根。", code="ledger_checkpoint")
    return f"{origin}\n{size}\n{to_base64(root)}\n"


def sign_checkpoint(origin: str, size: int, root: bytes, signer: Signer) -> Checkpoint:
    """Return a signed checkpoint. It is for the caller never to sign two roots for one size."""
    note = sign_note(checkpoint_text(origin, size, root), signer)
    return Checkpoint(origin, size, root, note.encode())


def parse_checkpoint(data: bytes) -> Checkpoint:
    """Return the checkpoint that `data` claims to be, its signatures unchecked.

    Raises LedgerFault, with `part` (origin, size, root, text, signature) and byte offset, unless
    the text is canonical.
    """
    lines = Note.parse(data).text.split("\n")[:-1]
    if len(lines) < 3 or not lines[0] or "" in lines[3:]:
        raise _malformed("origin", 0)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line.encode()) + 1)
    try:
        size = from_decimal(lines[1])
    except LedgerFault:
        raise _malformed("size", offsets[1]) from None
    try:
        root = from_base64(lines[2], length=HASH_LENGTH)
    except LedgerFault:
        raise _malformed("root", offsets[2]) from None
    if size == 0 and root != EMPTY_ROOT:
        raise _malformed("root", offsets[2])
    return Checkpoint(lines[0], size, root, data, tuple(lines[3:]))


def open_checkpoint(data: bytes, verifier: Verifier, *, origin: str | None = None) -> Checkpoint:
    """Return the checkpoint in `data` after checking form, origin and the verifier's signature.

    `origin` is the log's name, the key's name when None. Raises LedgerFault.
    """
    checkpoint = parse_checkpoint(data)
    Note.parse(data).check(verifier)
    expected = verifier.name if origin is None else origin
    if checkpoint.origin != expected:
        raise LedgerFault(
            f"这是日志 {checkpoint.origin} 的签名锚点，不是 {expected} 的；请核对日志名称。",
            code="ledger_origin",
            part="origin",
            offset=0,
        )
    return checkpoint


def _malformed(part: str, offset: int) -> LedgerFault:
    return LedgerFault(
        f"签名锚点的格式从第 {offset} 字节起不规范，已被改动；请重新取得原件。",
        code="ledger_checkpoint",
        part=part,
        offset=offset,
    )
