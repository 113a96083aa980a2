"""A served town after the story, and what an attacker may have of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attack.raw import Answer, exchange, request
from crash.serving import Served

HERE = Path(__file__).parent
NOBODY = "01HZZZZZZZZZZZZZZZZZZZZZZZ"
"""An id of the right form that nothing has."""


INNER = (
    "Traceback",
    "OperationalError",
    "sqlite3.",
    "psycopg",
    "django",
    "site-packages",
    "gongshu_server",
    'File "',
    "no such table",
    "unrecognized token",
)


@dataclass(slots=True)
class Town:
    """A node that serves in two processes, and what is known of it."""

    home: Path
    known: dict[str, Any]
    server: Served

    def ask(self, method: str, target: str | bytes, **more: Any) -> Answer:
        """Make one call. `by` names whose key goes with it, `key` is one in clear."""
        if by := more.pop("by", ""):
            more["key"] = self.known["keys"].get(by) or self.known["product_keys"][by]
        return exchange(self.server.port, request(method, target, **more))

    def act(self, name: str, by: str, /, **body: Any) -> Answer:
        """Take an action over the API."""
        path = "/api/v1/actions/" + name.replace(".", "/")
        return self.ask("POST", path, by=by, body=body)

    def verify(self, subject: Any, *, by: str = "emergency.verification", **said: Any) -> Answer:
        """Ask about one subject."""
        product = said.pop("product", self.known["products"]["product.verification"])
        target = f"/v1/products/{product}/verify"
        return self.ask("POST", target, by=by, body={"key": subject, **said})

    def secrets(self) -> list[str]:
        """Return what may stand in no log: keys, tokens, and whom the data are about."""
        known = self.known
        return [
            *known["keys"].values(),
            *known["product_keys"].values(),
            *known["tokens"],
            *known["subjects"].values(),
            *known["people"],
            *known["enterprises"],
        ]


def assert_problem(answer: Answer) -> None:
    """A refusal is a problem document: status, code, a Chinese sentence, and no inner workings."""
    assert answer.kind == "application/problem+json", answer
    said = answer.json
    assert said["status"] == answer.status
    assert re.fullmatch(r"[a-z_.]+", said["code"]), said
    assert re.search("[\u4e00-\u9fff]", said["detail"]), said
    assert re.search("[\u4e00-\u9fff]", said["title"]), said
    assert_nothing_inner(answer)


def assert_nothing_inner(answer: Answer) -> None:
    """No answer shows how the node is made: stack, paths, types, messages of the database."""
    text = answer.body.decode("utf-8", "replace")
    for inner in INNER:
        assert inner not in text, (inner, text[:400])


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Play the story once and serve it; at the end its log must hold nothing secret."""
    folder = tmp_path_factory.mktemp("town")
    home, out = folder / "home", folder / "town.json"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    made = subprocess.run(
        [sys.executable, str(HERE / "town.py"), str(home), str(out)],
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr[-4000:]
    known = json.loads(out.read_text(encoding="utf-8"))
    assert not known["failed"], known["failed"]
    with Served(home, workers=2) as server:
        town = Town(home, known, server)
        yield town
        said = server.log()
    assert not [secret for secret in town.secrets() if secret in said]
    assert "Traceback" not in said
