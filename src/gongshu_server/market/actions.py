"""The market's writes, one module a subject: products, prices, orders, subjects' authorisations."""

from gongshu_server.market.authorisations import authorise_subject
from gongshu_server.market.orders import (
    accept_order,
    activate_order,
    complete_order,
    make_bill,
    place_order,
    refuse_order,
    revoke_order,
)
from gongshu_server.market.prices import (
    fix_permitted_revenue,
    guide_trial_price,
    set_ceilings,
    state_necessity,
)
from gongshu_server.market.products import (
    delist_product,
    file_product,
    list_product,
    record_built,
)

__all__ = [
    "accept_order",
    "activate_order",
    "authorise_subject",
    "complete_order",
    "delist_product",
    "file_product",
    "fix_permitted_revenue",
    "guide_trial_price",
    "list_product",
    "make_bill",
    "place_order",
    "record_built",
    "refuse_order",
    "revoke_order",
    "set_ceilings",
    "state_necessity",
]
