"""Our decisions beside Cedar's: 100,000 random uses of random grants, judged by both.

The translation and the worlds are those of the tests (tests/unit/policy/cedar.py), which put fewer
pairs to both each time; a disagreement ends the measurement.

Then the rates of peers over the very grants of `benchmarks.policy`: Cedar with its policies parsed
for each batch of requests (its binding offers nothing else), casbin in an environment of its own,
with its fast enforcer keyed on object and action. casbin is asked for party, object and action
alone: items, purposes, periods and quotas are no part of its model.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import policy

PAIRS = 100_000
SEED = 20260901
SIZES = (1, 1_000)
ASKED = 1_000
CASBIN = "pycasbin==2.8.0"
ASK_CASBIN = """
import json, random, sys, time
from casbin import FastEnforcer
from casbin.model import FastModel
model = FastModel([1, 2])
model.load_model_from_text(
    "[request_definition]\\nr = sub, obj, act\\n[policy_definition]\\np = sub, obj, act\\n"
    "[policy_effect]\\ne = some(where (p.eft == allow))\\n"
    "[matchers]\\nm = r.sub == p.sub && r.obj == p.obj && r.act == p.act\\n")
enforcer = FastEnforcer(model, cache_key_order=[1, 2])
rules = json.load(sys.stdin)
enforcer.add_policies(rules)
asked = [random.choice(rules) for _ in range(2000)]
assert all(enforcer.enforce(*one) for one in asked[:20])
started = time.perf_counter()
for one in asked:
    enforcer.enforce(*one)
print(len(asked) / (time.perf_counter() - started))
"""


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
        **{f"对照：Cedar, decisions/s at {size:,} grants": _cedar(cedar, size) for size in SIZES},
        **_casbin(),
    }


def _cedar(cedar: Any, size: int) -> float:
    grants, spent = policy.world(size)
    uses = policy.uses(size, policy.ASKED["allowed"])[:ASKED]
    requests = [cedar.request(use, {use.party: 0} | _spent_of(use, spent)) for use in uses]
    started = time.perf_counter()
    permitted = cedar.permitted_by(list(grants), requests)
    seconds = time.perf_counter() - started
    if not all(permitted):
        raise RuntimeError("Cedar refuses what the benchmark's grants allow")
    return len(requests) / seconds


def _spent_of(use: Any, spent: dict[str, int]) -> dict[str, int]:
    grant = use.party.replace("organisation", "grant")
    return {grant: spent[grant]} if grant in spent else {}


def _casbin() -> dict[str, float]:
    """Return casbin's rates, nothing when it cannot be installed here."""
    figures = {}
    with tempfile.TemporaryDirectory() as home:
        python = Path(home) / "venv" / "bin" / "python"
        try:
            subprocess.run([sys.executable, "-m", "venv", Path(home) / "venv"], check=True)
            install = [python, "-m", "pip", "install", "--quiet", CASBIN]
            subprocess.run(install, check=True, capture_output=True, timeout=600)
        except (OSError, subprocess.SubprocessError):
            return {}
        for size in SIZES:
            rules = [[g.grantee, g.object, "query"] for g in policy.world(size)[0]]
            said = subprocess.run(
                [python, "-c", ASK_CASBIN],
                input=json.dumps(rules),
                check=True,
                capture_output=True,
                text=True,
                timeout=600,
            )
            name = f"对照：{CASBIN}, fast enforcer, decisions/s at {size:,} grants"
            figures[name] = float(said.stdout)
    return figures


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:44} {figure:>12,.2f}")
