"""Product calls over HTTP: calls a second and latency at 64 connections against two processes.

Each call brings a key, is decided on a grant with a quota, answered about one of 25,000 subjects,
and its record is on disk before the answer. The load generator (`wrk`) runs beside the servers, on
the same cores. After the run the records are counted: fewer than answers would be a failure.

Beside it, in the same run: what the same server does with no key, no grant, no quota and a bare
line of log (the prototype), and Datasette 0.65.5, which looks up one row or filters by an index and
keeps no record at all. Datasette is installed for the run, in a folder that is thrown away.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gongshu.policy import Grant, Quota
from gongshu_server.accounts.digests import key_digest
from gongshu_server.delivery import application
from gongshu_server.delivery.commits import GroupCommit
from gongshu_server.delivery.entitlements import KeyEntry, Product
from gongshu_server.delivery.serving import build_answers
from gongshu_server.delivery.sqlite_source import SqliteSource
from gongshu_server.usage import segments
from gongshu_server.usage.authorisations import Authorisations, Authorised

SECRET = b"the benchmark's secret, 32 bytes"
QUESTION = "许可证在数据日期是否有效"
ITEMS = frozenset({"许可证状态", "有效期"})
PARTIES, SUBJECTS, KNOWN, TOKENS = 1_000, 25_000, 20_000, 80_000
CONNECTIONS, PROCESSES, SECONDS, WARM_UP = 64, 2, 10, 2
PORT = 8_733
FOLDER = "GONGSHU_BENCHMARK_FOLDER"
DATASETTE = "datasette==0.65.5"
DATASETTE_ROWS = 1_000_000
DISTRICTS = [
    f"{name}区" for name in ("东城", "西城", "朝阳", "海淀", "丰台", "石景山", "通州", "大兴")
]

VERIFY = """
local subjects, parties = {subjects}, {parties}
math.randomseed(7)
function request()
  local key = "Bearer gs_" .. math.random(parties)
  local path = "/v1/products/licence/verify?key=" .. string.format("%018d", math.random(subjects))
  return wrk.format("GET", path, {{["Authorization"] = key}})
end
"""
AUTHORISED = """
local lines = io.lines("{tokens}")
function request()
  local subject, token = string.match(lines() or "none none", "(%S+) (%S+)")
  return wrk.format("GET", "/v1/products/authorised/verify?key=" .. subject,
    {{["Authorization"] = "Bearer gs_1", ["Gongshu-Authorisation"] = token}})
