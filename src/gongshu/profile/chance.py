"""What chance does not explain: so many that pass a check, or numbers that were counted out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# A table is tested some two hundred times (columns × detectors); about one in fifty tables may
# show a false finding at this bound.
_BY_CHANCE: Final = 1e-4


def more_than_chance(passed: int, hits: int, baseline: float) -> bool:
    """Tell whether so many passes have a probability below 1e-4 when values are random.

    Uses the Chernoff bound exp(−n·KL(rate, baseline)), which never understates chance.
    """
    if passed == 0 or passed <= hits * baseline:
        return False
    rate = passed / hits
    divergence = rate * math.log(rate / baseline)
    if rate < 1:
        divergence += (1 - rate) * math.log((1 - rate) / (1 - baseline))
    return hits * divergence > -math.log(_BY_CHANCE)


def consecutive(numbers: Sequence[str]) -> bool:
    """Tell whether numbers were given out one after the other: serials, not subscribers.

    Ten or more different ones that lie within twenty times their count; subscribers' numbers are
    spread over a hundred million.
    """
    different = {int(number) for number in numbers}
    if len(different) < 10:
        return False
    return max(different) - min(different) < 20 * len(different)
