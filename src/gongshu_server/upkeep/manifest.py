"""What a backup holds: every file with its size and digest, and the state that they show together.

The manifest is written when all the files are on disk, the seal after the manifest, and the folder
gets its last name after the seal: a backup that was broken off has no such name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from gongshu.vocabulary.errors import Invalid, NotFound

FORMAT: Final = "gongshu.backup/1"
MANIFEST, SEAL, BOX, FILES = "manifest.json", "seal.json", "secrets.box", "files"
UNFINISHED: Final = ".unfinished-"
KEYS, LEDGER = "keys", "ledger"
"""Folders of a node: its secrets, which go into the box alone, and the public ledger."""
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """A file: bytes, digest, when the original was last changed (ns), and its permissions."""

    size: int
    digest: str
    changed: int
    mode: int


@dataclass(frozen=True, slots=True)
class State:
    """The moment that the backup shows: the ledger's signed size, and all entries of the journal.

    `kind` is the database's: sqlite or postgresql. `checkpoint` is the signed note itself.
    """

    kind: str
    migrations: tuple[str, ...]
    entries: int
    ledger: int
    checkpoint: str
    origin: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is in a backup; `files` maps relative paths.

    The digests are salted, with one salt for all backups of a folder: a manifest alone says
    nothing about what somebody's file holds.
    """

    stamp: str
    taken_at: str
    program: str
    salt: str
    state: State
    files: Mapping[str, Held] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the manifest as a file."""
        body = {"format": FORMAT, **asdict(self)}
        return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode()


def parse(data: bytes) -> Manifest:
    """Return the manifest that a file holds. Raises Invalid."""
    try:
        said: dict[str, Any] = json.loads(data)
        if said.pop("format") != FORMAT:
            raise ValueError("another format")
        files = {_inside(path): Held(**held) for path, held in said.pop("files").items()}
        state = said.pop("state")
        state["migrations"] = tuple(state["migrations"])
        return Manifest(**said, state=State(**state), files=files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(
            "备份的清单读不出来，不能使用这份备份。请改用另一份。", code="manifest_damaged"
        ) from None


def _inside(path: str) -> str:
    parts = path.split("/")
    if not path or path.startswith("/") or {"", ".", ".."} & set(parts) or "\0" in path:
        raise ValueError("a path that leads out of the backup")
    return path


def complete(target: Path) -> list[Path]:
    """Return the complete backups in a folder, oldest first."""
    if not target.is_dir():
        return []
    found = (path for path in target.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if (path / SEAL).is_file())


def chosen(source: Path) -> Path:
    """Return the backup that a path means: itself, or the latest in it. Raises NotFound."""
    if (source / SEAL).is_file() and not source.name.startswith(UNFINISHED):
        return source
    found = complete(source)
    if not found:
        raise NotFound(
            f"{source} 里没有完整的备份。请核对路径；中断的备份不能使用。", code="no_backup"
        )
    return found[-1]


def read(backup: Path) -> Manifest:
    """Return a backup's manifest. Raises Invalid when seal and manifest do not agree."""
    try:
        data = (backup / MANIFEST).read_bytes()
        seal = json.loads((backup / SEAL).read_bytes())
        agreed = seal["manifest"] == plain_digest(data)
    except (OSError, ValueError, KeyError, TypeError):
        agreed, data = False, b""
    if not agreed:
        raise Invalid(
            "备份的清单与封记不符，不能使用这份备份。请改用另一份。", code="manifest_damaged"
        )
    return parse(data)


def seal(backup: Path) -> bytes:
    """Return the seal of a backup whose manifest and box are written."""
    said = {
        "manifest": plain_digest((backup / MANIFEST).read_bytes()),
        "box": plain_digest((backup / BOX).read_bytes()),
    }
    return json.dumps(said).encode()


def faults(backup: Path) -> Iterator[str]:
    """Yield a sentence for each file that is not what the backup says it is."""
    try:
        held = read(backup)
    except Invalid as fault:
        yield fault.sentence
        return
    try:
        boxed = json.loads((backup / SEAL).read_bytes())["box"]
        whole = plain_digest((backup / BOX).read_bytes()) == boxed
    except (OSError, KeyError):
        whole = False
    if not whole:
        yield f"{BOX} 已损坏"
    for path, one in held.files.items():
        try:
            right = digest(backup / path, held.salt) == (one.digest, one.size)
        except OSError:
            yield f"{path} 缺失或读不出来"
        else:
            if not right:
                yield f"{path} 的内容与清单不符"
    known = {*held.files, MANIFEST, SEAL, BOX}
    there = (p.relative_to(backup).as_posix() for p in backup.rglob("*") if not p.is_dir())
    yield from (f"{path} 不在清单里" for path in sorted(there) if path not in known)


def digest(path: Path, salt: str) -> tuple[str, int]:
    """Return the salted SHA-256 of a file, and its size. Raises OSError."""
    hashed, size = hashlib.sha256(bytes.fromhex(salt)), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
            size += len(block)
    return hashed.hexdigest(), size


def plain_digest(data: bytes) -> str:
    """Return the SHA-256 of a manifest or a box: nothing in them can be guessed."""
    return hashlib.sha256(data).hexdigest()
