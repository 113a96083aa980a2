"""Days on pages: a period with a half-open end is shown with its last day."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from gongshu.workflow.limits import SHANGHAI
from gongshu_server.portal.fields import day_after
from gongshu_server.portal.templatetags.components import day_before, last_day


def test_what_was_typed_as_last_day_is_shown_as_last_day() -> None:
    """The midnight after it belongs to the day before."""
    assert last_day(day_after(date(2028, 12, 31))) == "2028年12月31日"


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (datetime(2028, 12, 31, 9, tzinfo=SHANGHAI), "2028年12月31日"),
        (datetime(2028, 3, 1, tzinfo=SHANGHAI), "2028年2月29日"),
        (None, "—"),
    ],
)
def test_an_end_within_a_day_is_that_day(end: datetime | None, shown: str) -> None:
    """Only midnight is the end of the day before; without an end there is a dash."""
    assert last_day(end) == shown


def test_a_bill_ends_on_the_day_before_the_one_that_is_not_in_it() -> None:
    """Days [4th, 8th) are the 4th to the 7th."""
    assert day_before(date(2025, 11, 8)) == "2025年11月7日"
