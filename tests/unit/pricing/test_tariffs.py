"""Free by default; charged only with necessity, for industry use, under a guided price."""

from datetime import date
from decimal import Decimal

import pytest

from gongshu.pricing import (
    Necessity,
    Tariff,
    Unit,
    applicable,
    check_price,
    full_year_reached,
)
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.purposes import Purpose

D = Decimal
NECESSITY = Necessity("平台运行和数据治理需持续投入", "doc-1", date(2025, 6, 1))


def charged(price="0.50"):
    return Tariff(Unit.call, D(price), necessity=NECESSITY)


@pytest.mark.clause("opinions-6.3", "65-1")
def test_a_charge_without_a_statement_of_necessity_is_refused():
    with pytest.raises(Invalid, match="默认免费") as refusal:
        Tariff(Unit.call, D("0.50"))
    assert (refusal.value.code, refusal.value.clause) == ("no_necessity", "opinions-6.3")
    assert charged().price == D("0.50")
    assert Tariff(Unit.call, D(0), free=True).necessity is None


@pytest.mark.parametrize(("reasons", "document"), [("", "doc-1"), (" ", "doc-1"), ("需要", "")])
def test_a_blank_statement_is_none(reasons, document):
    with pytest.raises(Invalid) as refusal:
        Necessity(reasons, document, date(2025, 6, 1))
    assert refusal.value.code == "empty_necessity"


@pytest.mark.parametrize(("price", "free"), [("0.01", True), ("0", False)])
def test_free_means_zero_and_charged_means_more(price, free):
    with pytest.raises(Invalid) as refusal:
        Tariff(Unit.call, D(price), free=free, necessity=NECESSITY)
    assert refusal.value.code == "price_and_free_disagree"


def test_a_price_is_a_decimal_and_not_negative():
    with pytest.raises(Invalid):
        charged("-1")
    with pytest.raises(TypeError):
        Tariff(Unit.call, 0.5, necessity=NECESSITY)


@pytest.mark.clause("65-1")
@pytest.mark.parametrize("purpose", Purpose)
def test_only_industry_and_sector_development_pay(purpose):
    tariff = applicable(charged(), purpose)
    assert tariff.free is (purpose not in {"industry", "sector"})
    assert tariff.price == (0 if tariff.free else D("0.50"))
    assert tariff.unit is Unit.call


def test_an_unknown_purpose_has_no_tariff():
    with pytest.raises(ValueError, match="marketing"):
        applicable(charged(), "marketing")


@pytest.mark.clause("65-2")
@pytest.mark.parametrize(("trial", "code"), [(True, "above_trial_price"), (False, "above_ceiling")])
def test_a_price_may_reach_its_cap_and_not_pass_it(trial, code):
    assert check_price(D("0.50"), D("0.50"), trial=trial) is None
    with pytest.raises(Invalid) as refusal:
        check_price(D("0.51"), D("0.50"), trial=trial, clause="65-2")
    assert (refusal.value.code, refusal.value.clause) == (code, "65-2")
    assert "0.51" in refusal.value.sentence
    assert "请按不高于0.50元" in refusal.value.sentence
    assert ("试行" in refusal.value.sentence) is trial


@pytest.mark.parametrize("trial", [True, False])
def test_without_a_guided_price_nothing_is_charged(trial):
    assert check_price(D("0"), None, trial=trial) is None
    with pytest.raises(Invalid) as refusal:
        check_price(D("0.01"), None, trial=trial)
    assert refusal.value.code == "no_guided_price"


@pytest.mark.parametrize("price", ["-0.01", "NaN", "Infinity"])
def test_an_unreal_price_is_refused(price):
    with pytest.raises(Invalid) as refusal:
        check_price(D(price), D("0.50"), trial=False)
    assert refusal.value.code == "invalid_amount"


@pytest.mark.clause("65-2")
@pytest.mark.parametrize(
    ("start", "at", "reached"),
    [
        (date(2025, 3, 1), date(2026, 2, 28), False),
        (date(2025, 3, 1), date(2026, 3, 1), True),
        (date(2025, 3, 1), date(2025, 12, 31), False),
        (date(2025, 3, 1), date(2027, 1, 1), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2025, 12, 31), date(2026, 12, 30), False),
        (date(2025, 12, 31), date(2026, 12, 31), True),
        (date(2026, 1, 1), date(2025, 12, 31), False),
    ],
)
def test_a_full_year_of_operation(start, at, reached):
    assert full_year_reached(start, at) is reached


def test_units_are_the_four_of_the_rule():
    assert [unit.value for unit in Unit] == ["product", "call", "time", "volume"]
