"""Everything that races or constrains runs on PostgreSQL as well, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from races import postgresql

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 1_500
DOORS = ("tests/integration/portal", "tests/integration/api")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Return the address of a private cluster; skip without PostgreSQL, but fail in CI."""
    if postgresql.programs() is None:
        reason = "left out: races and integration on PostgreSQL, which is not installed here"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgresql.cluster() as started:
        yield started


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("tests/races", "tests/integration"), id="contexts"),
        pytest.param(DOORS, id="doors"),
    ],
)
def test_races_and_integration_hold_on_postgresql(address: str, asked: tuple[str, ...]) -> None:
    """In two halves: the contexts, and the doors before them."""
    elsewhere = [f"--ignore={door}" for door in DOORS if asked != DOORS]
    command = [
        *(sys.executable, "-m", "pytest", *asked, "-q", "-x"),
        *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("--ignore", __file__),
        *elsewhere,
    ]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "GONGSHU_HOME", "GONGSHU_DATABASE"))
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"GONGSHU_TEST_DATABASE": address},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    # Nothing may have been left out: a run that skipped everything would prove nothing.
    last = done.stdout.strip().splitlines()[-1]
    assert " passed" in last, last
    assert "skipped" not in last, done.stdout[-2000:]
