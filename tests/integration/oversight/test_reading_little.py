"""Lists and sums find what they show by an index, however much the years have left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet, Sum

from gongshu_server.cases import queries as cases
from gongshu_server.cases.models import RUNNING, Case, Clock, Step
from gongshu_server.journal.models import Entry
from gongshu_server.oversight import entries
from gongshu_server.oversight.entries import Sought
from gongshu_server.usage.models import Metered
from integration.city import START, City

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plans(db: None) -> Iterator[None]:
    """Let PostgreSQL show which index it could use: of an empty table it would read everything."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
    yield
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")


def reads_all(rows: QuerySet) -> bool:
    """Tell whether the database would read a table, or an index, from end to end."""
    plan = rows.explain()
    return any(sign in plan for sign in ("SCAN ", "Seq Scan"))


@pytest.mark.parametrize(
    "sought",
    [
        Sought(event="catalogue.filed"),
        Sought(outcome="refused"),
        Sought(clause="809-13"),
        Sought(subject="nothing"),
        Sought(organisation="nobody"),
        Sought(since=START),
        Sought(until=START),
    ],
)
def test_entries_are_found_by_whatever_is_looked_for(
    city: City, plans: None, sought: Sought
) -> None:
    by = city.actor("audit", "auditor")
    assert not reads_all(entries.searched(sought, by=by).order_by("-pk")[:31])


def test_the_entries_of_a_period_are_those_of_its_time(city: City) -> None:
    by = city.actor("audit", "auditor")
    times = list(Entry.objects.order_by("pk").values_list("at", flat=True))
    first, last = times[0], times[-1]
    assert entries.searched(Sought(since=first), by=by).count() == len(times)
    assert not entries.searched(Sought(until=first), by=by).exists()
    after = last + timedelta(microseconds=1)
    assert entries.searched(Sought(until=after), by=by).count() == len(times)
    assert not entries.searched(Sought(since=after), by=by).exists()
    long_ago = START.replace(year=1900)
    assert entries.searched(Sought(since=long_ago), by=by).count() == len(times)


def test_an_organisation_finds_its_cases_from_its_own_side(city: City, plans: None) -> None:
    by = city.actor("emergency")
    rows = cases.cases(by=by)
    # Which index PostgreSQL takes of so few rows hangs on when it last counted them.
    if connection.vendor == "postgresql":
        assert not reads_all(rows)
    else:
        assert "cases_party_cases" in rows.explain()
    assert set(rows) == set(Case.objects.visible_to(by))


def test_steps_sums_and_running_limits_have_indexes_of_their_own(plans: None, db: None) -> None:
    assert not reads_all(Step.objects.filter(entry__in=["a", "b"]))
    uses = Metered.objects.filter(product__in=["a", "b"]).values("product")
    assert not reads_all(uses.annotate(n=Sum("allowed")).order_by())
    amounts = Metered.objects.filter(grant__in=["a"], day__gte=START.date()).values("grant")
    assert not reads_all(amounts.annotate(n=Sum("amount")).order_by())
    late = Clock.objects.filter(RUNNING, due__lte=START).order_by("due", "pk")
    assert not reads_all(late)
