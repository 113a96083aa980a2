"""Lots by a checkpoint: the same for everybody, other for other roots, never from before."""

from __future__ import annotations

import pytest

from gongshu.ledger.checkpoints import Checkpoint
from gongshu.ledger.draws import drawn_order

BODIES = ("甲", "乙", "丙", "丁", "戊")


def signed(size: int, root: int) -> Checkpoint:
    return Checkpoint("node/ledger", size, bytes([root]) * 32, b"")


def test_the_order_does_not_depend_on_how_the_candidates_are_told() -> None:
    one = drawn_order(signed(8, 1), BODIES, about="R/security", entry=7)
    assert one == drawn_order(signed(8, 1), BODIES[::-1] + BODIES, about="R/security", entry=7)
    assert sorted(one) == sorted(BODIES)


def test_another_root_or_release_or_review_draws_anew() -> None:
    orders = {
        tuple(drawn_order(signed(8, root), BODIES, about=about, entry=7))
        for root in range(8)
        for about in ("R/security", "R/compliance", "S/security")
    }
    # Of 120 orders, 24 draws are hardly ever fewer than 15 different ones.
    assert len(orders) >= 15


@pytest.mark.parametrize("size", [0, 7])
def test_a_checkpoint_from_before_draws_nothing(size: int) -> None:
    with pytest.raises(ValueError, match="older"):
        drawn_order(signed(size, 1), BODIES, about="R/security", entry=7)
