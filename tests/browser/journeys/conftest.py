"""The city that every journey walks on, and the people who walk."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser.journeys import city
from browser.journeys.visitor import Visitor, visiting

Come = Callable[..., Visitor]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play the story once for all processes of the run; what it leaves is copied, never served."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    done = folder / "city.played"
    with (folder / "city.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            city.play(folder / "city")
            done.touch()
    return folder / "city"


@pytest.fixture(scope="session")
def origin(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a copy for all journeys of this process that leave its time alone."""
    with city.serving(city.copied(played, tmp_path_factory.mktemp("city"))) as address:
        yield address


@pytest.fixture(scope="session")
def examined() -> set[str]:
    """Return the page kinds that were examined; each is examined once."""
    return set()


@pytest.fixture
def visitor(browser: Browser, origin: str, examined: set[str]) -> Iterator[Come]:
    """Give a function that lets one more person come, signed in where a post is named."""
    with ExitStack() as stack:
        yield _coming(stack, browser, origin, examined)


@pytest.fixture(scope="session")
def later(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve another copy, whose time the journeys of this process move forward."""
    with city.serving(city.copied(played, tmp_path_factory.mktemp("later"))) as address:
        yield address


@pytest.fixture
def traveller(browser: Browser, later: str, examined: set[str]) -> Iterator[Come]:
    """Do the same on the city whose time may be moved, and may have been moved before."""
    with ExitStack() as stack:
        yield _coming(stack, browser, later, examined)


def _coming(stack: ExitStack, browser: Browser, origin: str, examined: set[str]) -> Come:
    def come(organisation: str = "", title: str = "", *, width: int = 1280) -> Visitor:
        one = stack.enter_context(visiting(browser, origin, examined, width))
        if organisation:
            one.enter(organisation, title)
        return one

    return come
