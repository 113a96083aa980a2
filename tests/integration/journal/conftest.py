"""A node's folder of its own, with a ledger key, for the tests of sealing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gongshu.ledger.notes import Signer
from gongshu_server.journal import sealing
from gongshu_server.secrets_folder import make_once, secret


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """Return a fresh node's folder with nothing but the ledger key and the secret of the rows."""
    of_the_rows = secret(Path(settings.HOME), "node.secret")
    settings.HOME = tmp_path
    make_once(tmp_path / "keys" / "node.secret", of_the_rows)
    signer = Signer.generate(settings.LEDGER_ORIGIN).secret
    (tmp_path / "keys" / sealing.KEY_FILE).write_text(signer + "\n", encoding="ascii")
    return tmp_path
