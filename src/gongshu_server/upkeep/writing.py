"""Writing a backup's files: copied once, linked to the backup before where nothing has changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gongshu_server.upkeep import manifest
from gongshu_server.upkeep.manifest import Held, Manifest

_BLOCK: Final = 1 << 20


class Writer:
    """The files of one unfinished backup; `previous` are manifest and folder of the one before."""

    def __init__(
        self, folder: Path, *, salt: str, previous: tuple[Manifest, Path] | None = None
    ) -> None:
        self.folder, self._salt, self._previous = folder, salt, previous
        self.files: dict[str, Held] = {}
        self._linked: set[str] = set()

    @property
    def linked(self) -> int:
        """How many files are shared with the backup before."""
        return len(self._linked)

    def copy(self, source: Path, path: str) -> None:
        """Take a file in under a relative path. Raises OSError, FileNotFoundError when it is gone.

        A file with the size and the time of change that it had at the backup before is the same
        file: what a node keeps for long is written once and renamed into its place.
        """
        status = source.stat()
        held = self._held_before(path)
        same = held and (held.size, held.changed) == (status.st_size, status.st_mtime_ns)
        if held is not None and same and self._link(path):
            self.files[path] = held
            return
        mode = stat.S_IMODE(status.st_mode)
        self._write(path, _blocks(source), changed=status.st_mtime_ns, mode=mode)

    def put(self, path: str, content: bytes) -> None:
        """Write a file of the public ledger whose content was put together here."""
        self._write(path, (content,), changed=0, mode=0o644)

    def add(self, path: str) -> None:
        """Take in a file that somebody else has written into the backup's folder."""
        digest, size = manifest.digest(self.folder / path, self._salt)
        self.files[path] = Held(size, digest, 0, 0o600)

    def drop(self, path: str) -> None:
        """Take a file out again."""
        (self.folder / path).unlink()
        del self.files[path]
        self._linked.discard(path)

    def persist(self) -> None:
        """Force what is new in the folder to disk: the files, then the folders with their names."""
        folders = []
        for parent, _, names in os.walk(self.folder):
            folders.append(Path(parent))
            for path in (Path(parent) / name for name in names):
                if path.relative_to(self.folder).as_posix() not in self._linked:
                    sync(path)
        for path in folders:
            sync(path)

    def _held_before(self, path: str) -> Held | None:
        return None if self._previous is None else self._previous[0].files.get(path)

    def _link(self, path: str) -> bool:
        """Link the file of the backup before; False where the disk cannot, so that it is copied."""
        if self._previous is None:
            return False
        try:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(self._previous[1] / path, self.folder / path)
        except OSError:
            return False
        self._linked.add(path)
        return True

    def _write(self, path: str, blocks: Iterable[bytes], *, changed: int, mode: int) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        hashed, size = hashlib.sha256(bytes.fromhex(self._salt)), 0
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for block in blocks:
                hashed.update(block)
                file.write(block)
                size += len(block)
        self.files[path] = Held(size, hashed.hexdigest(), changed, mode)


def _blocks(source: Path) -> Iterable[bytes]:
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def sync(path: Path) -> None:
    """Force a file or a folder to disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
