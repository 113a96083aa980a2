"""What stands in a log's folder: which files belong to it, which do not, and their content."""

from __future__ import annotations

import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from gongshu.ledger.durable import PENDING, TEMPORARY, files_below
from gongshu.ledger.faults import Fault
from gongshu.ledger.layout import (
    CHECKPOINT,
    ENTRIES,
    FULL,
    LARGEST_BUNDLE,
    TileName,
    levels,
    parse_tile_name,
)
from gongshu.ledger.proofs import HASH_LENGTH

RESTORE = "请从备份或其他节点取回该文件"
_LARGEST_CHECKPOINT = 1 << 20


@dataclass(slots=True)
class Listing:
    """The files of a folder; faults are collected while it is read."""

    folder: Path
    tiles: set[TileName] = field(default_factory=set)
    files: int = 0
    faults: list[Fault] = field(default_factory=list)
    older: dict[tuple[int, int], list[TileName]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, folder: Path) -> Listing:
        """Return the listing of `folder`; files that no log has are faults at once."""
        listing = cls(folder)
        for path in files_below(folder):
            listing.files += 1
            name = parse_tile_name(path)
            regular = stat.S_ISREG((folder / path).lstat().st_mode)
            if regular and name is not None:
                listing.tiles.add(name)
            elif not regular or path != CHECKPOINT:
                listing.faults.append(_foreign(path))
        return listing

    def largest(self) -> int:
        """Return the number of entries that the bundles alone would give."""
        return max((name.stop for name in self.tiles if name.level == ENTRIES), default=0)

    def cover(self, size: int) -> None:
        """Sort the tiles by what a log of `size` entries needs; what lies beyond it is a fault."""
        limits = dict(levels(size)) | {ENTRIES: size}
        for name in sorted(self.tiles):
            limit = limits.get(name.level, 0)
            if name.stop > limit:
                self.tiles.discard(name)
                self.faults.append(_uncovered(name, size))
            elif name.width < min(FULL, limit - name.start):
                self.older[(name.level, name.index)].append(name)

    def checkpoint(self) -> bytes | None:
        """Return the bytes of the checkpoint, None (a fault) when there is none."""
        return self._read(CHECKPOINT, _LARGEST_CHECKPOINT)

    def content(self, name: TileName) -> bytes | None:
        """Return the bytes of a tile or bundle, None (a fault) when it is missing or too long."""
        most = LARGEST_BUNDLE if name.level == ENTRIES else name.width * HASH_LENGTH
        return self._read(name.path, most)

    def tile(self, name: TileName) -> bytes | None:
        """Return the hashes of a tile, None (a fault) when it is missing or of another length."""
        data = self.content(name)
        if data is not None and len(data) != name.width * HASH_LENGTH:
            sentence = f"长度应为 {name.width * HASH_LENGTH} 字节，实为 {len(data)}；{RESTORE}。"
            self.faults.append(Fault(name.path, len(data), sentence, "length"))
            return None
        return data

    def _read(self, path: str, most: int) -> bytes | None:
        place = self.folder / path
        try:
            if not stat.S_ISREG(place.lstat().st_mode):  # A pipe must never be opened.
                self.faults.append(Fault(path, None, f"不是普通文件；{RESTORE}。", "missing"))
                return None
            with place.open("rb") as file:
                data = file.read(most + 1)
        except (FileNotFoundError, NotADirectoryError):
            self.faults.append(Fault(path, None, f"缺少这个文件；{RESTORE}。", "missing"))
            return None
        except OSError:
            self.faults.append(Fault(path, None, "无法读取；请检查权限和磁盘。", "unreadable"))
            return None
        if len(data) > most:
            self.faults.append(Fault(path, most, f"文件过长；{RESTORE}。", "length"))
            return None
        return data


def _foreign(path: str) -> Fault:
    if path.endswith((TEMPORARY, PENDING)):
        sentence = "写入中断留下的文件；日志的运行单位下次写入时会处理，之后请重新核验。"
        return Fault(path, None, sentence, "leftover")
    return Fault(path, None, "不是日志的文件，无法核验；请查明来源后移走。", "unknown")


def _uncovered(name: TileName, size: int) -> Fault:
    sentence = (
        f"超出签名锚点所覆盖的 {size} 个条目；签名锚点可能被换成旧的，"
        "请与备份和见证方核对（若日志正在写入，请稍后重新核验）。"
    )
    return Fault(name.path, None, sentence, "uncovered")
