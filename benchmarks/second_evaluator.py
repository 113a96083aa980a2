"""Our decisions beside Cedar's: 100,000 random uses of random grants, judged by both.

The translation and the worlds are those of the tests (tests/unit/policy/cedar.py), which put fewer
pairs to both each time; a disagreement ends the measurement.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

PAIRS = 100_000
SEED = 20260901


def measure() -> dict[str, float]:
    """Return how many pairs were judged, allowed and apart, and the seconds for both."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from unit.policy import cedar

    started = time.perf_counter()
    tally = cedar.compare(SEED, PAIRS)
    if tally.disagreements:
        raise SystemExit(f"Cedar disagrees about {len(tally.disagreements)} of {tally.pairs} uses")
    return {
        "grant/use pairs judged by us and by Cedar": tally.pairs,
        "of these allowed by both": tally.allowed,
        "disagreements": len(tally.disagreements),
        "seconds for both": time.perf_counter() - started,
    }


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:44} {figure:>12,.2f}")
