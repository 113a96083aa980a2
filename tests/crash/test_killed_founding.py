"""A secret is made whole or not at all, whenever the process that makes it is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gongshu.vocabulary.errors import Unavailable
from gongshu_server import secrets_folder
from gongshu_server.secrets_folder import LENGTH, make_once, secret

CALLS = ("open", "link", "fsync", "unlink", "close", "fdopen")


def dying(number: int) -> Callable[[Path], bool]:
    """Return a making of a secret in a process that dies before its n-th call to the disk."""

    def make(home: Path) -> bool:
        child = os.fork()
        if child == 0:
            calls = iter(range(number))
            for name in CALLS:
                setattr(os, name, _counted(getattr(os, name), calls))
            make_once(home / "keys" / "node.secret", bytes(range(LENGTH)))
            os._exit(0)
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])

    return make


def _counted(call: Callable[..., Any], calls: Any) -> Callable[..., Any]:
    def counted(*arguments: Any, **more: Any) -> Any:
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    return counted


def test_a_killed_making_leaves_nothing_or_a_whole_secret(tmp_path: Path) -> None:
    died = []
    for number in range(20):
        home = tmp_path / str(number)
        died.append(dying(number)(home))
        left = home / "keys" / "node.secret"
        assert not left.exists() or left.read_bytes() == bytes(range(LENGTH))
        assert len(secret(home, "node.secret")) == LENGTH
        assert secret(home, "node.secret") == left.read_bytes()
    assert died[0]
    assert not died[-1]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    made = secret(tmp_path, "node.secret")
    make_once(tmp_path / "keys" / "node.secret", b"another")
    secrets_folder.secret.cache_clear()
    assert secret(tmp_path, "node.secret") == made
    assert (tmp_path / "keys" / "node.secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(LENGTH + 1)])
def test_a_damaged_secret_is_not_used(tmp_path: Path, damaged: bytes) -> None:
    """An empty secret would let anybody forge keys and tokens."""
    make_once(tmp_path / "keys" / "node.secret", damaged)
    with pytest.raises(Unavailable, match=r"node\.secret") as refused:
        secret(tmp_path, "node.secret")
    assert refused.value.code == "secret_damaged"
