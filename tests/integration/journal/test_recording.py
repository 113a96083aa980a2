"""Entries: in the transaction of the change, numbered without a gap, in time that only goes on."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

import pytest
from django.db import transaction

from gongshu.ledger.commitments import commit
from gongshu.vocabulary.errors import Conflict, Invalid
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import TOLERANCE, Event, opening, record
from integration.city import City, events

EVENT = Event("organisation.renamed", ("organisation", "x"), "809-13", {"to": "甲"})


def test_an_entry_opens_to_what_was_recorded(city: City) -> None:
    recorded = record(EVENT, by=city.actor("bureau"), at=city.later())
    entry = Entry.objects.get(pk=recorded.entry)
    said = opening(entry)
    assert commit(said.kind, said.salt, said.body) == bytes(entry.commitment)
    body = json.loads(said.body)
    assert body["at"] == city.at.astimezone(UTC).isoformat()
    assert body["subject"] == ["organisation", "x"]
    assert (body["clause"], body["details"]) == ("809-13", {"to": "甲"})
    assert body["actor"] == city.actor("bureau").text_id


def test_two_equal_entries_have_nothing_in_common(city: City) -> None:
    """Each has a salt of its own, so that equal contents cannot be told from outside."""
    first, second = (record(EVENT, by=city.actor("bureau"), at=city.at) for _ in range(2))
    one, other = (Entry.objects.get(pk=r.entry) for r in (first, second))
    assert bytes(one.salt or b"") != bytes(other.salt or b"")
    assert bytes(one.commitment) != bytes(other.commitment)


def test_an_erased_entry_does_not_open(city: City) -> None:
    entry = Entry.objects.get(pk=record(EVENT, by=city.actor("bureau"), at=city.at).entry)
    entry.salt = entry.body = None
    entry.save()
    with pytest.raises(Conflict):
        opening(entry)


def test_an_unknown_event_is_a_defect(city: City) -> None:
    before = Head.objects.get(pk=1).sequence
    with pytest.raises(KeyError):
        record(Event("organisation.vanished", ("x", "x")), by=city.actor("bureau"), at=city.at)
    assert Head.objects.get(pk=1).sequence == before


def test_sequence_numbers_have_no_gap(city: City) -> None:
    for _ in range(3):
        record(EVENT, by=city.actor("bureau"), at=city.later())
    numbers = [entry.sequence for entry in events()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert Head.objects.get(pk=1).sequence == numbers[-1]


def test_a_clock_a_little_behind_is_set_to_the_head(city: City) -> None:
    """Two processes read their clocks before they queue for the head row."""
    record(EVENT, by=city.actor("bureau"), at=city.later())
    late = record(EVENT, by=city.actor("bureau"), at=city.at - TOLERANCE)
    assert late.at == city.at
    assert [e.at for e in events()] == sorted(e.at for e in events())


def test_journal_time_never_runs_backwards(city: City) -> None:
    record(EVENT, by=city.actor("bureau"), at=city.later())
    before = Head.objects.get(pk=1)
    with pytest.raises(Conflict) as caught:
        record(EVENT, by=city.actor("bureau"), at=city.at - TOLERANCE - timedelta(microseconds=1))
    assert caught.value.code == "time_runs_backwards"
    after = Head.objects.get(pk=1)
    assert (after.sequence, after.last_at) == (before.sequence, before.last_at)


@pytest.mark.django_db(transaction=True)
def test_an_entry_belongs_to_a_transaction(city: City) -> None:
    with pytest.raises(RuntimeError):
        record(EVENT, by=city.actor("bureau"), at=city.at)
    with transaction.atomic():
        record(EVENT, by=city.actor("bureau"), at=city.at)


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_its_number_back(city: City) -> None:
    before = Head.objects.get(pk=1).sequence
    with transaction.atomic():
        record(EVENT, by=city.actor("bureau"), at=city.later())
        transaction.set_rollback(True)
    assert Head.objects.get(pk=1).sequence == before
    with transaction.atomic():
        record(EVENT, by=city.actor("bureau"), at=city.later())
    assert Head.objects.get(pk=1).sequence == before + 1


def test_only_a_demo_moves_its_clock(city: City, demo_city: City) -> None:
    wanted = clock.now() + timedelta(days=40)
    clock.move_to(wanted)
    assert abs(clock.now() - wanted) < timedelta(seconds=5)
    Head.objects.update(demo=False, clock_offset=0)
    with pytest.raises(Invalid):
        clock.move_to(wanted)
    assert clock.offset() == timedelta(0)


def test_the_demo_clock_stays_after_the_last_entry(demo_city: City) -> None:
    record(EVENT, by=demo_city.actor("bureau"), at=demo_city.later())
    with pytest.raises(Invalid) as caught:
        clock.move_to(demo_city.at - timedelta(seconds=1))
    assert caught.value.code == "time_runs_backwards"
