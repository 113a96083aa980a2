"""Permitted revenue: worked examples to the fen, the profit cap, and ceilings that must fit."""

from decimal import Decimal, localcontext
from random import Random

import pytest

from gongshu.pricing import Cost, check_ceilings, permitted_revenue
from gongshu.vocabulary.errors import Invalid

D = Decimal


def survey(**changes):
    """Return a surveyed cost of 4,150,000.00 net of subsidies, with some parts changed."""
    parts = {
        "platform": D("1800000"),
        "processing": D("950000"),
        "staff": D("1200000"),
        "acquisition": D("300000"),
        "period_expenses": D("200000"),
        "subsidies": D("300000"),
    }
    return Cost(**(parts | changes))


def fixed(**changes):
    facts = {
        "cost": survey(),
        "treasury_yields": [D("1.62"), D("1.70"), D("1.81"), D("1.75")],
        "profit_points": D("5.5"),
        "tax": D("61234.56"),
        "carried_excess": D("0"),
    }
    return permitted_revenue(**(facts | changes))


@pytest.mark.clause("65-3")
def test_the_worked_example_recomputes_to_the_fen():
    """4,150,000 × (1.72 % + 5.5 %) = 299,630.00; with tax of 61,234.56 that is 4,510,864.56."""
    result = fixed()
    assert result.operating_cost == D("4150000.00")
    assert result.profit_rate == D("7.22")
    assert str(result.profit) == "299630.00"
    assert result.tax == D("61234.56")
    assert str(result.total) == "4510864.56"
    assert (result.deducted, result.carried_on) == (0, 0)


def test_a_mean_that_does_not_end_is_rounded_only_at_the_profit():
    """Mean of 1.61, 1.70 and 1.72 is 1.67666… %; 1,000,000 × 7.67666… % = 76,766.67."""
    cost = survey(
        platform=D("1000000"),
        processing=D(0),
        staff=D(0),
        acquisition=D(0),
        period_expenses=D(0),
        subsidies=D(0),
    )
    result = fixed(
        cost=cost, treasury_yields=[D("1.61"), D("1.70"), D("1.72")], profit_points=D(6), tax=D(0)
    )
    assert str(result.profit) == "76766.67"
    assert str(result.total) == "1076766.67"


def test_half_a_fen_is_rounded_up():
    """100.00 × 7.005 % = 7.005, which is 7.01 and not 7.00."""
    nothing = dict.fromkeys(
        ("processing", "staff", "acquisition", "period_expenses", "subsidies"), D(0)
    )
    cost = Cost(platform=D("100.00"), **nothing)
    result = fixed(
        cost=cost, treasury_yields=[D("1.005")], profit_points=D(6), tax=D(0), carried_excess=D(0)
    )
    assert str(result.total) == "107.01"


def test_the_caller_s_decimal_context_changes_nothing():
    with localcontext(prec=5, rounding="ROUND_DOWN"):
        result = fixed(treasury_yields=[D("1.61"), D("1.70"), D("1.72")])
    assert result == fixed(treasury_yields=[D("1.61"), D("1.70"), D("1.72")])


@pytest.mark.clause("65-4")
def test_earlier_excess_is_deducted():
    result = fixed(carried_excess=D("10864.56"))
    assert str(result.total) == "4500000.00"
    assert (result.deducted, result.carried_on) == (D("10864.56"), 0)


def test_excess_that_cannot_be_deducted_is_carried_on():
    result = fixed(carried_excess=D("5000000"))
    assert result.total == 0
    assert result.carried_on == D("489135.44")


@pytest.mark.clause("65-3")
def test_six_points_are_the_most():
    assert fixed(profit_points=D("6")).profit_rate == D("7.72")
    for points in (D("6.0001"), D("7"), D("-0.1"), D("60")):
        with pytest.raises(Invalid, match="6个百分点") as refusal:
            fixed(profit_points=points)
        assert (refusal.value.code, refusal.value.clause) == ("profit_margin_too_high", "65-3")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"treasury_yields": []}, "no_yields"),
        ({"treasury_yields": [D("1.7"), D("NaN")]}, "no_yields"),
        ({"profit_points": D("NaN")}, "profit_margin_too_high"),
        ({"tax": D("-0.01")}, "invalid_amount"),
        ({"tax": D("NaN")}, "invalid_amount"),
        ({"carried_excess": D("-1")}, "invalid_amount"),
        ({"carried_excess": D("Infinity")}, "invalid_amount"),
    ],
)
def test_what_cannot_be_computed_is_refused(changes, code):
    with pytest.raises(Invalid) as refusal:
        fixed(**changes)
    assert refusal.value.code == code
    assert "请" in refusal.value.sentence


@pytest.mark.parametrize(
    "part", ["platform", "processing", "staff", "acquisition", "period_expenses", "subsidies"]
)
def test_no_part_of_the_cost_is_negative_and_each_is_named(part):
    with pytest.raises(Invalid) as refusal:
        survey(**{part: D("-1")})
    assert refusal.value.code == "invalid_amount"
    assert refusal.value.clause == "65-3"


def test_every_part_of_the_cost_counts_once():
    base = survey().operating
    for part in ("platform", "processing", "staff", "acquisition", "period_expenses"):
        assert survey(**{part: D("0")}).operating < base
    assert survey(subsidies=D("0")).operating == base + D("300000")


def test_subsidies_do_not_exceed_the_cost():
    assert survey(subsidies=D("4450000")).operating == 0
    with pytest.raises(Invalid) as refusal:
        survey(subsidies=D("4450000.01"))
    assert refusal.value.code == "subsidies_exceed_cost"


def test_floats_are_no_money():
    with pytest.raises(TypeError, match="Decimal"):
        survey(staff=1200000.0)


@pytest.mark.clause("65-2")
def test_ceilings_fit_into_the_permitted_revenue_up_to_the_fen():
    ceilings = {"核验": (D("0.50"), 6_000_000), "数据集": (D("3777.16"), 400)}
    assert check_ceilings(D("4510864.00"), ceilings) == D("4510864.00")
    with pytest.raises(Invalid) as refusal:
        check_ceilings(D("4510863.99"), ceilings)
    assert (refusal.value.code, refusal.value.clause) == ("ceilings_exceed_permitted", "65-2")
    assert "多出0.01元" in refusal.value.sentence
    assert refusal.value.details == ("核验：3000000.00元", "数据集：1510864.00元")


def test_ceilings_are_amounts_and_volumes_are_not_negative():
    with pytest.raises(Invalid):
        check_ceilings(D("100"), {"核验": (D("-1"), 5)})
    with pytest.raises(Invalid):
        check_ceilings(D("100"), {"核验": (D("50"), 5), "数据集": (D("50"), -10)})
    assert check_ceilings(D("0"), {}) == 0


def test_a_higher_cost_yield_or_margin_never_permits_less():
    random = Random(65)
    for _ in range(300):
        yields = [D(random.randrange(100, 400)) / 100 for _ in range(random.randint(1, 12))]
        facts = {
            "cost": survey(staff=D(random.randrange(10**8)) / 100),
            "treasury_yields": yields,
            "profit_points": D(random.randrange(0, 500)) / 100,
        }
        result = fixed(**facts)
        parts = result.operating_cost + result.profit + result.tax
        assert result.total == parts
        assert fixed(**facts | {"profit_points": facts["profit_points"] + 1}).total >= result.total
        assert fixed(**facts | {"treasury_yields": [*yields, max(yields)]}).total >= result.total
