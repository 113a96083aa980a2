"""A second confirmation forgets nothing, and every value that a decision rests on is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu_server.cases.models import Step
from gongshu_server.catalogue import actions
from gongshu_server.catalogue.actions import Confirmation
from gongshu_server.catalogue.models import Item
from integration.city import City, details, events, refused, reviewed, version, versioned


def confirmed(city: City) -> Any:
    """Return an entry, one item of which a person has found graver than the machine did."""
    resource = reviewed(city)
    versioned(city, resource)
    grave = Confirmation(
        level="important", grade=4, identifier="direct", subject="person", category="监管"
    )
    said = {"许可状态": grave}
    city.do(actions.confirm_levels, "emergency", resource_id=resource.pk, confirmations=said)
    return resource


def test_saying_nothing_again_does_not_undo_what_was_said(city: City) -> None:
    resource = confirmed(city)
    again: dict[str, Confirmation] = {}
    city.do(actions.confirm_levels, "emergency", resource_id=resource.pk, confirmations=again)
    item = Item.objects.get(resource=resource, name="许可状态")
    assert (item.level, item.grade) == ("important", 4)
    assert (item.identifier, item.subject, item.category) == ("direct", "person", "监管")


def test_a_graver_proposal_counts_when_nothing_is_said(city: City) -> None:
    resource = confirmed(city)
    made = version(number=2)
    for column in made.profile["columns"]:
        column["proposal"] |= {"grade": 3, "identifier": "quasi"}
    versioned(city, resource, made)
    again: dict[str, Confirmation] = {}
    city.do(actions.confirm_levels, "emergency", resource_id=resource.pk, confirmations=again)
    other = Item.objects.get(resource=resource, name="统一社会信用代码")
    assert (other.grade, other.identifier) == (3, "quasi")


def test_a_person_may_find_it_lighter_by_saying_so(city: City) -> None:
    resource = confirmed(city)
    light = {"许可状态": Confirmation("", "general", 1, "other", "enterprise")}
    city.do(actions.confirm_levels, "emergency", resource_id=resource.pk, confirmations=light)
    assert Item.objects.get(resource=resource, name="许可状态").grade == 1


@pytest.mark.parametrize(
    "lighter", [Confirmation(grade=2), Confirmation(identifier="other"), Confirmation(grade=1)]
)
def test_less_than_the_machine_proposes_needs_a_reason(city: City, lighter: Confirmation) -> None:
    """The reason stands in the way of the case; graver or the same needs none."""
    resource = confirmed(city)
    made = version(number=2)
    for column in made.profile["columns"]:
        column["proposal"] |= {"grade": 3, "identifier": "quasi"}
    versioned(city, resource, made)
    name = "统一社会信用代码"
    said = {"resource_id": resource.pk, "confirmations": {name: lighter}}
    error = refused(
        city, actions.confirm_levels, "emergency", "reason_required", **said, reason=" "
    )
    assert name in error.sentence
    graver = {"resource_id": resource.pk, "confirmations": {name: Confirmation(grade=4)}}
    city.do(actions.confirm_levels, "emergency", **graver)
    why = "该项已在企业信用公示系统公开。"
    city.do(actions.confirm_levels, "emergency", **said, reason=why)
    assert Step.objects.filter(case_id=resource.case).latest("id").reason == why


def test_the_entry_holds_every_value(city: City) -> None:
    resource = confirmed(city)
    said = details(events("catalogue.levels_confirmed")[-1])["items"]
    for item in Item.objects.filter(resource=resource):
        assert said[item.name] == {
            "category": item.category,
            "level": item.level,
            "grade": item.grade,
            "identifier": item.identifier,
            "subject": item.subject,
            "lattice": item.lattice,
        }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"level": "secret"}, "级别"),
        ({"grade": 5}, "1至4级"),
        ({"grade": 0}, "1至4级"),
        ({"identifier": "x"}, "标识类型"),
        ({"subject": "x"}, "对象"),
        ({"lattice": {"kind": "x"}}, "比较边界"),
        ({"lattice": {"kind": "number-bands", "edges": ["many"]}}, "比较边界"),
        ({"lattice": {"kind": "values"}}, "比较边界"),
    ],
)
def test_values_that_do_not_exist(city: City, wrong: dict[str, Any], says: str) -> None:
    """Otherwise every later verdict over the resource would fail."""
    resource = reviewed(city)
    versioned(city, resource)
    error = refused(
        city,
        actions.confirm_levels,
        "emergency",
        "invalid_levels",
        resource_id=resource.pk,
        confirmations={"许可状态": Confirmation(**wrong)},
    )
    assert says in error.sentence and "许可状态" in error.sentence
