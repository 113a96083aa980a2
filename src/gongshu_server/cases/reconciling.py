"""Open cases against the journal: a state that no recorded step has led to is found."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gongshu.procedures import procedure
from gongshu_server.cases.models import Case
from gongshu_server.journal.models import Entry
from gongshu_server.journal.recording import genuine

AT_ONCE = 200


def differing() -> Iterator[str]:
    """Yield the id of each open case whose state is not the one its last recorded step left."""
    rows = list(Case.objects.filter(closed_at=None))
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        states = _recorded({case.subject_id for case in some})
        for case in some:
            if case.state != states.get(case.pk, procedure(case.procedure).initial):
                yield case.pk


def _recorded(subjects: set[str]) -> dict[str, str]:
    """Return by case the state that its last step led to, for the cases of these subjects."""
    states: dict[str, str] = {}
    entries = Entry.objects.filter(subject_id__in=subjects, outcome="done").order_by("sequence")
    for entry in entries.iterator():
        if entry.body is None or not genuine(entry):
            continue
        said = json.loads(entry.body)["details"]
        if "transition" in said and "to" in said:
            states[said["case"]] = said["to"]
    return states
