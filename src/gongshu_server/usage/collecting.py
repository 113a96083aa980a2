"""Closed use segments into ledger and meters: one entry for each segment, counts for each grant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.conf import settings

from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor
from gongshu_server.usage import actions, segments
from gongshu_server.usage.actions import Counted
from gongshu_server.usage.models import Segment
from gongshu_server.usage.records import Record


def collect(*, by: Actor, at: datetime) -> int:
    """Take in every closed segment that the ledger does not know yet; return how many.

    The files stay: they hold salts and bodies, from which receipts are made. Raises SegmentFault
    for a segment that was changed after it was closed, when all the others are taken in.
    """
    paths = {path.stem: path for path in segments.closed(Path(settings.HOME) / segments.USES)}
    known = set(Segment.objects.filter(pk__in=list(paths)).values_list("id", flat=True))
    fresh = [path for name, path in paths.items() if name not in known]
    faults = []
    for path in fresh:
        try:
            _take_in(path, by=by, at=at)
        except segments.SegmentFault as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return len(fresh)


def _take_in(path: Path, *, by: Actor, at: datetime) -> None:
    contents = segments.read(path)
    if contents.records:
        head = segments.tree(contents.name, contents.records).head
        actions.record_segment(head=head, counted=count(contents.records), by=by, at=at)


def pending(*, before: datetime) -> bool:
    """Tell whether uses from before the instant lie in a segment that is not in the ledger yet."""
    folder = Path(settings.HOME) / segments.USES
    paths = [*segments.closed(folder), *folder.glob(f"*{segments.OPEN}")]
    known = set(Segment.objects.filter(pk__in=[p.stem for p in paths]).values_list("id", flat=True))
    return any(path.stem not in known and _began(path, before) for path in paths)


def _began(path: Path, instant: datetime) -> bool:
    try:
        first = segments.first_use(path)
    except FileNotFoundError:
        return True  # Closed this moment, so not in the ledger yet.
    return first is not None and first < instant


def count(records: Iterable[Record]) -> list[Counted]:
    """Return what each grant used on each day (of Beijing time) over the records."""
    allowed: Counter[tuple[str, str, str, str]] = Counter()
    refused: Counter[tuple[str, str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str, str]] = Counter()
    for record in records:
        body = record.body
        local = datetime.fromisoformat(body["at"]).astimezone(SHANGHAI)
        key = (body["grant"] or "", body["product"], body["party"], local.date().isoformat())
        if body["outcome"] == "allowed":
            allowed[key] += 1
            amounts[key] += body["amount"]
        else:
            refused[key] += 1
    return [
        Counted(
            grant=key[0],
            product=key[1],
            party=key[2],
            day=datetime.fromisoformat(key[3]).date(),
            allowed=allowed[key],
            refused=refused[key],
            amount=amounts[key],
        )
        for key in sorted(allowed.keys() | refused.keys())
    ]
