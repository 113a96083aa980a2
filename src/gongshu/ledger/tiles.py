"""The log on disk: entries, tiles and checkpoint as static files, written crash-safely.

Anybody can serve the folder with a plain web server and anybody can verify it with C2SP tools.
Entries are 32-byte commitments; the file `checkpoint` always is the last to change.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from gongshu.ledger import durable
from gongshu.ledger.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from gongshu.ledger.commitments import ENTRY_LENGTH
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import (
    CHECKPOINT,
    ENTRIES,
    FULL,
    LARGEST_BUNDLE,
    TILE,
    TileName,
    decode_bundle,
    encode_bundle,
    levels,
    parse_tile_name,
    tiles_of,
)
from gongshu.ledger.notes import Signer, Verifier
from gongshu.ledger.proofs import HASH_LENGTH, leaf_hashes
from gongshu.ledger.tree import Tree
from gongshu.vocabulary.errors import Invalid, NotFound


class TileStore:
    """One log in one folder: opened for reading at any time, written by one process at a time.

    Opening changes nothing on disk and believes nothing: the checkpoint must be signed by
    `verifier` for `origin`, and the leaf tiles must give its root; else LedgerFault.
    """

    def __init__(self, folder: Path, *, origin: str, verifier: Verifier) -> None:
        self.folder = folder
        self.origin = origin
        self.tree = Tree()
        self.checkpoint: Checkpoint | None = None
        self._verifier = verifier
        self._edge: list[bytes] = []  # the entries of the last, partial bundle
        self._swept = False
        self.refresh()

    @property
    def size(self) -> int:
        """The number of entries under the present checkpoint."""
        return 0 if self.checkpoint is None else self.checkpoint.size

    def refresh(self) -> None:
        """Take over what another process has appended since.

        Raises LedgerFault when the checkpoint is gone, older than the one known here, of another
        history, or not confirmed by the tiles.
        """
        data = self._read(CHECKPOINT, 1 << 20)
        if data is None:
            if self.checkpoint is not None or (self.folder / TILE).exists():
                raise _rolled_back("签名锚点文件不见了")
            return
        if self.checkpoint is None or data != self.checkpoint.note:
            self._advance(open_checkpoint(data, self._verifier, origin=self.origin))

    def check_extends(self, known: Checkpoint) -> None:
        """Check that this log continues the one that `known` describes.

        For the sealer's start: `known` is the highest checkpoint in the journal or of a witness.
        Raises LedgerFault when the log is shorter or has another root at that size.
        """
        if known.origin != self.origin:
            raise _rolled_back(f"已知的签名锚点属于另一日志 {known.origin}")
        if known.size > self.size:
            raise _rolled_back(f"日志只有 {self.size} 个条目，而已知的签名锚点有 {known.size} 个")
        if self.tree.root(known.size) != known.root:
            raise _rolled_back(f"前 {known.size} 个条目与已知的签名锚点不符")

    def append(self, entries: Sequence[bytes], *, start: int, signer: Signer) -> Checkpoint:
        """Make `entries` (32 bytes each) the log's entries from `start` on and sign the result.

        When it returns, entries, tiles and checkpoint survive a power loss. It may be repeated:
        entries already there and equal are left as they are. For this the caller must have stored
        the numbering of its entries durably before the first attempt.

        Raises Invalid for entries of another length; Conflict while another process writes;
        Unavailable when the disk refuses (nothing is lost, repeat later); LedgerFault when there
        would be a gap, when other entries stand there already, or when the folder was rolled back.
        """
        if not set(map(len, entries)) <= {ENTRY_LENGTH}:
            raise Invalid("每个存证条目都必须是 32 字节。", code="ledger_entry")
        with durable.reported():
            durable.make_folder(self.folder)
            with durable.locked(self.folder):
                self._recover(signer)
                self.refresh()
                current = self.checkpoint or self._found(signer)
                hashes = leaf_hashes(entries)
                present = self._already_there(hashes, start)
                if present == len(hashes):
                    return current
                return self._write(list(entries[present:]), hashes[present:], signer)

    def entry(self, index: int) -> bytes:
        """Return one entry from its bundle. Raises NotFound, or LedgerFault for a damaged file."""
        return self.entries(index, index + 1)[0]

    def entries(self, start: int, stop: int) -> list[bytes]:
        """Return the entries [start, stop) from their bundles, compared with the tree.

        Raises NotFound beyond the log, LedgerFault for a missing or damaged file.
        """
        if not 0 <= start <= stop <= self.size:
            raise NotFound(f"日志现有 {self.size} 个条目。", code="ledger_range")
        found: list[bytes] = []
        for index in range(start // FULL, -(-stop // FULL)):
            found += self._bundle(index, self.size)
        first = start // FULL * FULL
        return found[start - first : stop - first]

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of an entry under the present checkpoint. Raises Invalid."""
        return self.tree.inclusion_proof(index, self.size)

    def consistency_proof(self, old: int) -> list[bytes]:
        """Return the proof that the log at `old` is a prefix of the present one. Raises Invalid."""
        return self.tree.consistency_proof(old, self.size)

    def _recover(self, signer: Signer) -> None:
        """Finish or throw away what a dead process left; once per store and after each failure."""
        data = durable.pending(self.folder, CHECKPOINT)
        if data is None and self._swept:
            return
        self._swept = False
        if data is None:
            durable.discard(self.folder)
        else:
            self._finish(data, signer)
        self._sweep()
        self._swept = True

    def _finish(self, data: bytes, signer: Signer) -> None:
        try:
            ready = open_checkpoint(data, self._verifier, origin=self.origin)
        except LedgerFault:
            # The writer that died may already have used the key that follows ours.
            ready = open_checkpoint(data, signer.verifier, origin=self.origin)
            self._verifier = signer.verifier
        self.refresh()
        if self.checkpoint is not None and ready.size <= self.size:
            raise _rolled_back(f"待发布的签名锚点只有 {ready.size} 个条目，不多于现有的")
        durable.complete(self.folder, (CHECKPOINT, data), lambda: self._load(ready))

    def _sweep(self) -> None:
        """Remove partial tiles that a full one replaces; refuse tiles that no checkpoint covers."""
        self.refresh()
        limits = dict(levels(self.size)) | {ENTRIES: self.size}
        replaced = set()
        for path in durable.files_below(self.folder):
            name = parse_tile_name(path)
            if name is None:
                continue
            if name.stop > limits.get(name.level, 0):
                raise _rolled_back(f"文件 {path} 超出签名锚点所覆盖的 {self.size} 个条目")
            if name.width < FULL and name.start + FULL <= limits[name.level]:
                replaced.add(name.whole())
        self._drop_partials(replaced)

    def _drop_partials(self, names: set[TileName]) -> None:
        for name in names:
            shutil.rmtree(self.folder / (name.path + ".p"), ignore_errors=True)

    def _found(self, signer: Signer) -> Checkpoint:
        """Sign the empty log first: tiles without a checkpoint then always mean that it is gone."""
        empty = sign_checkpoint(self.origin, 0, self.tree.root(0), signer)
        durable.publish(self.folder, (), (CHECKPOINT, empty.note))
        self._verifier = signer.verifier
        self.checkpoint = empty
        return empty

    def _already_there(self, hashes: Sequence[bytes], start: int) -> int:
        """Return how many of the leaf hashes, put at `start`, the log has already."""
        if not 0 <= start <= self.size:
            raise LedgerFault(
                f"存证条目不连续：日志有 {self.size} 个条目，而要写入的从第 {start} 个开始；"
                "请先核对流水与日志（gongshu ledger reconcile）。",
                code="ledger_gap",
            )
        present = min(len(hashes), self.size - start)
        if self.tree.packed(0, start, start + present) != b"".join(hashes[:present]):
            raise LedgerFault(
                f"从第 {start} 个起已有不同的存证条目，不能为同样的条目数签出另一个根；"
                "请先核对流水与日志（gongshu ledger reconcile）。",
                code="ledger_fork",
            )
        return present

    def _write(self, entries: list[bytes], hashes: list[bytes], signer: Signer) -> Checkpoint:
        since = self.size
        size = since + len(entries)
        self.tree.extend(hashes)
        try:
            bundled, names = self._edge + entries, list(tiles_of(size, since))
            files = [(name.path, self._content(name, bundled, since)) for name in names]
            signed = sign_checkpoint(self.origin, size, self.tree.root(), signer)
            durable.publish(self.folder, files, (CHECKPOINT, signed.note))
        except BaseException:
            # What reached the disk is finished or thrown away by _recover at the next attempt.
            self._swept = False
            self.tree.truncate(since)
            raise
        self._verifier, self.checkpoint = signer.verifier, signed
        self._edge = bundled[len(bundled) - size % FULL :]
        self._drop_partials({name for name in names if name.width == FULL})
        return signed

    def _content(self, name: TileName, bundled: list[bytes], since: int) -> bytes:
        if name.level != ENTRIES:
            return self.tree.packed(name.height, name.start, name.stop)
        first = since // FULL * FULL
        return encode_bundle(bundled[name.start - first : name.stop - first])

    def _advance(self, checkpoint: Checkpoint) -> None:
        if self.checkpoint is not None and checkpoint.size <= self.size:
            raise _rolled_back(
                f"签名锚点从 {self.size} 个条目换成了另一个 {checkpoint.size} 个条目的"
            )
        edge = self._load(checkpoint)
        self.checkpoint, self._edge = checkpoint, edge

    def _load(self, checkpoint: Checkpoint) -> list[bytes]:
        """Read the leaf tiles up to a newer checkpoint and return its last, partial bundle.

        The present part of the tree is compared and never touched. Raises LedgerFault.
        """
        known, size = self.size, checkpoint.size
        first = known // FULL * FULL
        self.tree.truncate(known)
        names = [name for name in tiles_of(size, first) if name.level == 0]
        data = b"".join([self._leaves(name) for name in names])
        held = (known - first) * HASH_LENGTH
        if data[:held] != self.tree.packed(0, first, known):
            raise _rolled_back(f"前 {known} 个条目与先前的签名锚点不符")
        self.tree.extend_packed(data[held:])
        try:
            if self.tree.root() != checkpoint.root:
                raise _damaged("散列文件与签名锚点不符")
            return self._bundle(size // FULL, size) if size % FULL else []
        except LedgerFault:
            self.tree.truncate(known)
            raise

    def _leaves(self, name: TileName) -> bytes:
        data = self._read(name.path, FULL * HASH_LENGTH)
        if data is None or len(data) != name.width * HASH_LENGTH:
            raise _damaged(f"散列文件 {name.path} 缺失或长度不对")
        return data

    def _bundle(self, index: int, size: int) -> list[bytes]:
        name = TileName(ENTRIES, index, min(FULL, size - index * FULL))
        data = self._read(name.path, LARGEST_BUNDLE)
        if data is None:
            raise _damaged(f"条目文件 {name.path} 缺失")
        entries = decode_bundle(data, name.width)
        if b"".join(leaf_hashes(entries)) != self.tree.packed(0, name.start, name.stop):
            raise _damaged(f"条目文件 {name.path} 与签名锚点不符")
        return entries

    def _read(self, path: str, most: int) -> bytes | None:
        """Return a file's content, None without it; one byte beyond `most` shows an excess."""
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(most + 1)
        except FileNotFoundError:
            return None


def _rolled_back(reason: str) -> LedgerFault:
    return LedgerFault(
        f"存证日志被回滚或替换：{reason}；已停止签名，请保留现场并与备份、流水和见证方核对。",
        code="ledger_rollback",
    )


def _damaged(reason: str) -> LedgerFault:
    return LedgerFault(
        f"存证日志损坏：{reason}；请运行 gongshu ledger verify 定位，并从备份或其他节点取回。",
        code="ledger_tile",
    )
