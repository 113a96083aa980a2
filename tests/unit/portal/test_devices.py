"""The devices that a person is signed in on: known by name, never as the browser's raw text."""

from __future__ import annotations

import pytest

from gongshu_server.portal.people.devices import device

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
UOS = "Mozilla/5.0 (X11; Linux x86_64; UOS) AppleWebKit/537.36 Chrome/108.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Safari/604.1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"{WINDOWS} Chrome/140.0 Safari/537.36", "Chrome · Windows"),
        (f"{WINDOWS} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        (UOS, "Chrome · 统信"),
        (PHONE, "Safari · iPhone"),
        ("", "—"),
    ],
)
def test_a_browser_is_known_by_its_name(said: str, shown: str) -> None:
    """The most particular name counts: most browsers say that they are Chrome and Safari, too."""
    assert device(said) == shown


def test_what_is_not_known_shows_nothing_of_its_text() -> None:
    """A text that names no browser may hold anything; it is not shown."""
    assert "evil" not in device("<b>evil</b>/1.0")
