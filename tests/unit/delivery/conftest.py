"""A small market on one host: two insurers of one group, a bureau, a stranger, three products."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gongshu.policy import Grant, Quota
from gongshu_server.accounts.digests import key_digest, subject_commitment
from gongshu_server.delivery import Tuning, application, freshness
from gongshu_server.delivery.entitlements import KeyEntry, Product
from gongshu_server.delivery.serving import build_answers, build_rows
from gongshu_server.delivery.sqlite_source import SqliteSource
from gongshu_server.usage.authorisations import Authorisations, Authorised
from gongshu_server.usage.epoch import Epoch
from gongshu_server.usage.segments import Contents, read

SECRET = b"a secret of the node, 32 bytes.."
NOW = datetime.now(UTC)
ITEMS = frozenset({"许可证状态", "有效期"})
FIRM, LAPSED, UNKNOWN = "91330100MA2AAAAA1X", "91330100MA2BBBBB2X", "91330100MA2CCCCC3X"
QUESTION = "该企业的安全生产许可证在数据日期是否有效"


def grant(party: str, product: str, **changes: Any) -> Grant:
    """Return a grant of `party` on `product`, with some limits changed."""
    plain = Grant(
        id=f"grant-{party}-{product}",
        grantee=party,
        object=f"product:{product}",
        actions=frozenset({"call"}),
        items=ITEMS,
        purposes=frozenset({"industry"}),
        businesses=frozenset(),
        regions=frozenset(),
        valid_from=NOW - timedelta(days=30),
        valid_until=NOW + timedelta(days=300),
        quota=None,
        minimum=0,
        max_rows=None,
        subject_authorisation=False,
        undertakings=(),
        clause="809-20",
        clauses={"items": "809-21"},
        case="case-1",
        parent=None,
        scenario=None,
    )
    return replace(plain, **changes)


def quota(amount: int, per: Any = "total") -> Quota:
    """Return a quota."""
    return Quota(amount, per)


def key(name: str, party: str, **changes: Any) -> KeyEntry:
    """Return the entry of the key `gs_NAME`."""
    plain = KeyEntry(
        digest=key_digest(SECRET, f"gs_{name}"),
        id=f"key-{name}",
        party=party,
        person=f"person-{party}",
        post=f"post-{party}",
        purpose="industry",
    )
    return replace(plain, **changes)


@dataclass(frozen=True)
class Reply:
    """What came back over ASGI."""

    status: int
    headers: dict[str, str]
    body: bytes
    messages: int

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Ask = Callable[..., Awaitable[Reply]]


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine confirm late, where that is not what is tested: it would refuse calls."""
    if request.module.__name__.rpartition(".")[2] != "test_freshness":
        monkeypatch.setattr(freshness, "CONFIRMED_FOR", 60.0)


@dataclass
class Market:
    """The host's folder with its source, and the means to change and to ask it."""

    folder: Path
    source: SqliteSource
    tuning: Tuning

    secret = SECRET
    now = NOW
    firm, lapsed, unknown = FIRM, LAPSED, UNKNOWN
    grant = staticmethod(grant)
    key = staticmethod(key)
    quota = staticmethod(quota)

    def verification(self, **changes: Any) -> Product:
        """Return the licence product with some things changed."""
        return verification(self.folder, **changes)

    def change(self, **changes: Any) -> None:
        """Store something and advance the epoch, as an action of the node does."""
        self.source.put(**changes)
        with Epoch(self.folder) as epoch:
            epoch.advance()

    def token(self, subject: str = FIRM, **changes: Any) -> str:
        """Return an authorisation of a firm for the insurers' question."""
        lasts = changes.pop("lasts", timedelta(hours=1))
        bound = Authorised(subject, "insurance-group", "industry", "licence", QUESTION)
        book = Authorisations(self.folder, secret=SECRET)
        token = book.issue(replace(bound, **changes), at=NOW, expires=NOW + lasts)
        book.close()
        return token

    def suspend(self, product: Product, subject: str) -> Product:
        """Return the product with one record under objection."""
        commitment = subject_commitment(SECRET, product.id, subject)
        return replace(product, suspended=product.suspended | {commitment})

    def run(self, story: Callable[[Ask], Awaitable[Any]], **options: Any) -> Any:
        """Start a serving process's application, let `story` ask it, stop it, return the result."""
        return asyncio.run(_run(self._application(**options), story))

    def _application(self, **options: Any) -> Any:
        arguments = {"secret": SECRET, "source": self.source, "tuning": self.tuning, **options}
        return application(self.folder, **arguments)

    def uses(self) -> list[dict[str, Any]]:
        """Return the bodies of all use records, of closed segments and open ones."""
        return [dict(r.body) for contents in self.segments() for r in contents.records]

    def segments(self) -> list[Contents]:
        """Return the contents of all segments."""
        files = sorted((self.folder / "uses").glob("*-*"))
        return [read(path) for path in files if path.suffix in (".open", ".closed")]


