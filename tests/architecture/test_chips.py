"""A clause chip is a disclosure element, and a paragraph ends where one begins: never the two."""

from __future__ import annotations

import re

import pytest

from architecture import trees

PARAGRAPH = re.compile(r"<p[ >](?:(?!</p>).)*?{% clause ", re.S)


def test_no_chip_stands_in_a_paragraph() -> None:
    found = [
        path.name
        for path in sorted(trees.SOURCE.rglob("*.html"))
        if PARAGRAPH.search(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ['<p>依据 {% clause "a" %}</p>', '<p class="x">\n{% clause a %}</p>']
)
def test_a_planted_chip_is_found(text: str) -> None:
    assert PARAGRAPH.search(text)
    assert not PARAGRAPH.search("<p>依据</p> {% clause a %}")
