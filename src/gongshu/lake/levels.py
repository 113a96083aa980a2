"""Headers of several rows: names of groups stand over merged cells, names of columns below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

LEVELS: Final = 3
NAME_CHARACTERS: Final = 30
JOINT: Final = "_"


def joined(upper: Sequence[str], lower: Sequence[str]) -> list[str] | None:
    """Return the names that two rows make together, or None when they are not one header.

    A group spans the blank cells right of it and has a name below every one of them; a column
    without a group has its name in one row and a blank in the other. A title is one cell, or has a
    colon, or is long. A name is blank where a third row above may have it.
    """
    width = max(len(upper), len(lower))
    top = [*map(str.strip, upper), *[""] * (width - len(upper))]
    low = [*map(str.strip, lower), *[""] * (width - len(lower))]
    while width and not top[width - 1] and not low[width - 1]:
        width -= 1
    starts = [at for at in range(width) if top[at]]
    if len(starts) < 2 or any(_is_title(cell) for cell in top):
        return None
    names = low[: starts[0]]
    groups = 0
    for start, end in pairwise([*starts, width]):
        below = low[start:end]
        if all(below):
            names += [top[start] + JOINT + cell for cell in below]
            groups += end - start > 1
        elif end - start == 1:
            names.append(top[start])
        else:
            return None
    return names if groups else None


def _is_title(cell: str) -> bool:
    return len(cell) > NAME_CHARACTERS or ":" in cell or "：" in cell
