"""The node's numbers in the form that Prometheus reads.

Made anew at each reading from the counters in shared memory and the node's condition, so that all
serving processes answer the same. No label names a party, a person or a product.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gongshu_server import counters
from gongshu_server.upkeep.condition import Condition, condition

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
GAUGES: Final = {
    "alarms_open": "Alarms that nobody has closed.",
    "backup_seconds": "Since the last backup was taken.",
    "cases_overdue": "Cases with a limit that has passed.",
    "disk_bytes": "Size of the disk with the node's folder.",
    "disk_free_bytes": "Of that, what is free.",
    "entries": "Entries of the journal.",
    "epoch_seconds": "Since the slowest serving process last confirmed its grants.",
    "ledger_entries": "Entries of the ledger that are signed.",
    "queue_seconds": "How long the oldest waiting task has waited.",
    "queued_tasks": "Tasks that wait for a worker.",
    "quota_blocks": "Blocks of quota that serving processes hold.",
    "quota_units_reserved": "Units in these blocks.",
    "running_tasks": "Tasks in work.",
    "serving_processes": "Serving processes.",
    "uncollected_segments": "Closed segments of uses that the ledger has not taken in.",
    "unsealed_entries": "Entries that wait for their signature.",
    "unsealed_seconds": "How long the oldest of them has waited.",
    "workers": "Worker processes.",
}


class _Reading(Collector):
    """One reading of everything."""

    def __init__(self, seen: Condition, counted: counters.Totals) -> None:
        self._seen, self._counted = seen, counted

    def collect(self) -> Iterator[Metric]:
        """Yield every family of numbers."""
        ready = GaugeMetricFamily("gongshu_ready", "Whether a check holds.", labels=["check"])
        for check in self._seen.checks:
            ready.add_metric([check.code], float(check.ok))
        yield ready
        for name, number in sorted(self._seen.numbers.items()):
            yield GaugeMetricFamily(f"gongshu_{name}", GAUGES[name], value=number)
        calls = CounterMetricFamily(
            "gongshu_calls", "Calls to products, by how they ended.", labels=["outcome", "form"]
        )
        for outcome, form, count in self._counted.calls():
            calls.add_metric([outcome, form], count)
        yield calls
        failures = CounterMetricFamily(
            "gongshu_worker_failures", "Work of the worker that failed.", labels=["kind"]
        )
        for name in counters.EVENTS:
            failures.add_metric([name], self._counted.numbers[f"event/{name}"])
        yield failures
        yield self._durations()

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "gongshu_request_seconds", "How long requests took, by group.", labels=["group"]
        )
        for group, classes, seconds in self._counted.durations():
            buckets, below = [], 0
            for bound, count in zip([*map(str, counters.BOUNDS), "+Inf"], classes, strict=True):
                below += count
                buckets.append((bound, float(below)))
            family.add_metric([group], buckets=buckets, sum_value=seconds)
        return family


def exposition(*, at: datetime, machine: datetime) -> bytes:
    """Return all numbers as Prometheus reads them; `at` is the node's time, `machine` real time."""
    registry = CollectorRegistry(auto_describe=False)
    seen = condition(at=at, machine=machine)
    registry.register(_Reading(seen, counters.totals(Path(settings.HOME))))
    return generate_latest(registry)
