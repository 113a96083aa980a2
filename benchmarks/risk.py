"""Re-identification risk of a generated table, seconds: one run each, pyCANON beside it.

The table has ten columns as in a register of residents. pyCANON runs in an environment of its own,
because its pins are not ours; its time begins when the rows are in its data frame, ours when they
are in memory as Arrow. `GONGSHU_RISK_ROWS` makes the table smaller while developing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gongshu import risk

ROWS = int(os.environ.get("GONGSHU_RISK_ROWS", "10000000"))
QUASI = ["gender", "birth_year", "district", "occupation", "education"]
SENSITIVE = "diagnosis"
PEER = "pycanon==1.3.6"
PEER_SECONDS = 1_800
ASK_PEER = """
import sys, time
import pandas as pd
from pycanon import anonymity
table = pd.read_parquet(sys.argv[1])
start = time.perf_counter()
k = anonymity.k_anonymity(table, sys.argv[2].split(","))
print(k, time.perf_counter() - start)
"""


def measure() -> dict[str, float]:
    """Return seconds and ratios by name."""
    rows = residents(ROWS)
    k_alone, sizes = _timed(lambda: risk.class_sizes(rows, QUASI))

    def all_three() -> object:
        risk.class_sizes(rows, QUASI)
        return risk.measure_diversity(risk.count_cells(rows, QUASI, SENSITIVE))

    together, _ = _timed(all_three)
    figures = {
        "rows": float(ROWS),
        "k over 5 quasi-identifiers, s": k_alone,
        "k, l and t, s": together,
        "k, l and t / k alone (at most 5)": together / k_alone,
    }
    figures |= _combinations(rows)
    with tempfile.TemporaryDirectory() as home:
        peer = _peer_k(Path(home), rows, sizes.k)
    if peer is not None:
        figures[f"对照：{PEER} k, s"] = peer
        figures["pyCANON / ours (at least 60)"] = peer / k_alone
    return figures


def _combinations(rows: pa.Table) -> dict[str, float]:
    """Screen all 255 sets of the first eight columns; group every twelfth set by itself beside it.

    The peer's seconds are those of its 22 sets times 255/22; the error is that of the estimates of
    unique rows among these sets, where more than 0.1 % of the rows are unique.
    """
    seconds, sets = _timed(lambda: risk.screen(rows, rows.column_names[:8]))
    errors, spent, grouped = [], 0.0, sets[::12]
    for one in grouped:
        taken, exact = _timed(lambda one=one: risk.class_sizes(rows, one.columns))
        spent += taken
        if exact.uniques > ROWS / 1_000:
            errors.append(abs(one.uniques / exact.uniques - 1))
    separate = spent * len(sets) / len(grouped)
    return {
        "all 255 combinations, s": seconds,
        "对照：255 separate GROUP BYs, extrapolated from 22, s": separate,
        "separate / screened (at least 30)": separate / seconds,
        "combinations counted exactly": float(sum(one.exact for one in sets)),
        "error of unique rows, p95, % (at most 3)": float(np.percentile(errors or [0], 95)) * 100,
    }


def residents(rows: int, seed: int = 7) -> pa.Table:
    """Make a table of residents: skewed districts, occupations and diagnoses."""
    draw = np.random.default_rng(seed)

    def texts(name: str, codes: np.ndarray, many: int) -> pa.Array:
        words = pa.array([f"{name}{at:03d}" for at in range(many)])
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words).cast(pa.string())

    def skewed(name: str, many: int) -> pa.Array:
        weight = 1 / np.arange(1, many + 1)
        return texts(name, draw.choice(many, rows, p=weight / weight.sum()), many)

    def even(name: str, many: int) -> pa.Array:
        return texts(name, draw.integers(0, many, rows), many)

    district = np.minimum(draw.exponential(25, rows).astype(np.int32), 119)
    return pa.table(
        {
            "gender": even("性别", 2),
            "birth_year": pa.array(draw.integers(1930, 2020, rows).astype(np.int16)),
            "district": texts("区县", district, 120),
            "occupation": skewed("职业", 48),
            "education": even("学历", 8),
            "marital": even("婚姻", 4),
            "ethnic": skewed("民族", 56),
            "household": pa.array(draw.integers(1, 9, rows).astype(np.int16)),
            "diagnosis": skewed("诊断", 300),
        }
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def _peer_k(home: Path, rows: pa.Table, k: int) -> float | None:
    """Return pyCANON's seconds for the same k, None when it cannot be installed here."""
    try:
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        python = home / "venv" / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", PEER, "pyarrow"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError):
        return None
    pq.write_table(rows.select(QUASI), home / "rows.parquet")
    asked = [python, "-c", ASK_PEER, home / "rows.parquet", ",".join(QUASI)]
    said = subprocess.run(
        asked, check=True, capture_output=True, text=True, timeout=PEER_SECONDS
    ).stdout.split()
    if int(said[-2]) != k:
        raise RuntimeError(f"pyCANON finds k = {said[-2]}, we find {k}")
    return float(said[-1])


if __name__ == "__main__":
    for figure, amount in measure().items():
        print(f"{figure}: {amount:,.2f}")
