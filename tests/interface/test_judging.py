"""`gongshu check` and `gongshu sdc` on files, as the how-to shows them; no node and no Django."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "how-to" / "check-without-a-node.md"
EXAMPLES = ROOT / "docs" / "how-to" / "check"
SCHEMAS = ROOT / "docs" / "reference" / "check"
AT = ("--at", "2026-09-01T12:00:00+08:00")
LOOK = (
    "import atexit, sys\n"
    "atexit.register(lambda: sys.stderr.write('DJANGO' if 'django' in sys.modules else 'none'))\n"
    "from gongshu_server.commands.main import main\n"
    "main()\n"
)


def gongshu(*arguments: str) -> tuple[int, str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=EXAMPLES,
        env=kept,
    )
    assert done.stderr.endswith("none"), "Django was loaded"
    return done.returncode, done.stdout, done.stderr


def holds(name: str, body: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    jsonschema_rs.validator_for(schema).validate(body)


def examples() -> list[tuple[str, list[str]]]:
    blocks = re.findall(r"```console\n\$ gongshu (.*?)\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    return [(command, said.splitlines()) for command, said in blocks]


@pytest.mark.parametrize(("command", "lines"), examples(), ids=[c[:16] for c, _ in examples()])
def test_the_examples_of_the_guide_say_what_it_shows(command: str, lines: list[str]) -> None:
    status, said, _ = gongshu(*shlex.split(command))

    assert status == (0 if lines[0].startswith("可以") else 2)
    shown = said.splitlines()
    assert all(line in shown for line in lines)


def test_the_guide_shows_each_command() -> None:
    assert [command.split()[0] for command, _ in examples()] == ["check", "check", "sdc", "sdc"]


def test_the_python_of_the_guide_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    monkeypatch.chdir(EXAMPLES)

    exec(compile(code, str(GUIDE), "exec"), {})


def test_the_forms_are_those_of_the_schemas() -> None:
    holds("grant", json.loads((EXAMPLES / "grant.json").read_bytes()))
    holds("schema", json.loads((EXAMPLES / "schema.json").read_bytes()))
    files = ("--grant", "grant.json", "--schema", "schema.json", *AT, "--json")
    for query, expected in (("query.sql", 0), ("refused.sql", 2)):
        status, said, _ = gongshu("check", query, *files)
        holds("verdict", json.loads(said))
        assert status == expected
    table = ("table.csv", "--subject", "统一社会信用代码", "--key-opened", "--json", "--by")
    for by, expected in (("区", 0), ("状态", 0), ("统一社会信用代码", 1)):
        status, said, _ = gongshu("sdc", *table, by)
        assert status == expected
        if status != 1:
            holds("sdc", json.loads(said))


def test_tables_with_totals_and_sums_have_the_same_form(tmp_path: Path) -> None:
    """Two columns with totals, a column of amounts, and a table of which nothing is shown."""
    subject = ("--subject", "统一社会信用代码", "--key-opened", "--json", "--by")
    status, said, _ = gongshu("sdc", "table.csv", *subject, "区", "--by", "状态", "--totals")
    holds("sdc", json.loads(said))
    assert status == 2
    assert {c for cell in json.loads(said)["protected"] for c in cell["causes"]} >= {"secondary"}

    rows = [f"甲,{number},{number * 10 + 0.5}" for number in range(30)]
    (tmp_path / "sums.csv").write_text("\n".join(["区,人,数", *rows]), encoding="utf-8")
    sums = (str(tmp_path / "sums.csv"), "--subject", "人", "--key-opened", "--json", "--by", "区")
    status, said, _ = gongshu("sdc", *sums, "--sum", "数")
    holds("sdc", json.loads(said))
    assert (status, json.loads(said)["shown"]) == (
        0,
        [{"区": "甲", "数：合计": 4360.0, "数：平均": 145.3}],
    )

    twice = ("sdc", *sums, "--by", "数")
    assert gongshu(*twice)[0] == 2
    assert gongshu(*twice, "--sum", "数")[0] == 1


def refused_files(folder: Path) -> dict[str, tuple[str, ...]]:
    """Command lines that cannot be judged, each for another reason."""
    (folder / "no.json").write_text("{", encoding="utf-8")
    (folder / "empty.json").write_text("{}", encoding="utf-8")
    (folder / "bytes.sql").write_bytes(b"\xff\xfe")
    good = ("--grant", "grant.json", "--schema", "schema.json", *AT)
    return {
        "no query": ("check", "absent.sql", *good),
        "no text": ("check", str(folder / "bytes.sql"), *good),
        "no option": ("check", "query.sql", "--grant", "grant.json"),
        "unknown option": ("check", "query.sql", *good, "--unknown"),
        "no JSON": ("check", "query.sql", *good, "--grant", str(folder / "no.json")),
        "no grant": ("check", "query.sql", *good, "--grant", str(folder / "empty.json")),
        "no tables": ("check", "query.sql", *good, "--schema", str(folder / "empty.json")),
        "no time": ("check", "query.sql", *good, "--at", "gestern"),
        "no zone": ("check", "query.sql", *good, "--at", "2026-09-01T12:00:00"),
        "no exit": ("check", "query.sql", *good, "--exit", "mail"),
        "no region": ("check", "query.sql", *good, "--region", "xx"),
        "no table": ("sdc", "absent.csv", "--subject", "a", "--by", "b"),
        "no column": ("sdc", "table.csv", "--subject", "谁", "--by", "区"),
        "small k": ("sdc", "table.csv", "--subject", "统一社会信用代码", "--by", "区", "--k", "3"),
    }


def test_what_cannot_be_judged_is_status_1(tmp_path: Path) -> None:
    for name, arguments in refused_files(tmp_path).items():
        status, said, error = gongshu(*arguments)
        assert status == 1, name
        assert said == "", name
        assert "Traceback" not in error, name


Change = Callable[[dict[str, Any]], object]
BROKEN: dict[str, Change] = {
    "a table too few fields": lambda body: body["sources"][0].pop("items"),
    "a table too many": lambda body: body["sources"][0].update(secret=1),
    "the same table twice": lambda body: body["sources"].append(body["sources"][0]),
    "an item without a regime": lambda body: body["sources"][0]["items"][0].pop("regime"),
    "an unknown regime": lambda body: body["sources"][0]["items"][0].update(regime="free"),
    "opened in words": lambda body: body["sources"][0]["items"][0].update(opened="true"),
    "no such grade": lambda body: body["sources"][0]["items"][0].update(grade=5),
    "an unknown type": lambda body: body["sources"][0]["items"][0].update(type="blob"),
    "a lattice of nothing": lambda body: body["sources"][0]["items"][0].update(lattice={}),
    "an unknown subject": lambda body: body["sources"][0].update(subjects={"cat": "x"}),
    "a region that is no item": lambda body: body["sources"][0].update(region_item="x"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_schema_that_is_not_complete_is_refused(change: Change) -> None:
    from gongshu.cleanroom import sources_of
    from gongshu.vocabulary.errors import Invalid

    body = json.loads((EXAMPLES / "schema.json").read_bytes())
    sources_of(body)
    change(body)

    with pytest.raises(Invalid):
        sources_of(body)
