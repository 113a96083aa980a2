"""The theatre, opened once for all crash tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crash.company import Company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Rehearse the story over a 1 % city; every scene must have ended as it should."""
    made = Company(tmp_path_factory.mktemp("theatre") / "node")
    failed = [(s["scene"], s["outcome"]) for s in made.scenes if not s["ok"]]
    assert not failed, (failed, made.log())
    yield made
    made.close()