end
"""
PATHS = """
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
math.randomseed(7)
function request() return wrk.format("GET", paths[math.random(#paths)]) end
"""


def measure() -> dict[str, float]:
    """Return calls a second and milliseconds, ours first and then the peers'."""
    if shutil.which("wrk") is None:
        return {"未测：缺少负载工具 wrk（apt-get install wrk） left out: no wrk": float("nan")}
    with tempfile.TemporaryDirectory(prefix="delivery-") as name:
        folder = Path(name)
        return {**_ours(folder), **_prototype(folder), **_datasette(folder)}


# --- ours -------------------------------------------------------------------------------------


def serve() -> Any:
    """Return the data plane over the benchmark's folder, for the server's processes."""
    folder = Path(os.environ[FOLDER])
    source = SqliteSource(folder / "entitlements.sqlite")
    return application(folder, secret=SECRET, source=source)


def _ours(folder: Path) -> dict[str, float]:
    home = folder / "ours"
    _prepare(home)
    (home / "verify.lua").write_text(VERIFY.format(subjects=SUBJECTS, parties=PARTIES))
    (home / "authorised.lua").write_text(AUTHORISED.format(tokens=_tokens(home)))
    with _server("serve", home) as server:
        calls = _load(home / "verify.lua", SECONDS)
        authorised = _load(home / "authorised.lua", SECONDS / 2, warm=False)
        memory = _memory(server)
    recorded = _recorded(home)
    if recorded < calls.answered + authorised.answered:
        raise AssertionError(f"{calls.answered} answers and only {recorded} records")
    return {
        "产品调用 product calls /s (key, decision, quota, durable record)": calls.rate,
        "产品调用 p50 ms": calls.median,
        "产品调用 p99 ms": calls.p99,
        "单次授权的调用 calls with a single-use authorisation /s": authorised.rate,
        "单次授权的调用 p99 ms": authorised.p99,
        "两个服务进程的内存 memory of two processes, PSS, MB": memory,
    }


def _prepare(home: Path) -> None:
    home.mkdir()
    file = home / "licence.sqlite"
    answers = ((f"{n:018d}", "一致" if n % 3 else "不一致") for n in range(1, KNOWN + 1))
    build_answers(file, answers)
    SqliteSource(home / "entitlements.sqlite").put(
        keys=[_key(n) for n in range(1, PARTIES + 1)],
        grants=[
            *(_grant(n, "licence") for n in range(1, PARTIES + 1)),
            _grant(1, "authorised", authorised=True),
        ],
        products=[_product("licence", file), _product("authorised", file)],
    )


def _key(number: int) -> KeyEntry:
    return KeyEntry(
        digest=key_digest(SECRET, f"gs_{number}"),
        id=f"key-{number}",
        party=f"organisation-{number}",
        person=f"person-{number}",
        post=f"post-{number}",
        purpose="industry",
    )


def _grant(number: int, product: str, *, authorised: bool = False) -> Grant:
    now = datetime.now(UTC)
    return Grant(
        id=f"grant-{number}-{product}",
        grantee=f"organisation-{number}",
        object=f"product:{product}",
        actions=frozenset({"call"}),
        items=ITEMS,
        purposes=frozenset({"industry", "sector"}),
        businesses=frozenset(),
        regions=frozenset(),
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
        quota=Quota(10_000_000, "month"),
        minimum=0,
        max_rows=1,
        subject_authorisation=authorised,
        undertakings=(),
        clause="809-20",
        clauses={},
        case=f"case-{number}",
        parent=None,
        scenario=None,
    )


def _product(name: str, file: Path) -> Product:
    return Product(
        id=name,
        form="verification",
        file=file,
        question=QUESTION,
        unit="call",
        as_of="2026-06-30",
        items=ITEMS,
        subject_kind="enterprise",
    )


def _tokens(home: Path) -> Path:
    """Write a file of subjects with their authorisations, each good for one call."""
    book, path, now = Authorisations(home, secret=SECRET), home / "tokens", datetime.now(UTC)
    with path.open("w") as file:
        for n in range(TOKENS):
            subject = f"{n % KNOWN + 1:018d}"
            bound = Authorised(subject, "organisation-1", "industry", "authorised", QUESTION)
            token = book.issue(bound, at=now, expires=now + timedelta(hours=1))
            file.write(f"{subject} {token}\n")
    book.close()
    return path


def _recorded(home: Path) -> int:
    """Return how many allowed uses the closed segments hold."""
    paths = segments.closed(home / "uses")
    uses = (record.body for path in paths for record in segments.read(path).records)
    return sum(use["outcome"] == "allowed" for use in uses)


# --- the prototype ----------------------------------------------------------------------------


def prototype() -> Any:
    """Return the least that answers about a subject and writes a line to disk before."""
    folder = Path(os.environ[FOLDER])
    address = f"{(folder / 'licence.sqlite').as_uri()}?mode=ro&immutable=1"
    database = sqlite3.connect(address, uri=True, check_same_thread=False)
    log = os.open(folder / f"log-{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(lines: list[bytes]) -> list[None]:
        os.write(log, b"".join(lines))
        os.fdatasync(log)
        return [None] * len(lines)

    return _bare(database, GroupCommit(write))


def _bare(database: sqlite3.Connection, log: GroupCommit[bytes, None]) -> Any:
    headers = [(b"content-type", b"application/json")]

    async def answer(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        subject = scope["query_string"].decode().partition("=")[2]
        query = "select answer from answers where subject = ?"
        row = database.execute(query, (subject,)).fetchone()
        line = {"at": time.time(), "subject": subject, "padding": "x" * 400}
        await log.submit(json.dumps(line).encode() + b"\n")
        body = json.dumps({"answer": row[0] if row else "查无记录"}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _prototype(folder: Path) -> dict[str, float]:
    home = folder / "ours"
    with _server("prototype", home):
        bare = _load(home / "verify.lua", SECONDS)
    return {
        "对照：裸原型 bare prototype /s (granian, immutable SQLite, group commit)": bare.rate,
        "对照：裸原型 p99 ms": bare.p99,
    }


# --- Datasette --------------------------------------------------------------------------------


def _datasette(folder: Path) -> dict[str, float]:
    home = folder / "datasette"
    program = _install(home)
    if program is None:
        return {f"对照：{DATASETTE} 装不上，未测 left out: not installable": float("nan")}
    _fill(home / "bench.db")
    filtered = [
        f"/bench/companies.json?district={quote(name)}&_size=100&_shape=objects"
        for name in DISTRICTS
    ]
    rows = [f"/bench/companies/{n}.json?_shape=objects" for n in range(1, DATASETTE_ROWS, 97)]
    options = ["--setting", "suggest_facets", "off", "--setting", "sql_time_limit_ms", "30000"]
    command = [program, "serve", home / "bench.db", "--port", str(PORT), *options]
    with _running([str(part) for part in command], home, {}):
        by_index = _load(_paths(home / "filter", filtered), SECONDS)
        by_key = _load(_paths(home / "row", rows), SECONDS)
    return {
        "对照：Datasette 0.65.5 indexed filter, 100 rows, no grant, no record /s": by_index.rate,
        "对照：Datasette 0.65.5 indexed filter p99 ms": by_index.p99,
        "对照：Datasette 0.65.5 one row by key, no grant, no record /s": by_key.rate,
        "对照：Datasette 0.65.5 one row by key p99 ms": by_key.p99,
    }


def _install(home: Path) -> Path | None:
    home.mkdir()
    try:
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        pip = [home / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", DATASETTE]
        subprocess.run(pip, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError):
        return None
    return home / "venv" / "bin" / "datasette"


def _fill(path: Path) -> None:
    """Make a million rows of ten columns with an index on the district, as peers were measured."""
    chance = random.Random(7)
    columns = (
        "id integer primary key, uscc, name, district, industry, capital, date, flag, lon, lat"
    )
    database = sqlite3.connect(path)
    database.execute(f"create table companies ({columns})")
    database.executemany(
        "insert into companies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                n,
                f"91110000{n:010d}",
                f"企业{n:07d}有限公司",
                DISTRICTS[chance.randrange(8)],
                f"行业{chance.randrange(20)}",
                chance.randrange(1, 100_000),
                f"20{chance.randrange(10, 26)}-01-01",
                chance.randrange(2),
                116 + chance.random(),
                39 + chance.random(),
            )
            for n in range(1, DATASETTE_ROWS + 1)
        ),
    )
    database.execute("create index by_district on companies (district)")
    database.commit()
    database.close()


def _paths(place: Path, paths: list[str]) -> Path:
    place.with_suffix(".txt").write_text("\n".join(paths) + "\n")
    script = place.with_suffix(".lua")
    script.write_text(PATHS.format(paths=place.with_suffix(".txt")))
    return script


# --- load -------------------------------------------------------------------------------------


class Load:
    """What the load generator reported."""

    def __init__(self, report: str) -> None:
        failed = re.search(r"Non-2xx.*|Socket errors.*", report)
        if failed is not None:
            raise AssertionError(f"not all calls were answered: {failed[0]}")
        self.answered = int(re.search(r"(\d+) requests in", report)[1])  # type: ignore[index] # wrk prints it always
        self.rate = float(re.search(r"Requests/sec: +([\d.]+)", report)[1])  # type: ignore[index] # as above
        self.median, self.p99 = (_milliseconds(report, part) for part in ("50%", "99%"))


def _milliseconds(report: str, part: str) -> float:
    found = re.search(rf"{part} +([\d.]+)(us|ms|s)\s", report)
    if found is None:
        raise AssertionError(report)
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1_000.0}[found[2]]


def _load(script: Path, seconds: float, *, warm: bool = True) -> Load:
    if warm:
        _wrk(script, WARM_UP)
    return Load(_wrk(script, int(seconds)))


def _wrk(script: Path, seconds: int) -> str:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    done = subprocess.run(
        [*command, "-s", str(script), f"http://127.0.0.1:{PORT}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@contextmanager
def _server(factory: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of this module's applications in two processes of the node's server."""
    command = [sys.executable, "-m", "granian", f"benchmarks.delivery:{factory}", "--factory"]
    command += ["--interface", "asgi", "--http", "1", "--no-ws", "--log-level", "warning"]
    command += ["--workers", str(PROCESSES), "--port", str(PORT)]
    with _running(command, Path(__file__).parents[1], {FOLDER: str(home)}) as process:
        yield process


@contextmanager
def _running(
    command: list[str], place: Path, more: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    # To nowhere: Datasette prints a line for every call, and a terminal would slow it down.
    process = subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_listening(process))
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def _listening(process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError("the server did not start")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await asyncio.sleep(0.5)  # The second process is a moment later than the first.
            return
    raise AssertionError("the server does not listen")


def _memory(server: subprocess.Popen[bytes]) -> float:
    """Return the proportional set size of the server's processes in megabytes."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    total = 0
    for child in children:
        text = Path(f"/proc/{child}/smaps_rollup").read_text()
        total += int(re.search(r"Pss: +(\d+)", text)[1])  # type: ignore[index] # always there
    return total / 1024


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:<76} {figure:>12,.2f}")
