"""The statutory procedures as tables, and the clauses and duties they rest on."""

from __future__ import annotations

from functools import cache

from gongshu.procedures import (
    agreement,
    audit_access,
    catalogue_entry,
    complaint,
    objection,
    opening_review,
    operation_plan,
    order,
    price,
    product,
    registration,
    release,
    scenario_application,
)
from gongshu.procedures.clauses import Clause, Duty, all_clauses, clause, duties, duty
from gongshu.workflow.procedure import Procedure

__all__ = [
    "Clause",
    "Duty",
    "all_clauses",
    "all_procedures",
    "clause",
    "duties",
    "duty",
    "procedure",
]


def all_procedures() -> tuple[Procedure, ...]:
    """Return every procedure, in the order in which data goes through them."""
    return (
        catalogue_entry.PROCEDURE,
        opening_review.PROCEDURE,
        registration.PROCEDURE,
        operation_plan.PROCEDURE,
        agreement.PROCEDURE,
        scenario_application.PROCEDURE,
        release.PROCEDURE,
        product.PROCEDURE,
        price.PROCEDURE,
        order.PROCEDURE,
        objection.PROCEDURE,
        complaint.PROCEDURE,
        audit_access.PROCEDURE,
    )


def procedure(code: str) -> Procedure:
    """Return the procedure with the code; raises KeyError for an unknown one."""
    return _by_code()[code]


@cache
def _by_code() -> dict[str, Procedure]:
    return {one.code: one for one in all_procedures()}
