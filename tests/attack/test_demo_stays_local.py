"""A demo is for its own machine: it has a clock that moves, and keys that were printed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from attack.conftest import Town
from gongshu_server.commands.serving import is_local

pytestmark = [pytest.mark.xdist_group("attack")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "node.example"])
def test_a_demo_is_not_served_to_others(town: Town, host: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    command = ["-m", "gongshu_server.commands", "serve", "--host", host, "--home", str(town.home)]
    done = subprocess.run(
        [sys.executable, *command], env=kept, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "演示节点只能在本机访问" in done.stderr


def test_what_is_local() -> None:
    assert is_local("127.0.0.1")
    assert is_local("127.0.0.2")
    assert is_local("::1")
    assert is_local("localhost")
    assert not is_local("0.0.0.0")
    assert not is_local("localhost.example")
