"""Counters of processes: each counts for itself, the sum never goes down, and it costs nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gongshu_server import counters
from gongshu_server.counters import BOUNDS, Counters, totals

# The budget is 1 µs; twice that, for a machine that does other things, still rules out any lock.
PER_CALL = 2e-6


def of(home: Path, outcome: str, form: str = "verification") -> int:
    return next(n for o, f, n in totals(home).calls() if (o, f) == (outcome, form))


def durations(home: Path, group: str) -> tuple[list[int], float]:
    return next((classes, s) for g, classes, s in totals(home).durations() if g == group)


def test_nothing_was_counted_before_anything_runs(tmp_path: Path) -> None:
    assert not any(totals(tmp_path).numbers.values())


def test_calls_of_two_processes_add_up_and_survive_them(tmp_path: Path) -> None:
    mine = Counters(tmp_path)
    mine.call("verification", 200, 0.002)
    child = os.fork()
    if child == 0:
        theirs = Counters(tmp_path)
        theirs.call("verification", 200, 0.3)
        theirs.call("dataset", 429, 0.3)
        os._exit(0)  # As a killed process: nothing is closed.
    os.waitpid(child, 0)
    assert (of(tmp_path, "allowed"), of(tmp_path, "quota", "dataset")) == (2, 1)
    classes, seconds = durations(tmp_path, "product")
    assert (sum(classes), classes[BOUNDS.index(0.0025)]) == (3, 1)
    assert seconds == pytest.approx(0.602)
    Counters(tmp_path).close()
    Counters(tmp_path).close()
    assert of(tmp_path, "allowed") == 2
    assert len([p for p in (tmp_path / "counters").iterdir() if p.suffix != ".lock"]) <= 3
    mine.close()
    assert of(tmp_path, "allowed") == 2


@pytest.mark.parametrize("seconds", [0.0, *BOUNDS, 11.0])
def test_a_duration_is_in_the_class_that_its_bound_ends(tmp_path: Path, seconds: float) -> None:
    mine = Counters(tmp_path)
    mine.request("api", seconds)
    classes, _ = durations(tmp_path, "api")
    within = classes.index(1)
    assert within == len(BOUNDS) or seconds <= BOUNDS[within]
    assert within == 0 or seconds > BOUNDS[within - 1]
    mine.close()


def test_only_a_running_process_is_confirmed(tmp_path: Path) -> None:
    mine = Counters(tmp_path)
    assert totals(tmp_path).confirmed == ()
    mine.confirm()
    (ago,) = totals(tmp_path).confirmed
    assert 0 <= ago < 5
    mine.close()
    assert totals(tmp_path).confirmed == ()


def test_counters_of_another_version_are_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Counters(tmp_path)
    mine.event("job_failed")
    mine.close()
    Counters(tmp_path).close()
    monkeypatch.setattr(counters, "_MEANING", 7)
    assert not any(totals(tmp_path).numbers.values())
    other = Counters(tmp_path)
    other.event("job_failed")
    assert totals(tmp_path).numbers["event/job_failed"] == 1
    other.close()


def test_to_count_a_call_costs_about_nothing(tmp_path: Path) -> None:
    """The best of several rounds: what else the machine does is not what is measured."""
    from time import perf_counter

    mine = Counters(tmp_path)
    rounds = []
    for _ in range(30):
        started = perf_counter()
        for _ in range(2_000):
            begun = perf_counter()
            mine.call("verification", 200, perf_counter() - begun)
        rounds.append((perf_counter() - started) / 2_000)
    mine.close()
    print(f"best {min(rounds) * 1e9:.0f} ns a call")
    assert min(rounds) < PER_CALL
