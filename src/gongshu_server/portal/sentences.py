"""Sentences with something filled in, in English: found by the pattern that made them.

The catalogue `sentences` holds each pattern with numbered placeholders. A sentence is cut along the
literal pieces of the first pattern that fits, the one with the most literal text first, and what
stands in the placeholders is translated in turn. Cutting never goes back and the parts of a text
are counted, so that the time has a bound, whatever is written into it.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

CATALOGUE: Final = Path(__file__).parent / "locale" / "sentences" / "en" / "LC_MESSAGES"
PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")
CHINESE: Final = re.compile("[\u4e00-\u9fff]")
LONGEST: Final = 2000
# So many parts of one text are looked at; whatever somebody writes into it, it ends.
MOST_PARTS: Final = 150
# A pattern with less literal text than this comes after cutting at the ends of sentences.
STRONG: Final = 5
# One with less says too little about what stands around it: all of that must be English then.
LEAST: Final = 3
ENDS: Final = (("。", ". "), ("；", "; "))
DIGITS: Final = re.compile("[0-9]")
BRACKETS: Final = ("《》", "“”", "（）")
PAUSE: Final = re.compile("[。；：]")
LISTS: Final = (("：", ": "), ("、", ", "), ("/", "/"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with placeholders: its literal pieces, its English, and how much is literal."""

    pieces: tuple[str, ...]
    english: str
    longest: str
    literal: int

    def cut(self, text: str) -> tuple[str, ...] | None:
        """Return what stands in the placeholders of the text; None where it does not fit."""
        first, *middle, last = self.pieces
        if not (text.startswith(first) and text.endswith(last)):
            return None
        place, end = len(first), len(text) - len(last)
        values = []
        for piece in middle:
            # Two placeholders side by side are a word and a number.
            number = DIGITS.search(text, place, end) if not piece else None
            found = number.start() if number else text.find(piece, place, end)
            if found < 0:
                return None
            values.append(text[place:found])
            place = found + len(piece)
        return None if place > end else (*values, text[place:end])

    def fill(self, values: tuple[str, ...]) -> str:
        """Return the English with the values in their places."""
        return PLACEHOLDER.sub(lambda match: values[int(match[1])], self.english)


@cache
def patterns() -> Mapping[bool, tuple[Pattern, ...]]:
    """Return the strong (True) and the weak patterns that have English, the most literal first."""
    with (CATALOGUE / "django.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    # Reading a catalogue whole has no public way; Django reads the same attribute.
    known: dict[str, str] = read._catalog  # type: ignore[attr-defined]
    made = {
        form: Pattern(pieces, said, max(pieces, key=len), sum(map(len, pieces)))
        for text, english in known.items()
        for form, said in _forms(text, english)
        for pieces in [tuple(PLACEHOLDER.split(form)[::2])]
        if len(pieces) > 1 and CHINESE.search("".join(pieces))
    }
    ordered = sorted(made.values(), key=lambda one: -one.literal)
    return {
        strong: tuple(one for one in ordered if (one.literal >= STRONG) is strong)
        for strong in (True, False)
    }


def _forms(text: str, english: str) -> Iterator[tuple[str, str]]:
    """Yield a sentence as it is put together: alone, without its end, before or after others."""
    yield text, english
    if text.endswith("。"):
        yield text.removesuffix("。"), english.removesuffix(".")
    if text.startswith("；"):
        yield text.removeprefix("；"), english.removeprefix("; ")
    if text.endswith("：") and "{" not in text:
        yield text + "{0}", english + "{0}"
    if text.startswith("（") and "{" not in text:
        yield "{0}" + text, "{0}" + english


def _balanced(value: str) -> bool:
    """Tell whether every bracket and quote that a value closes was opened in it, and closed."""
    for opening, closing in BRACKETS:
        if value.count(opening) != value.count(closing):
            return False
        if opening not in value:
            continue
        depth = 0
        for character in value:
            depth += (character == opening) - (character == closing)
            if depth < 0:
                return False
    return True


def translate(text: str, word: Callable[[str], str]) -> str:
    """Return a sentence in English, `word` giving that of fixed texts; unchanged if none fits."""
    if len(text) > LONGEST:
        return text
    english = _Translation(word).of(text)
    if english != text and text.endswith("。"):
        return english[:1].upper() + english[1:]
    return english


def _chinese(text: str) -> int:
    """Return how much of a text is still Chinese: names are, and what no way has made English."""
    return len(CHINESE.findall(text))


class _Translation:
    """The translation of one text, with what is left of its budget of parts."""

    def __init__(self, word: Callable[[str], str]) -> None:
        self._word = word
        self._left = MOST_PARTS

    def of(self, text: str) -> str:
        """Return the English of a text or of a part of one; the text itself if there is none."""
        self._left -= 1
        if self._left < 0 or not CHINESE.search(text):
            return text
        known = self._word(text)
        if known != text:
            return known
        ended = self._word(f"{text}。")
        if ended != f"{text}。":
            return ended.removesuffix(".")
        found = self._by_pattern(text, strong=True)
        found = self._by_ends(text) if found is None else found
        found = self._by_pattern(text, strong=False) if found is None else found
        found = self._by_lists(text) if found is None else found
        return text if found is None else found

    def _by_pattern(self, text: str, *, strong: bool) -> str | None:
        for pattern in patterns()[strong]:
            if pattern.longest not in text:
                continue
            values = pattern.cut(text)
            if values is None or not all(map(_balanced, values)):
                continue
            filled = tuple(self.of(value.removesuffix("，")) for value in values)
            if pattern.literal < LEAST and CHINESE.search("".join(filled)):
                continue
            # A value with the end of one sentence and the start of another was cut wrongly.
            pairs = zip(values, filled, strict=True)
            if not any(value == english and PAUSE.search(value) for value, english in pairs):
                return pattern.fill(filled)
        return None

    def _by_ends(self, text: str) -> str | None:
        """Translate sentence by sentence, cut at the mark that leaves the least Chinese."""
        found = [one for mark, b in ENDS if (one := self._by_parts(text, mark, b)) is not None]
        return min(found, key=_chinese, default=None)

    def _by_lists(self, text: str) -> str | None:
        for mark, between in LISTS:
            if (found := self._by_parts(text, mark, between)) is not None:
                return found
        return None

    def _by_parts(self, text: str, mark: str, between: str) -> str | None:
        # What stands before the first colon is a title of all that follows.
        parts = [part for part in text.split(mark, 1 if mark == "：" else -1) if part]
        if len(parts) < 2 and not (parts and text.endswith("。") and mark == "。"):
            return None
        english = [self.of(part) for part in parts]
        if english == parts:
            return None
        end = "." if mark == "。" and text.endswith("。") else ""
        return between.join(one.removesuffix(".") for one in english) + end
