"""Values and JSON: what goes out comes back the same, and what is no such value is said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongshu_client import Malformed, shapes
from gongshu_client.coding import decode, encode

KEY = {
    "id": "01K",
    "clear": "gs_x",
    "note": "",
}


@given(
    st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.integers(),
)
def test_a_shape_comes_back_as_it_went(at: datetime, price: Decimal, quota: int) -> None:
    made = shapes.MarketRequestForm(
        purpose="industry", price=price, quota=quota, valid_until=at, undertaking="不作他用"
    )
    sent = json.loads(json.dumps(encode(made)))
    assert sent["price"] == str(price)
    back = decode(shapes.MarketRequestForm, sent)
    assert (back.valid_until, back.quota, Decimal(back.price)) == (at, quota, price)


def test_an_answers_own_marks_are_not_sent() -> None:
    answer = shapes.CasesReminder.__dataclass_fields__
    assert {"etag", "replayed"} <= answer.keys()
    assert not {"etag", "replayed"} & encode(shapes.Accepted(offset=1)).keys()


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        (list[date], ["2025-01-02"], [date(2025, 1, 2)]),
        (dict[str, Decimal], {"a": "1.50"}, {"a": Decimal("1.50")}),
        (datetime | None, None, None),
        (datetime | None, "2025-01-02T00:00:00Z", datetime(2025, 1, 2, tzinfo=UTC)),
        (int | None, 3, 3),
        (shapes.Accepted, {"offset": 3, "of a newer node": 1}, shapes.Accepted(offset=3)),
    ],
)
def test_what_comes_back_is_of_its_kind(kind: Any, value: Any, made: Any) -> None:
    assert decode(kind, value) == made


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (shapes.Accepted, {}),
        (shapes.Accepted, None),
        (date, "yesterday"),
        (Decimal, "much"),
        (list[date], 3),
    ],
)
def test_what_is_no_such_value_is_said(kind: Any, value: Any) -> None:
    with pytest.raises(Malformed, match="答复与接口文档不符"):
        decode(kind, value)
