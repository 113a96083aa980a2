"""Writing so that a crash or power loss leaves the old state or the new one, never a mixture.

A set of files is published in this order: all contents under temporary names, forced to disk; the
content of the `last` file under its pending name, forced to disk; every rename; at the very end
the rename of `last`. While there is no pending file the set can be thrown away, from then on it
can always be carried to its end. Nothing else is ever found after a crash.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gongshu.vocabulary.errors import Conflict, Unavailable

TEMPORARY = ".tmp"
PENDING = ".pending"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the one writer's lock on `folder`, on the folder itself so that no extra file is left.

    Raises Conflict when another process (or another store in this one) holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "另一个进程正在写存证日志；请等它写完再试。", code="ledger_locked"
            ) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def reported() -> Iterator[None]:
    """Turn an OSError of writing into Unavailable: nothing was published that was not complete."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise Unavailable(
            f"存证日志写不下去（{reason}）；已有条目不受影响，请检查磁盘空间和权限后重试。",
            code="ledger_not_written",
        ) from error


def make_folder(folder: Path) -> None:
    """Make sure that `folder` exists and that its name survives a power loss. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        _sync(path.parent)


def temporary(path: Path) -> Path:
    """Return the name under which the content of `path` is written first."""
    return path.with_name(path.name + TEMPORARY)


def publish(folder: Path, files: Sequence[tuple[str, bytes]], last: tuple[str, bytes]) -> None:
    """Write `files` and then `last` (relative path, content) below `folder`, as told above.

    When it returns, all of it survives a power loss. Raises OSError.
    """
    paths = [folder / name for name, _ in files]
    for path, (_, content) in zip(paths, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary(path), content)
    # First all writes, then all syncs: the disk then orders them and most syncs find nothing to do.
    for path in paths:
        _sync(temporary(path))
    _sync_folders(folder, paths)
    _make_ready(folder, last)
    _rename(folder, paths)
    _finish(folder, last[0])


def pending(folder: Path, last: str) -> bytes | None:
    """Return the content of `last` in a set that must be carried to its end, None without one."""
    path = folder / (last + PENDING)
    return path.read_bytes() if path.exists() else None


def complete(folder: Path, last: tuple[str, bytes], confirm: Callable[[], object]) -> None:
    """Carry the pending set to its end, its files having been confirmed in their places.

    Raises OSError, or what `confirm` raises, and then leaves `last` as it was.
    """
    temporary(folder / (last[0] + PENDING)).unlink(missing_ok=True)
    written = leftovers(folder)
    for path in written:
        _sync(path)
    _make_ready(folder, last)
    _rename(folder, [path.with_name(path.name[: -len(TEMPORARY)]) for path in written])
    for parent, _, _ in os.walk(folder):
        _sync(Path(parent))  # Renames that the dead process made may not have reached the disk.
    confirm()
    _finish(folder, last[0])


def discard(folder: Path) -> None:
    """Remove the temporary files of a set that is not pending. Raises OSError."""
    for path in leftovers(folder):
        path.unlink()


def leftovers(folder: Path) -> list[Path]:
    """Return the temporary files anywhere below `folder`."""
    return [folder / name for name in files_below(folder) if name.endswith(TEMPORARY)]


def files_below(folder: Path) -> list[str]:
    """Return everything below `folder` that is not a folder: relative paths with `/`, sorted."""
    found = []
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        found += [(Path(parent) / name).relative_to(folder).as_posix() for name in names + links]
    return sorted(found)


def _make_ready(folder: Path, last: tuple[str, bytes]) -> None:
    ready = folder / (last[0] + PENDING)
    _write(temporary(ready), last[1])
    _sync(temporary(ready))
    temporary(ready).replace(ready)
    _sync(folder)


def _rename(folder: Path, paths: Sequence[Path]) -> None:
    for path in paths:
        temporary(path).replace(path)
    _sync_folders(folder, paths)


def _finish(folder: Path, last: str) -> None:
    (folder / (last + PENDING)).replace(folder / last)
    _sync(folder)


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o644)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folders(folder: Path, paths: Iterable[Path]) -> None:
    """Force to disk every folder between `folder` and the files, so that their names are there."""
    touched: set[Path] = set()
    for path in paths:
        parent = path.parent
        while parent not in touched and parent != folder:
            touched.add(parent)
            parent = parent.parent
    for each in sorted(touched, reverse=True):
        _sync(each)
    _sync(folder)
