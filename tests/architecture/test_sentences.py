"""Chinese sentences carry full-width punctuation, in code, templates and tables alike."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from architecture import trees

BEFORE, AFTER = "[\u4e00-\u9fff，）》”]", "[\u4e00-\u9fff（《“]"
HALF = re.compile(rf"(?<={BEFORE})[,;?](?={AFTER})")
# The words of a probe file, parted by commas as departments send them.
NOT_SENTENCES = {"gongshu/lake/reading.py"}
TEXTS = ("*.html", "*.toml")


def literals(module: trees.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of every string; the pieces of an f-string are joined by a mark."""
    inside = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            pieces = [p.value if isinstance(p, ast.Constant) else "，" for p in node.values]
            yield node.lineno, "".join(str(piece) for piece in pieces)
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.lineno, node.value


def half_width(text: str) -> list[str]:
    """Return each half-width comma, semicolon or question mark between Chinese, with its place."""
    return [text[max(0, m.start() - 8) : m.end() + 8] for m in HALF.finditer(text)]


def test_sentences_in_code_are_full_width() -> None:
    """No string literal mixes half-width marks into a Chinese sentence."""
    found = [
        f"{module.place}:{line} {part}"
        for module in trees.modules()
        if module.place not in NOT_SENTENCES
        for line, text in literals(module)
        for part in half_width(text)
    ]
    assert not found, "\n".join(found)


def test_sentences_in_templates_and_tables_are_full_width() -> None:
    """Pages and the clause tables keep to it as well."""
    files = [path for pattern in TEXTS for path in sorted(trees.SOURCE.rglob(pattern))]
    assert len(files) > 3
    found = [
        f"{path.name} {part}" for path in files for part in half_width(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["请补正,再提交", "缺少材料;请补齐", "办好了?请看", "“甲”,请看"])
def test_half_width_is_found(text: str) -> None:
    """Each mark is seen, after a quotation mark as well."""
    assert len(half_width(text)) == 1


@pytest.mark.parametrize("text", ["请补正，再提交", "GB/T 2260;2007", "sum(a, b)", "列 a,列 b"])
def test_other_commas_are_left_alone(text: str) -> None:
    """Half-width marks in code and numbers are none of this rule's business."""
    assert half_width(text) == []


def test_pieces_of_a_formatted_sentence_are_joined() -> None:
    """A mark beside a placeholder is seen."""
    text = 'said = f"目前不支持{name},请删去"\n'
    module = trees.Module(trees.NODE / "planted.py", text, ast.parse(text))
    assert [half_width(found) for _, found in literals(module)] == [["目前不支持，,请删去"]]
