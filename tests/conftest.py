"""What every test shares: the folder of real data, and sockets closed except loopback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real files; skip without it, but fail in CI: nothing is left out."""
    folder = Path(os.environ.get("GONGSHU_SHARED", ROOT.parent / "shared"))
    if folder.is_dir():
        return folder
    reason = f"left out: the real files are not at {folder} (set GONGSHU_SHARED)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
