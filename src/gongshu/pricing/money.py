"""Amounts of money: exact decimals in yuan, rounded to the fen only where something is owed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from gongshu.vocabulary.errors import Invalid

FEN: Final = Decimal("0.01")


@contextmanager
def exact() -> Iterator[None]:
    """Compute with 50 digits, half up, whatever decimal context the caller happens to have."""
    with localcontext(prec=50, rounding=ROUND_HALF_UP):
        yield


def fen(amount: Decimal) -> Decimal:
    """Return the amount rounded half up to the fen."""
    with exact():
        return amount.quantize(FEN)


def refuse_unreal(amount: Decimal, zh: str, *, clause: str) -> None:
    """Raise `Invalid` unless `amount`, called `zh`, is a finite number of yuan and not negative.

    Raises `TypeError` for anything but a `Decimal`: a float has lost its fen already.
    """
    if not isinstance(amount, Decimal):
        raise TypeError(f"money is Decimal, not {type(amount).__name__}")
    if not amount.is_finite() or amount < 0:
        raise Invalid(
            f"{zh}应为不小于零的金额，收到的是{amount}。请核对后重新填写。",
            code="invalid_amount",
            clause=clause,
        )
