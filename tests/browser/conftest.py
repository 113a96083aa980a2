"""A headless Chromium of the system for the tests of this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

pytest.register_assert_rewrite("browser.stage")

from browser.stage import Stage, running  # noqa: E402 - its asserts are rewritten first.


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium; skip without it, but fail in CI: nothing is left out."""
    path = shutil.which("chromium")
    if path is None:
        reason = "left out: no chromium on this machine (make test-deps)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Playwright's loop stands still in this thread while a test writes rows of a served node.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=[1280], ids=lambda width: f"{width}px")
def stage(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Give a page on a server of its own; afterwards it must have broken no policy."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 900}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    with running(context) as made:
        yield made
        made.check()
    context.close()
