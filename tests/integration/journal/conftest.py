"""A node's folder of its own, with a ledger key, for the tests of sealing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gongshu.ledger.notes import Signer
from gongshu_server.journal import sealing


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """Return a fresh node's folder that holds nothing but the ledger key."""
    settings.HOME = tmp_path
    (tmp_path / "keys").mkdir()
    secret = Signer.generate(settings.LEDGER_ORIGIN).secret
    (tmp_path / "keys" / sealing.KEY_FILE).write_text(secret + "\n", encoding="ascii")
    return tmp_path
