"""Bills: from metered uses to money, so that a bill can be recomputed from the use records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gongshu.pricing.money import exact, fen
from gongshu.pricing.tariffs import Tariff, applicable
from gongshu.vocabulary.errors import Invalid


@dataclass(frozen=True, slots=True)
class MeteredUse:
    """One use as the use log has it: its id, declared purpose and quantity in the tariff's unit."""

    id: str
    purpose: str
    quantity: Decimal | int = 1


@dataclass(frozen=True, slots=True)
class BillLine:
    """All uses for one purpose: how many, their quantity, the price of a unit and the amount."""

    purpose: str
    uses: int
    quantity: Decimal
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines by purpose and their sum in yuan, to the fen; free uses are listed at zero."""

    lines: tuple[BillLine, ...]
    total: Decimal

    @property
    def uses(self) -> int:
        """The number of uses billed, which equals the number of use records."""
        return sum(line.uses for line in self.lines)


def bill(uses: Iterable[MeteredUse], tariff: Tariff) -> Bill:
    """Return the bill for the uses of one product under its tariff.

    A line is rounded half up to the fen once, over its whole quantity, so that prices below the
    fen add up. Raises `Invalid` when a use is counted twice or has a negative quantity, and
    `ValueError` for an unknown purpose.
    """
    seen: set[str] = set()
    quantities: dict[str, list[Decimal]] = defaultdict(list)
    for use in uses:
        quantity = Decimal(use.quantity)
        if use.id in seen:
            raise Invalid(f"用数记录{use.id}被重复计费。请核对用数记录。", code="counted_twice")
        if not quantity.is_finite() or quantity < 0:
            raise Invalid(
                f"用数记录{use.id}的用量{quantity}不是有效数量。请核对用数记录。",
                code="invalid_quantity",
            )
        seen.add(use.id)
        quantities[str(use.purpose)].append(quantity)
    lines = tuple(_line(purpose, quantities[purpose], tariff) for purpose in sorted(quantities))
    with exact():
        return Bill(lines, fen(sum((line.amount for line in lines), Decimal(0))))


def _line(purpose: str, quantities: list[Decimal], tariff: Tariff) -> BillLine:
    price = applicable(tariff, purpose).price
    with exact():
        quantity = sum(quantities, Decimal(0))
        return BillLine(purpose, len(quantities), quantity, price, fen(quantity * price))
