"""The city that every journey walks on, and the people who walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from browser.journeys import city
from browser.journeys.visitor import Visitor, visiting


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Play the story once and serve the node for all journeys."""
    home = tmp_path_factory.mktemp("city") / "demo"
    city.play(home)
    with city.serving(home) as address:
        yield address


@pytest.fixture(scope="session")
def examined() -> set[str]:
    """Return the page kinds that were examined; each is examined once."""
    return set()


@pytest.fixture
def visitor(browser: Browser, origin: str, examined: set[str]) -> Iterator[Callable[..., Visitor]]:
    """Give a function that lets one more person come, signed in where a post is named."""
    with ExitStack() as stack:

        def come(organisation: str = "", title: str = "", *, width: int = 1280) -> Visitor:
            one = stack.enter_context(visiting(browser, origin, examined, width))
            if organisation:
                one.enter(organisation, title)
            return one

        yield come
