"""The small rules beside the tables: validity of a registration, opinions of providers."""

from __future__ import annotations

from datetime import datetime

import pytest

from gongshu.procedures import agreement, operation_plan, registration, scenario_application
from gongshu.vocabulary.errors import Invalid
from gongshu.workflow.limits import SHANGHAI


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.clause("26-15")
def test_a_registration_is_valid_for_three_years_from_its_code() -> None:
    assert registration.valid_until(code_at=at("2025-06-01T15:00")) == at("2028-06-01T00:00")


@pytest.mark.clause("26-15")
def test_a_shorter_operating_term_bounds_the_validity_and_a_longer_one_does_not() -> None:
    code_at = at("2025-06-01T15:00")
    shorter, longer = at("2027-01-01T00:00"), at("2030-01-01T00:00")
    assert registration.valid_until(code_at=code_at, operating_until=shorter) == shorter
    assert registration.valid_until(code_at=code_at, operating_until=longer) == at(
        "2028-06-01T00:00"
    )


@pytest.mark.clause("26-9")
def test_the_seven_groups_are_documents_asked_for_at_acceptance() -> None:
    table = registration.PROCEDURE
    assert len(registration.MATERIALS) == 7
    assert table.transition("accept").documents == registration.MATERIALS
    # Incomplete materials lead to the one-time list, so they must not stop the application.
    assert not set(table.transition("submit").documents) & set(registration.MATERIALS)


@pytest.mark.clause("27-9", "27-14")
def test_twelve_items_of_a_plan_and_thirteen_of_an_agreement() -> None:
    assert len(operation_plan.MANDATORY_ITEMS) == 12
    assert len(agreement.MANDATORY_ITEMS) == 13


PROVIDERS = {"o1": "应急管理局", "o2": "税务局", "o3": "人社局"}


@pytest.mark.clause("27-5")
def test_every_provider_must_agree() -> None:
    scenario_application.check_opinions(
        providers=PROVIDERS, opinions=dict.fromkeys(PROVIDERS, True)
    )


@pytest.mark.clause("27-5")
def test_missing_and_refusing_providers_are_all_named() -> None:
    with pytest.raises(Invalid) as refused:
        scenario_application.check_opinions(
            providers=PROVIDERS, opinions={"o1": False, "o2": True, "stranger": True}
        )
    assert refused.value.clause == "27-5"
    assert refused.value.details == ("人社局", "应急管理局")
    assert "税务局" not in refused.value.sentence
