"""The command line: wrong input is one clear sentence and an exit status, never a traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    return {**kept, "GONGSHU_HOME": str(home)}


def gongshu(home: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "gongshu_server.commands", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment(home)
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("node") / "home"
    status, said = gongshu(home, "init", "--name", "某县数据局", "--person", "张三")
    assert status == 0, said
    assert "只显示这一次" in said
    return home


def test_help_shows_the_way(tmp_path: Path) -> None:
    status, said = gongshu(tmp_path, "--help")
    assert status == 0
    for name in ("demo", "init", "serve", "worker", "import", "ledger", "clauses", "check-host"):
        assert name in said


def test_a_clause_is_found_with_its_instrument(tmp_path: Path) -> None:
    status, said = gongshu(tmp_path, "clauses", "809-21")
    assert status == 0
    assert "国务院令第809号" in said


@pytest.mark.parametrize(
    ("arguments", "expected", "words"),
    [
        (("clauses", "no-such"), 1, "没有编号"),
        (("ledger", "verify", "/no/folder", "--key", "/no/key"), 2, "does not exist"),
        (("import", "/no/file", "--resource", "x", "--key", "gs_bad"), 2, "没有这个文件"),
        (("init",), 1, "已有节点"),
    ],
)
def test_wrong_input_is_a_sentence(
    node: Path, arguments: tuple[str, ...], expected: int, words: str
) -> None:
    status, said = gongshu(node, *arguments)
    assert status == expected, said
    assert words in said
    assert "Traceback" not in said


def test_a_key_from_the_ledgers_own_folder_is_refused(node: Path) -> None:
    inside = node / "ledger" / "key"
    inside.write_text((node / "ledger.vkey").read_text())
    status, said = gongshu(node, "ledger", "verify", str(node / "ledger"), "--key", str(inside))
    inside.unlink()
    assert status == 2
    assert "别处" in said


def test_a_file_that_is_no_key_is_refused(node: Path, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("您好", encoding="utf-8")
    status, said = gongshu(node, "ledger", "verify", str(node / "ledger"), "--key", str(other))
    assert status == 2
    assert "不是公钥文件" in said


def test_a_taken_port_is_said(node: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, said = gongshu(node, "serve", "--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "已被占用" in said


@pytest.mark.parametrize(
    "arguments",
    [("serve",), ("worker",), ("import", __file__, "--resource", "x", "--key", "gs_bad")],
)
def test_without_a_node_nothing_is_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    home = tmp_path / "nowhere"
    status, said = gongshu(home, *arguments)
    assert status == 2
    assert "gongshu init" in said
    assert "Traceback" not in said
    assert not home.exists()


def test_children_end_when_their_parent_is_killed(node: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gongshu_server.commands", "serve", "--port", str(port)]
    parent = subprocess.Popen(command, env=environment(node))
    try:
        until(lambda: answers(port), seconds=40)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until(lambda: not answers(port), seconds=20)


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/clauses", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def until(holds: object, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator] # a plain function of the test
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.2)
