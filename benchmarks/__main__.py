"""`make bench`: every figure in one run, each with its peer, one measurement at a time."""

from __future__ import annotations

import os
import platform
import time

from benchmarks import (
    cleanroom,
    clicks,
    delivery,
    ledger,
    pages,
    policy,
    profile,
    risk,
    second_evaluator,
    story,
)

PARTS = (
    ("判定 decisions", policy),
    ("判定，Cedar 复核 decisions beside Cedar", second_evaluator),
    ("存证 ledger", ledger),
    ("加工 clean room", cleanroom),
    ("交付 delivery", delivery),
    ("探查 profile", profile),
    ("故事 story", story),
    ("页面 pages", pages),
    ("导入时的点击 clicks during an import", clicks),
    # Last: its peer takes longest, a minute and a half for ten million rows.
    ("风险 risk", risk),
)


def main() -> None:
    """Run all parts and print their figures as one table."""
    load = os.getloadavg()[0]
    print(f"{platform.platform()}  {os.cpu_count()} 核  负载 {load:.1f}")
    for title, part in PARTS:
        started = time.perf_counter()
        print(f"\n{title}")
        for name, figure in part.measure().items():
            print(f"  {name:<72} {figure:>14,.2f}", flush=True)
        print(f"  （用时 {time.perf_counter() - started:.0f} 秒）")


if __name__ == "__main__":
    main()
