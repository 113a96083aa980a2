"""The effects table: what is granted by which event, and that it ends with its case."""

from __future__ import annotations

import json

import pytest

from gongshu.procedures import all_procedures
from gongshu.vocabulary.events import EVENTS
from gongshu_server.cases.models import Case
from gongshu_server.journeys.effects import EFFECTS
from gongshu_server.usage.actions import GRANTING_STATES
from gongshu_server.usage.models import GrantRow
from integration.city import City, events, published
from integration.market.test_orders import accepted
from integration.market.test_prices import on_trial


def test_whatever_yields_grants_has_an_event_that_ends_them() -> None:
    """No procedure that grants has a terminal state that is reached without an effect."""
    ends = {"end_case_grants", "end_resource_grants"}
    for table in all_procedures():
        if table.code not in GRANTING_STATES:
            continue
        granting = GRANTING_STATES[table.code]
        for step in table.transitions:
            leaves = bool(granting & set(step.source)) and step.target in table.terminal - granting
            if leaves:
                names = {effect.__name__ for effect in EFFECTS.get(step.event, ())}
                assert names & ends, f"{table.code}.{step.name} leaves its grants alive"


@pytest.mark.parametrize("procedure", sorted(GRANTING_STATES))
def test_granting_states_are_states(procedure: str) -> None:
    (table,) = (t for t in all_procedures() if t.code == procedure)
    assert GRANTING_STATES[procedure] <= set(table.states)


def test_every_grant_of_the_city_names_its_case_and_a_clause(city: City) -> None:
    """Law 1 and 2: no grant without a case, and each rests on a clause."""
    published(city)
    accepted(city, on_trial(city), price="0.50")
    rows = list(GrantRow.objects.all())
    assert len(rows) >= 4
    for row in rows:
        case = Case.objects.get(pk=row.case)
        assert case.state in GRANTING_STATES[case.procedure]
        assert json.loads(row.body)["clause"]


def test_every_entry_of_the_city_is_in_the_vocabulary(city: City) -> None:
    accepted(city, on_trial(city), price="0.50")
    assert {entry.event for entry in events()} <= set(EVENTS)
