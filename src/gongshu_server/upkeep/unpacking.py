"""From a backup to a node's folder with an unfinished name; it needs no database and no Django.

Every byte is checked against the manifest, and the manifest against the strongbox, before anything
is written. The folder gets its last name at the end of `restoring`: killed before that, there is
no node under the name that was asked for, and the restoring can be begun again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from gongshu.vocabulary.errors import Conflict, Invalid, Unavailable
from gongshu_server import configuration
from gongshu_server.upkeep import manifest, strongbox
from gongshu_server.upkeep.manifest import BOX, FILES, KEYS, Manifest, State
from gongshu_server.upkeep.writing import sync

SETTINGS_FILE: Final = "settings.env"
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who restores and why, and what they say of the ledger: where it is, or that none is later.

    Exactly one of `ledger` (a folder) and `nothing_later` is given.
    """

    person: str
    reason: str
    ledger: Path | None = None
    nothing_later: bool = False


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A node's folder that is not finished, where it is to go, and what it was made from."""

    backup: Path
    folder: Path
    home: Path
    manifest: Manifest
    declared: Declaration


def check(source: Path) -> Path:
    """Return the backup that a path means, when every byte of it is as it was written.

    Raises NotFound without a complete backup, Invalid with the first damaged files.
    """
    backup = manifest.chosen(source)
    found = list(islice(manifest.faults(backup), _NAMED + 1))
    if found:
        more = "；……" if len(found) > _NAMED else ""
        raise Invalid(
            f"备份 {backup.name} 已损坏：{'；'.join(found[:_NAMED])}{more}。请改用另一份备份。",
            code="backup_damaged",
            details=tuple(found),
        )
    return backup


def unpack(source: Path, declared: Declaration, *, home: Path, passphrase: str) -> Unpacked:
    """Write a backup's files and secrets into a folder beside `home`, which must not exist.

    Raises Invalid unless a person has said how the ledger goes on, and for a damaged backup or
    another passphrase; Conflict when there is something at `home` or the settings do not fit the
    backup; Unavailable when the disk refuses.
    """
    home = home.resolve()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Conflict(
            f"{home} 里已有内容，恢复不会覆盖它。请用 --home 指定一个新目录。", code="home_exists"
        )
    _check_declared(declared, manifest.read(manifest.chosen(source)).state)
    backup = check(source)
    held = strongbox.unlock((backup / BOX).read_bytes(), passphrase)
    made = manifest.read(backup)
    if held.manifest != manifest.plain_digest((backup / manifest.MANIFEST).read_bytes()):
        raise Invalid(
            "备份的清单在写成之后被人改过，不能恢复。请改用另一份备份，并请审计人员核查。",
            code="manifest_forged",
        )
    _check_settings(made)
    folder = home.with_name(f".{home.name}.unfinished")
    with refused(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        _write_files(backup, folder, made)
        _write_secrets(folder, held.keys)
        _write_settings(folder, held.settings)
    return Unpacked(backup, folder, home, made, declared)


@contextmanager
def refused(folder: Path) -> Iterator[None]:
    """Leave nothing of the folder when it cannot be finished; say it when the disk refuses."""
    try:
        yield
    except BaseException as fault:
        shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(fault, OSError):
            raise
        reason = os.strerror(fault.errno) if fault.errno else type(fault).__name__
        raise Unavailable(
            f"恢复没有写完（{reason}），没有留下不完整的节点。请检查磁盘空间和权限后重试。",
            code="restore_not_written",
        ) from fault


def _check_declared(declared: Declaration, state: State) -> None:
    """Raise Invalid unless a person has said why they restore, and how the ledger goes on."""
    if not declared.person.strip() or not declared.reason.strip():
        raise Invalid(
            "请写明由谁恢复（--person）和为什么（--reason）：两者都写入存证。", code="incomplete"
        )
    if (declared.ledger is None) != declared.nothing_later:
        raise Invalid(
            f"这份备份的存证日志到第 {state.ledger} 条为止。此后若有签名锚点公布过，恢复后再签名"
            "就是另一段历史，任何持有后来锚点的人都能查出。请用 --ledger 指明现存的日志目录"
            "（原节点的或镜像的）；确实从未公布过更新的锚点，才用 --nothing-later 声明。",
            code="not_declared",
        )


def _check_settings(made: Manifest) -> None:
    origin = configuration.value("GONGSHU_ORIGIN")
    if origin != made.state.origin:
        raise Conflict(
            f"备份的存证日志名称是 {made.state.origin}，当前设置是 {origin}。"
            f"请先设 GONGSHU_ORIGIN={made.state.origin} 再恢复。",
            code="other_origin",
        )
    here = "postgresql" if configuration.value("GONGSHU_DATABASE") else "sqlite"
    if here != made.state.kind:
        said = "请先把 GONGSHU_DATABASE 设为一个空的 PostgreSQL 库"
        other = "请先取消 GONGSHU_DATABASE 的设置"
        raise Conflict(
            f"备份里的数据库是 {made.state.kind}。{said if here == 'sqlite' else other}，再恢复。",
            code="other_database",
        )


def _write_files(backup: Path, folder: Path, made: Manifest) -> None:
    for path, held in made.files.items():
        if path.startswith(f"{FILES}/"):
            target = folder / path.removeprefix(f"{FILES}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / path, target)
            target.chmod(held.mode & 0o777)


def _write_secrets(folder: Path, keys: Mapping[str, bytes]) -> None:
    (folder / KEYS).mkdir(mode=0o700)
    for name, content in keys.items():
        if Path(name).name != name:
            raise Invalid("备份里的密钥文件名不对，不能恢复。", code="box_not_opened")
        _write_private(folder / KEYS / name, content)


def _write_settings(folder: Path, settings: Mapping[str, str]) -> None:
    """Write the settings that the node had, for whoever sets up its service anew."""
    kept = {name: said for name, said in settings.items() if name != "GONGSHU_HOME"}
    lines = [f"{name}={said}\n" for name, said in kept.items()]
    _write_private(folder / SETTINGS_FILE, "".join(lines).encode())


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def persist(folder: Path, home: Path) -> None:
    """Force a finished folder to disk and give it its name. Raises OSError."""
    folders = []
    for parent, _, names in os.walk(folder):
        folders.append(Path(parent))
        for name in names:
            sync(Path(parent) / name)
    for path in folders:
        sync(path)
    if home.exists():
        home.rmdir()  # It is empty, or nothing would have been unpacked.
    folder.rename(home)
    sync(home.parent)