async def _run(app: Any, story: Callable[[Ask], Awaitable[Any]]) -> Any:
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
    inbox.put_nowait({"type": "lifespan.startup"})
    started = await outbox.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        return await story(lambda *a, **k: ask(app, *a, **k))
    finally:
        inbox.put_nowait({"type": "lifespan.shutdown"})
        await life


async def ask(
    app: Any,
    path: str,
    *,
    key: str = "",
    query: str = "",
    body: Any = None,
    authorisation: str = "",
    method: str = "",
) -> Reply:
    """Make one request to an ASGI application."""
    headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
    if authorisation:
        headers.append((b"gongshu-authorisation", authorisation.encode()))
    scope = {
        "type": "http",
        "method": method or ("GET" if body is None else "POST"),
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return {"type": "http.request", "body": content}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Reply(
        status=sent[0]["status"],
        headers={name.decode(): value.decode() for name, value in sent[0]["headers"]},
        body=b"".join(message["body"] for message in sent[1:]),
        messages=len(sent),
    )


def verification(folder: Path, **changes: Any) -> Product:
    """Return the licence product; its file is built when it is not there yet."""
    file = folder / "serving" / "licence.sqlite"
    if not file.exists():
        build_answers(file, [(FIRM, "一致"), (LAPSED, "不一致")])
    plain = Product(
        id="licence",
        form="verification",
        file=file,
        question=QUESTION,
        unit="次",
        as_of="2026-06-30",
        items=ITEMS,
        subject_kind="enterprise",
    )
    return replace(plain, **changes)


def dataset(folder: Path) -> Product:
    """Return the risk dataset with 2,500 rows."""
    file = folder / "serving" / "risk.sqlite"
    if not file.exists():
        build_rows(file, ["街道", "企业数"], [(f"街道,{n}", n * 5) for n in range(2_500)])
    return Product(
        id="risk",
        form="dataset",
        file=file,
        question="",
        unit="次",
        as_of="2026-06-30",
        items=frozenset({"街道", "企业数"}),
        minimum=10,
        rows=2_500,
    )


@pytest.fixture(scope="module")
def memory_for_all() -> Iterator[Path]:
    """Return a folder as `memory` does, one for all tests of a module."""
    with _in_memory() as folder:
        yield folder


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory where there is one: what is forced to disk is another test's."""
    with _in_memory() as folder:
        yield folder


@contextmanager
def _in_memory() -> Iterator[Path]:
    place = Path("/dev/shm")
    with TemporaryDirectory(dir=place if place.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def market(memory: Path) -> Market:
    """Return a market whose products, keys and grants stand in a source of their own."""
    source = SqliteSource(memory / "entitlements.sqlite")
    source.put(
        products=[verification(memory), dataset(memory)],
        groups={"insurer": "insurance-group", "sister": "insurance-group"},
        keys=[
            key("insurer", "insurer"),
            key("insurer2", "insurer"),
            key("sister", "sister"),
            key("bureau", "bureau", purpose="public_governance"),
            key("stranger", "stranger"),
            key("foreign", "insurer", product="risk"),
            key("revoked", "insurer", revoked=True),
            key("ended", "insurer", expires_at=NOW - timedelta(seconds=1)),
        ],
        grants=[
            grant("insurer", "licence"),
            grant("bureau", "licence", purposes=frozenset({"public_governance"})),
            grant("insurer", "risk", items=dataset(memory).items, minimum=10, max_rows=3_000),
        ],
    )
    return Market(memory, source, Tuning(most_seconds=3_600))
