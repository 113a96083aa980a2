"""The walls stand: the linter finds nothing, and each contract is shown to fail when breached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from architecture import trees

# What import-linter is told, and a sentence of each contract's report.
NODE = "The node's contexts import downward only"
LIBRARY = "The library knows nothing of the node"
FRAMEWORK = "The library knows nothing of Django"
CLIENT = "The client knows nothing of the node"
BELOW = "Nothing rests on the client"


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter over the tree below `root`, as `make check` does over the project."""
    program = Path(sys.executable).with_name("lint-imports")
    # The planted tree comes before the installed project.
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    return subprocess.run(
        [program, "--no-cache", "--verbose"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def planted(tmp_path: Path, files: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Copy the tree, add the files below `src`, and lint the copy."""
    copied = shutil.ignore_patterns("*.pyc", "__pycache__", "templates", "static")
    shutil.copytree(trees.SOURCE, tmp_path / "src", ignore=copied)
    shutil.copy(trees.CONTRACTS, tmp_path)
    for name, text in files.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return lint(tmp_path)


def broken(said: subprocess.CompletedProcess[str]) -> set[str]:
    """Return the names of the contracts that the report calls broken."""
    return {
        name
        for name in (NODE, LIBRARY, FRAMEWORK, CLIENT, BELOW)
        if f"{name} BROKEN" in " ".join(said.stdout.split())
    }


def test_the_walls_stand() -> None:
    """Nothing in the tree breaks a contract."""
    said = lint(trees.ROOT)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Contracts: 5 kept, 0 broken." in said.stdout


def test_every_layer_is_a_wall(tmp_path: Path) -> None:
    """An import of the layer above is found in each layer, wherever it stands in a function."""
    built = {path.name for path in trees.NODE.iterdir() if (path / "__init__.py").is_file()}
    rooms = [sorted(names & built) for names in trees.layers() if names & built]
    plants = {}
    for above, below in pairwise(rooms):
        text = f"def late() -> None:\n    import gongshu_server.{above[0]}\n"
        plants[f"gongshu_server/{below[0]}/planted.py"] = text
    said = planted(tmp_path, plants)
    assert said.returncode == 1
    assert broken(said) == {NODE}
    for above, below in pairwise(rooms):
        breach = f"gongshu_server.{below[0]}.planted -> gongshu_server.{above[0]}"
        assert breach in said.stdout, breach


@pytest.mark.parametrize(
    ("file", "text", "contract"),
    [
        # Siblings: neither of two rooms of one layer knows the other.
        (
            "gongshu_server/registration/planted.py",
            "from gongshu_server.opening import models\n",
            NODE,
        ),
        (
            "gongshu_server/opening/planted.py",
            "from gongshu_server.registration import models\n",
            NODE,
        ),
        ("gongshu_server/api/planted.py", "import gongshu_server.portal.pages\n", NODE),
        # A room that no layer names.
        ("gongshu_server/attic/__init__.py", "", NODE),
        ("gongshu/policy/planted.py", "from gongshu_server.journal.ids import ulid\n", LIBRARY),
        ("gongshu/policy/planted.py", "from django.db import models\n", FRAMEWORK),
        ("gongshu/workflow/planted.py", "import granian\n", FRAMEWORK),
        ("gongshu_client/planted.py", "import gongshu_server.settings\n", CLIENT),
        ("gongshu_client/planted.py", "from django.db import models\n", CLIENT),
        # Not even on a detour through the library.
        ("gongshu_client/planted.py", "from gongshu.engines import duck\n", CLIENT),
        ("gongshu_server/market/planted.py", "from gongshu_client import Client\n", BELOW),
    ],
)
def test_a_breach_is_found(tmp_path: Path, file: str, text: str, contract: str) -> None:
    """A planted import through a wall breaks its contract, and no other."""
    said = planted(tmp_path, {file: text})
    assert said.returncode == 1, said.stdout
    assert broken(said) == {contract}, said.stdout
