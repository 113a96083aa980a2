"""A bill recomputes from the use records: every use once, free uses at zero, to the fen."""

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from gongshu.pricing import MeteredUse, Necessity, Tariff, Unit, bill
from gongshu.vocabulary.errors import Invalid

D = Decimal
NECESSITY = Necessity("平台运行和数据治理需持续投入", "doc-1", date(2025, 6, 1))


def tariff(price):
    return Tariff(Unit.call, D(price), necessity=NECESSITY)


def calls(count, purpose="industry", start=0, quantity=1):
    return [MeteredUse(f"use-{start + n}", purpose, quantity) for n in range(count)]


def test_a_worked_bill():
    """1,237 calls at 0.35 are 432.95; 80 calls for public governance are free."""
    result = bill(calls(1_237) + calls(80, "public_governance", 5_000), tariff("0.35"))
    assert [(line.purpose, line.uses, str(line.amount)) for line in result.lines] == [
        ("industry", 1_237, "432.95"),
        ("public_governance", 80, "0.00"),
    ]
    assert str(result.total) == "432.95"
    assert result.uses == 1_317


def test_prices_below_the_fen_add_up_before_they_are_rounded():
    assert str(bill(calls(1_000), tariff("0.004")).total) == "4.00"
    assert str(bill(calls(1), tariff("0.004")).total) == "0.00"
    assert str(bill(calls(1), tariff("0.005")).total) == "0.01"
    assert str(bill(calls(3), tariff("0.005")).total) == "0.02"


def test_quantities_may_be_parts_of_a_unit():
    uses = [MeteredUse("a", "sector", D("1.5")), MeteredUse("b", "sector", D("0.25"))]
    assert str(bill(uses, tariff("10.00")).total) == "17.50"


def test_no_uses_make_an_empty_bill():
    result = bill([], tariff("0.35"))
    assert (result.lines, str(result.total), result.uses) == ((), "0.00", 0)


def test_a_use_is_never_billed_twice():
    with pytest.raises(Invalid, match="use-3") as refusal:
        bill([*calls(5), MeteredUse("use-3", "public_welfare")], tariff("0.35"))
    assert refusal.value.code == "counted_twice"


@pytest.mark.parametrize("quantity", [-1, D("-0.5"), D("NaN")])
def test_a_quantity_is_a_number_and_not_negative(quantity):
    with pytest.raises(Invalid) as refusal:
        bill([MeteredUse("use-1", "industry", quantity)], tariff("0.35"))
    assert refusal.value.code == "invalid_quantity"


def test_a_use_without_a_known_purpose_is_not_billed():
    with pytest.raises(ValueError, match="marketing"):
        bill([MeteredUse("use-1", "marketing")], tariff("0.35"))


def test_a_bill_equals_the_sum_of_its_uses_in_any_order():
    random = Random(63)
    purposes = ("industry", "sector", "public_welfare", "public_governance")
    for _ in range(100):
        price = D(random.randrange(1, 500)) / 100
        uses = [
            MeteredUse(f"use-{n}", random.choice(purposes), random.randint(0, 9))
            for n in range(random.randint(0, 60))
        ]
        result = bill(uses, tariff(price))
        owed = sum(
            use.quantity * price for use in uses if use.purpose in {"industry", "sector"}
        ) + D("0.00")
        assert result.total == owed
        assert result.total == sum(line.amount for line in result.lines)
        assert result.uses == len(uses)
        random.shuffle(uses)
        assert bill(uses, tariff(price)) == result
