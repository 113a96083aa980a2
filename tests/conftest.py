"""What every test shares: the folder of real data, and sockets closed except loopback."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from playing import ROOT, Played, play

TOGETHER = ("tests/crash/", "tests/attack/")
"""Folders whose tests share something that takes long to make, and so one process."""
BY_FILE = ("tests/interface/", "tests/unit/lake/test_every_real_file.py")
"""What makes something that takes long, once in a file: a node, or every real file read."""
LONG = (
    "tests/races/test_on_postgresql.py",
    "tests/story/test_pages.py",
    "tests/story/test_story.py::test_real",
    "tests/story/test_story.py::test_every",
)
"""What takes longest begins first: if it came last, one process would work alone at the end."""


class ByFolder(LoadScopeScheduling):
    """Sends each test where there is room, and those of such a folder to one process."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(BY_FILE):
            return nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        self._begun = False

    def _assign_work_unit(self, node: Any) -> None:
        if not self._begun:
            self._begun = True
            for name in reversed(LONG):
                for scope in [one for one in self.workqueue if one.startswith(name)]:
                    self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


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


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Return the story of a small city, played once for all processes of the run.

    Whoever wants to change the node that it left copies it first.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    done = folder / "played.json"
    with (folder / "played.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            (folder / "played").mkdir()
            told = play(folder / "played", "--scale", "0.1")
            done.write_text(json.dumps([told.status, told.scenes, told.said]), encoding="utf-8")
    status, scenes, said = json.loads(done.read_text(encoding="utf-8"))
    return Played(folder / "played" / "demo", status, scenes, said)
