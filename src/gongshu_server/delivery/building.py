"""Serving files from released results: outside any transaction, then recorded in one action."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings

from gongshu.vocabulary.errors import Conflict
from gongshu_server.accounts.actors import Actor
from gongshu_server.delivery.database_source import SERVING
from gongshu_server.delivery.serving import build_answers, build_rows
from gongshu_server.journal.ids import ulid
from gongshu_server.market import actions
from gongshu_server.market.models import VERIFICATION, Product
from gongshu_server.market.products import Built
from gongshu_server.workshop import queries, results

YES, NO = "一致", "不一致"


def build(product_id: str, *, run_id: str = "", by: Actor, at: datetime) -> Product:
    """Build a product's serving file from its released run, or from a later run of the same query.

    A verification answers 一致 for a subject when any of its rows says so. Raises Conflict when the
    run is of another query.
    """
    product = Product.objects.get(pk=product_id)
    handed = queries.released(product.release, run_id=run_id)
    table = pq.read_table(results.path_of(handed["result"]))
    name = f"{product.pk}-{ulid(at)}.sqlite"
    path = Path(settings.HOME) / SERVING / name
    if product.form == VERIFICATION:
        rows = build_answers(path, _answers(table))
    else:
        rows = build_rows(path, table.column_names, _rows(table))
    built = Built(
        serving=name,
        digest=hashlib.sha256(handed["salt"].encode() + path.read_bytes()).hexdigest(),
        items=tuple(sorted(_items(handed["lineage"]))),
        rows=rows,
        as_of=handed["as_of"],
        snapshots=handed["snapshots"],
    )
    return actions.record_built(product_id=product.pk, built=built, by=by, at=at)


def _answers(table: Any) -> Iterator[tuple[str, str]]:
    """Yield (subject, answer): the key column first, a yes-or-no column second."""
    if table.num_columns != 2:
        raise Conflict("核验产品的查询应只有主体和答案两列。", code="not_a_verification")
    subjects, answers = (table.column(k).to_pylist() for k in range(2))
    known: dict[str, bool] = {}
    for subject, answer in zip(subjects, answers, strict=True):
        if subject is not None:
            known[subject] = known.get(subject, False) or bool(answer)
    for subject in sorted(known):
        yield subject, YES if known[subject] else NO


def _rows(table: Any) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=1_000):
        for row in batch.to_pylist():
            yield tuple(
                v if v is None or isinstance(v, int | float) else str(v) for v in row.values()
            )


def _items(lineage: list[dict[str, Any]]) -> set[str]:
    """Return the items that the product rests on, as grants on it name them."""
    return {item for column in lineage for _, item in column["influences"]}
