"""The story in its order."""

from __future__ import annotations

from gongshu_server.demo.scenes import (
    catalogue,
    delivery,
    disclosure,
    market,
    objection,
    opening,
    operation,
    proof,
    registration,
    watching,
    workshop,
)
from gongshu_server.demo.stage import Scene


def scenes() -> tuple[Scene, ...]:
    """Return every scene in the order in which it happens."""
    return (
        *catalogue.SCENES,
        *opening.SCENES,
        *operation.SCENES,
        *registration.SCENES,
        *workshop.SCENES,
        *market.SCENES,
        *delivery.SCENES,
        registration.PRODUCTS,
        market.REVENUE,
        *objection.SCENES,
        *watching.SCENES,
        *disclosure.SCENES,
        *proof.SCENES,
    )
