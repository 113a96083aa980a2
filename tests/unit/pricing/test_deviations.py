"""The yearly comparison: ten per cent is the border, in both directions."""

from decimal import Decimal

import pytest

from gongshu.pricing import deviation, excess
from gongshu.vocabulary.errors import Invalid

D = Decimal


@pytest.mark.clause("65-4")
@pytest.mark.parametrize(
    ("actual", "ratio", "adjustment"),
    [
        ("1000.00", "0", "none"),
        ("1000.01", "0.00001", "price"),
        ("1100.00", "0.1", "price"),
        ("1100.01", "0.10001", "ceiling"),
        ("900.00", "-0.1", "price"),
        ("899.99", "-0.10001", "ceiling"),
        ("0", "-1", "ceiling"),
        ("2500", "1.5", "ceiling"),
    ],
)
def test_up_to_ten_per_cent_moves_the_price_and_more_the_ceiling(actual, ratio, adjustment):
    result = deviation(D(actual), D("1000.00"))
    assert result.ratio == D(ratio)
    assert result.adjustment == adjustment
    assert result.clause == "65-4"


def test_the_border_is_exact_where_the_ratio_does_not_end():
    assert deviation(D("0.33"), D("0.30")).adjustment == "price"
    assert deviation(D("330000000000000.01"), D("300000000000000")).adjustment == "ceiling"


@pytest.mark.parametrize(
    ("actual", "permitted"), [("1", "0"), ("-1", "100"), ("1", "-100"), ("NaN", "1")]
)
def test_what_cannot_be_compared_is_refused(actual, permitted):
    with pytest.raises(Invalid) as refusal:
        deviation(D(actual), D(permitted))
    assert refusal.value.clause == "65-4"
    assert "请" in refusal.value.sentence


@pytest.mark.parametrize(
    ("actual", "permitted", "above"),
    [("1100", "1000", "100.00"), ("1000", "1000", "0.00"), ("900", "1000", "0.00")],
)
def test_only_what_lies_above_is_carried_over(actual, permitted, above):
    assert str(excess(D(actual), D(permitted))) == above
