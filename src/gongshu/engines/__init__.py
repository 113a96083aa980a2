"""Engines: what runs a checked plan. DuckDB runs it for work, the reference judges DuckDB.

An engine is a function `run(plan, tables, limits) -> pyarrow.Table`; it gets the text of the plan
and one reader of rows for each table, and raises `RunFailed`, whatever went wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from gongshu.cleanroom.model import Plan
    from gongshu.sandbox.limits import Limits


class Engine(Protocol):
    """Anything that runs a checked plan on the given rows."""

    def __call__(
        self, plan: Plan, tables: Mapping[str, pa.RecordBatchReader], limits: Limits
    ) -> pa.Table: ...
