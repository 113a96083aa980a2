"""The client against a really served node: reads, refusals, a product call, receipts offline."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.serving import Served
from gongshu.vocabulary.errors import DomainError
from gongshu_client import Client, NotFound, NotPermitted, Unauthenticated, Unreachable, receipts
from playing import Played

ENTRY = {"title": "x", "table": "x", "summary": "x", "items": ["x"], "update_cycle": "x"}
BEARER = re.compile(r"Bearer (gs_[^']+)'")


@pytest.fixture(scope="module")
def home(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a small demo city after its story."""
    return Path(shutil.copytree(played.home, tmp_path_factory.mktemp("client") / "node"))


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with Served(home) as served:
        yield f"http://127.0.0.1:{served.port}"


def call(home: Path, words: str) -> str:
    """Return the copyable call that the demo prints for somebody."""
    calls = json.loads((home / "demo-keys.json").read_text(encoding="utf-8"))
    return next(str(one["command"]) for one in calls if words in one["zh"])


def key(home: Path, words: str) -> str:
    found = BEARER.search(call(home, words))
    assert found is not None
    return found[1]


def test_a_case_is_read_with_its_version(home: Path, url: str) -> None:
    with Client(url, key(home, "数据局")) as bureau:
        me = bureau.house.me()
        cases = list(bureau.cases.cases(limit=7))
        one = bureau.cases.case(cases[0].id)
        assert "data_authority" in me.roles
        assert len(cases) > 7
        assert len({case.id for case in cases}) == len(cases)
        assert one.etag.startswith(f'"{one.id}.')
        with pytest.raises(NotFound):
            bureau.cases.case("01HZZZZZZZZZZZZZZZZZZZZZZZ")


def test_who_may_not_is_told_so(home: Path, url: str) -> None:
    with Client(url, "gs_unknown") as stranger, pytest.raises(Unauthenticated) as unknown:
        stranger.house.me()
    assert unknown.value.code == "unauthenticated"
    with Client(url, key(home, "审计员")) as auditor, pytest.raises(NotPermitted) as refused:
        auditor.catalogue.file_resource(
            entry=ENTRY,
            authority=auditor.house.me().organisation,
        )
    assert refused.value.clause
    assert refused.value.sentence.endswith("。")


def test_a_product_answers_with_a_receipt(home: Path, url: str) -> None:
    command = call(home, "应急管理局")
    product = command.partition("/v1/products/")[2].partition("/")[0]
    subject = json.loads(command.partition("-d '")[2].rstrip("'"))["key"]
    with Client(url, key(home, "应急管理局")) as buyer:
        said = buyer.products.verify(product, subject)
        assert (said.product, len(said.receipt)) == (product, 26)
        with pytest.raises(NotFound):
            buyer.products.verify("01HZZZZZZZZZZZZZZZZZZZZZZZ", subject)


def test_a_receipt_holds_without_the_node_and_a_changed_one_does_not(home: Path, url: str) -> None:
    vkey = (home / "ledger.vkey").read_text(encoding="ascii")
    with Client(url, key(home, "数据局")) as bureau:
        old = list(bureau.ledger.listed_entries(limit=200))[-1]
        receipt = bureau.ledger.receipt_of_entry(old.id)
    proved = receipts.verify(receipt, vkey)
    assert proved.index >= 0
    changed = receipt.replace(b'"index":', b'"index":1', 1)
    with pytest.raises(DomainError):
        receipts.verify(changed, vkey)


def test_a_node_that_is_away_is_said_within_the_time() -> None:
    with Client("http://127.0.0.1:9", total=0.5) as client, pytest.raises(Unreachable):
        client.house.me()
