"""The same city as operation's tests, with an approved scenario and data in the lake."""

from __future__ import annotations

from typing import Any

import pytest

from integration.operation.world import World, catalogue, found
from integration.workshop.bench import Bench


@pytest.fixture(autouse=True)
def effects(settings: Any) -> None:
    """Let the small table of effects follow events, not the one of the layers above."""
    settings.GONGSHU_EFFECTS = "integration.operation.effects.EFFECTS"


@pytest.fixture
def bench(db: None) -> Bench:
    """Return a developer's bench: an approved scenario and an open task."""
    return Bench.ready(catalogue(found(World())))
