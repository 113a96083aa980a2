"""kill -9 of the server in the middle of an upload: what was accepted is there, byte for byte."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from crash.serving import Served

pytestmark = [pytest.mark.xdist_group("crash")]
SIZE, STEP, KILLS = 24 << 20, 1 << 18, 4


@pytest.fixture
def founded(tmp_path: Path) -> tuple[Path, str]:
    """Return a fresh node's folder and its first key."""
    home = tmp_path / "node"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    said = subprocess.run(
        [sys.executable, "-m", "gongshu_server.commands", "init", "--name", "数据局"],
        env={**env, "GONGSHU_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    key = re.search("gs_[A-Za-z0-9_-]{43}", said.replace("\n", ""))
    assert key is not None, said
    return home, key[0]


def call(
    server: Served, key: str, method: str, path: str, body: bytes = b"", **headers: str
) -> dict[str, Any]:
    with closing(server.connect()) as connection:
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
        connection.request(method, f"/api/v1{path}", body=body, headers=sent)
        response = connection.getresponse()
        said: dict[str, Any] = json.loads(response.read() or b"{}")
        assert response.status < 300, said
        return said


class Sending:
    """Sends chunk after chunk from the offset that the node names until it is killed or done."""

    def __init__(self, server: Served, key: str, upload: str, content: bytes) -> None:
        self.server, self.key, self.path = server, key, f"/uploads/{upload}"
        self.content = content
        self.accepted = int(call(server, key, "GET", self.path)["offset"])
        self.begun = threading.Event()

    def run(self) -> None:
        with suppress(OSError, http.client.HTTPException):
            while self.accepted < len(self.content):
                part = self.content[self.accepted : self.accepted + STEP]
                offset = {"Upload-Offset": str(self.accepted)}
                said = call(self.server, self.key, "PATCH", self.path, part, **offset)
                self.accepted = int(said["offset"])
                self.begun.set()


def test_nothing_accepted_is_lost(founded: tuple[Path, str]) -> None:
    home, key = founded
    content = b"%PDF-1.7\n" + random.Random(7).randbytes(SIZE)
    announced = json.dumps({"kind": "paper", "name": "a.pdf", "size": len(content)}).encode()
    upload, accepted = "", 0
    for kill in range(KILLS):
        with Served(home) as server:
            upload = upload or call(server, key, "POST", "/uploads", announced)["id"]
            sending = Sending(server, key, upload, content)
            assert sending.accepted >= accepted, "an accepted chunk is gone"
            thread = threading.Thread(target=sending.run)
            thread.start()
            assert sending.begun.wait(20)
            threading.Event().wait(random.Random(kill).random() / 5)
            server.kill()
            thread.join(20)
            accepted = sending.accepted
        kept = (home / "uploads" / upload).read_bytes()
        assert kept[:accepted] == content[:accepted]
    with Served(home) as server:
        Sending(server, key, upload, content).run()
        call(server, key, "POST", f"/uploads/{upload}/finish")
    (whole,) = (home / "attachments").glob("*/*")
    assert whole.read_bytes() == content
    assert not list((home / "uploads").iterdir())
