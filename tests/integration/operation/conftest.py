"""A founded city with a catalogue, and only the effects that operation needs."""

from __future__ import annotations

from typing import Any

import pytest

from integration.operation.world import World, catalogue, found


@pytest.fixture(autouse=True)
def effects(settings: Any) -> None:
    """Let the small table of effects follow events, not the one of the layers above."""
    settings.GONGSHU_EFFECTS = "integration.operation.effects.EFFECTS"


@pytest.fixture
def world(db: None) -> World:
    """Return a city where everything is published and nothing is agreed."""
    return catalogue(found(World()))
