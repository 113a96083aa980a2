"""Open cases against the journal: a state that no recorded step has led to is found.

So is a document that reads otherwise than when it was filed, one that nobody filed, and an
attachment whose record was exchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from gongshu.procedures import procedure
from gongshu_server.cases import attachments, documents
from gongshu_server.cases.models import Case, Document
from gongshu_server.journal.models import Entry
from gongshu_server.journal.recording import genuine

AT_ONCE = 200


def differing() -> Iterator[str]:
    """Yield the id of each open case that is not as its recorded steps left it.

    That is its state, and the digest of each of its documents with the file that it carries.
    """
    rows = list(Case.objects.filter(closed_at=None))
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        states, filed = _recorded({case.subject_id for case in some})
        altered = _altered([case.pk for case in some], filed)
        for case in some:
            moved = case.state != states.get(case.pk, procedure(case.procedure).initial)
            if moved or case.pk in altered:
                yield case.pk


def _altered(cases: list[str], filed: dict[str, str]) -> set[str]:
    """Return the cases with a document that is not what its entry says; two queries."""
    rows = list(Document.objects.filter(case_id__in=cases))
    carried = attachments.of_documents([row.pk for row in rows])
    return {
        row.case_id
        for row in rows
        if filed.get(row.pk) != row.digest
        or documents.digest_of(row, carried.get(row.pk)) != row.digest
    }


def _recorded(subjects: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return by case the state that its last step led to, and by document the digest it had."""
    states: dict[str, str] = {}
    filed: dict[str, str] = {}
    entries = Entry.objects.filter(subject_id__in=subjects, outcome="done").order_by("sequence")
    for entry in entries.iterator():
        if entry.body is None or not genuine(entry):
            continue
        said = json.loads(entry.body)["details"]
        if "transition" in said and "to" in said:
            states[said["case"]] = said["to"]
        filed |= {one["id"]: one["digest"] for one in said.get("documents", ()) if "id" in one}
    return states, filed
