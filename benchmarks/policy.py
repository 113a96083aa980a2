"""Decisions per second in one process, allowed and refused, at 1, 1,000 and 100,000 grants.

Each grant has its own grantee; every second one has a quota and earlier spending, as orders do and
sharing grants do not. Grantees are drawn uniformly, so nothing about a use is in the processor's
cache beforehand; uses are made afresh, in batches outside the clock, as requests would bring them.
The sizes take turns, and the ratio of two sizes is the median over the turns, so that what else
the machine does weighs on both alike.

Between the sizes no step of a decision differs; what differs is where its data lie. A decision at
100,000 grants looks at about eight places in memory that no earlier decision has touched: two of
the table of the object's grantees, the grantee's name, the entitlement, its id, two of the table
of spending, the answer. Each costs what the third-level cache or memory takes: with terms kept once
and one grant found by one name there are fewer, and 100,000 grants became a tenth quicker, measured
in turns with the layout before.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from gongshu.policy import Grant, GrantIndex, Quota, Use, decide

SIZES = (1, 1_000, 100_000)
RESOURCES = 500
BATCH = 1_000
BATCHES = 40
ROUNDS = 15
AT = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
ITEMS = ("企业名称", "统一社会信用代码", "许可证号", "许可范围", "发证日期", "有效期至", "所属区划")

ASKED = {"allowed": ITEMS[:3], "refused": (*ITEMS[:3], "法定代表人证件号码")}


def measure() -> dict[str, float]:
    """Return decisions per second by name, best of `ROUNDS`, and the ratio of largest to one."""
    worlds = {size: world(size) for size in SIZES}
    rates: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for kind, items in ASKED.items():
        rounds = [
            {size: _rate(*worlds[size], size, items) for size in SIZES} for _ in range(ROUNDS)
        ]
        rates |= {f"{kind}, {size:,} grants": max(r[size] for r in rounds) for size in SIZES}
        ratios[f"{kind}, rate at {SIZES[-1]:,} / rate at 1"] = statistics.median(
            one[SIZES[-1]] / one[1] for one in rounds
        )
    return rates | ratios


def world(size: int) -> tuple[GrantIndex, dict[str, int]]:
    """Return an index of so many grants, and what was spent under those that have a quota."""
    index = GrantIndex.build(_grants(size))
    return index, {grant.id: 17 for grant in index if grant.quota}


def _grants(count: int) -> Iterator[Grant]:
    for number in range(count):
        yield Grant(
            id=f"grant-{number}",
            grantee=f"organisation-{number}",
            object=f"resource:{number % RESOURCES}",
            actions=frozenset({"query", "build", "export"}),
            items=frozenset((*ITEMS, f"指标{number % RESOURCES}")),
            purposes=frozenset({"industry", "sector"}),
            businesses=frozenset({"resource_development"}),
            regions=frozenset({"3301", "3302"}),
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            valid_until=datetime(2027, 1, 1, tzinfo=UTC),
            quota=Quota(1_000_000, "total") if number % 2 else None,
            minimum=10,
            max_rows=5_000,
            subject_authorisation=False,
            undertakings=(),
            clause="27-14",
            clauses={"items": "27-21"},
            case=f"case-{number}",
            parent=None,
            scenario="scenario-1",
        )


def uses(size: int, items: tuple[str, ...]) -> list[Use]:
    """Return a batch of uses by random grantees, all of them within their grants but `items`."""
    made = []
    for _ in range(BATCH):
        number = random.randrange(size)
        made.append(
            Use(
                party=f"organisation-{number}",
                object=f"resource:{number % RESOURCES}",
                action="query",
                items=frozenset(items),
                purpose="industry",
                business="resource_development",
                region="330106",
                at=AT,
                minimum=10,
                rows=1_000,
                scenario="scenario-1",
            )
        )
    return made


def _rate(index: GrantIndex, spent: dict[str, int], size: int, items: tuple[str, ...]) -> float:
    seconds = 0.0
    for _ in range(BATCHES):
        asked = uses(size, items)
        started = time.perf_counter()
        for use in asked:
            decide(index, use, spent)
        seconds += time.perf_counter() - started
    return BATCH * BATCHES / seconds


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:40} {figure:>12,.2f}")
