"""What every test shares: the folder of real data, and sockets closed except loopback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
TOGETHER = ("tests/crash/", "tests/attack/")
"""Folders whose tests share something that takes long to make, and so one process."""


class ByFolder(LoadScopeScheduling):
    """Sends each test where there is room, and those of such a folder to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Stand in for --dist loadgroup, whose marks pytest 9.2 no longer lets xdist 3.8 pass on."""
    return ByFolder(config, log) if config.getvalue("dist") == "loadgroup" else None


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
