"""Which actions the door offers, and what it lets through to them."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.procedures import procedure
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.api import steps
from gongshu_server.journal.models import Entry
from gongshu_server.journeys.actions import ACTIONS
from integration.api.clients import key
from integration.api.test_api import ENTRY, Caller
from integration.city import City

pytestmark = pytest.mark.django_db(transaction=True)


def test_steps_of_the_node_alone_are_not_offered() -> None:
    performed: dict[str, set[frozenset[str]]] = {}
    for (code, step), action in ACTIONS.items():
        permission = procedure(code).transition(step).permission
        performed.setdefault(action, set()).add(PERMISSIONS[permission].organisation_roles)
    for action, roles in performed.items():
        only_node = roles == {frozenset({"node"})}
        assert only_node == (action in steps.INTERNAL), action


def test_nothing_below_the_doors_is_offered() -> None:
    """What issues, moves or withdraws grants, opens items or records runs comes from effects."""
    never = {
        "usage.issue",
        "usage.use",
        "usage.move",
        "usage.withdraw",
        "usage.record_segment",
        "catalogue.mark_opened",
        "catalogue.mark_published_elsewhere",
        "catalogue.record_snapshot",
        "catalogue.receive",
        "cases.note_lights",
        "market.record_built",
        "workshop.start_run",
        "workshop.finish_run",
        "operation.expire_agreement",
        "workshop.open_votes",
    }
    assert not never & set(steps.names())


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        (
            "accounts.delegate",
            {"taker_id": "x", "until": "2030-01-01T00:00:00", "clause": "809-13"},
            "time_without_zone",
        ),
        ("accounts.issue_key", {"label": "a\x00b"}, "unfit_text"),
        (
            "catalogue.file_resource",
            {"entry": ENTRY | {"keeping_years": 10**20}, "authority": "BUREAU"},
            "does_not_fit",
        ),
    ],
)
def test_what_no_action_can_take_is_refused_in_words(
    city: City, name: str, body: dict[str, Any], code: str
) -> None:
    body = {k: city.org("bureau") if v == "BUREAU" else v for k, v in body.items()}
    reply = Caller(key(city, "water")).act(name, **body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


def test_what_does_not_fit_is_a_recorded_refusal(city: City) -> None:
    body = {"entry": ENTRY | {"keeping_years": 10**20}, "authority": city.org("bureau")}
    Caller(key(city, "water")).act("catalogue.file_resource", **body)
    last = Entry.objects.order_by("sequence").last()
    assert last is not None and (last.event, last.outcome) == ("denied", "refused")


def test_a_nested_time_needs_its_zone(city: City) -> None:
    request = {
        "purpose": "industry",
        "price": "0",
        "quota": 1,
        "valid_until": "2030-01-01T00:00:00",
        "undertaking": "x",
    }
    reply = Caller(key(city, "insurer")).act("market.place_order", product_id="p", request=request)
    assert reply.json()["code"] == "time_without_zone"
