"""Prices: what may be earned, what may be asked, and what a customer owes (65号, 《意见》六).

Free is the default. Only use for industry and sector development may be charged for, only where
charging was shown to be necessary, and only up to a guided price: until a full year of operation a
trial price, afterwards a ceiling within the permitted revenue. All amounts are `Decimal` yuan; what
is owed is rounded to the fen, half up.
"""

from gongshu.pricing.bills import Bill, BillLine, MeteredUse, bill
from gongshu.pricing.deviations import Adjustment, Deviation, deviation, excess
from gongshu.pricing.revenue import Cost, PermittedRevenue, check_ceilings, permitted_revenue
from gongshu.pricing.tariffs import (
    CHARGEABLE,
    Necessity,
    Tariff,
    Unit,
    applicable,
    check_price,
    full_year_reached,
)

__all__ = [
    "CHARGEABLE",
    "Adjustment",
    "Bill",
    "BillLine",
    "Cost",
    "Deviation",
    "MeteredUse",
    "Necessity",
    "PermittedRevenue",
    "Tariff",
    "Unit",
    "applicable",
    "bill",
    "check_ceilings",
    "check_price",
    "deviation",
    "excess",
    "full_year_reached",
    "permitted_revenue",
]
