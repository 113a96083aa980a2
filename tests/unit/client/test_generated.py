"""The generated half of the client: it is that of the description, and rests on little."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gongshu_client
from gongshu_client import rooms

ROOT = Path(__file__).resolve().parents[3]
DESCRIPTION = json.loads((ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8"))
OPERATIONS = [
    (operation["operationId"], operation["tags"][0])
    for methods in DESCRIPTION["paths"].values()
    for method, operation in methods.items()
    if method != "head"
]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("client_writer", ROOT / "scripts" / "client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_operation_has_its_method(writer: ModuleType) -> None:
    with gongshu_client.Client("http://node") as client:
        for name, tag in OPERATIONS:
            room = client.files if tag == "uploads" or name in writer.BY_HAND else None
            assert callable(getattr(room or getattr(client, tag), name.rpartition(".")[2])), name


def test_the_committed_modules_are_those_of_the_description(
    writer: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert writer.main(["--check"]) == 0


def test_a_stale_module_is_named(
    writer: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src").mkdir()
    writer_root, package = writer.ROOT, writer.PACKAGE
    made = tmp_path / "src"
    for name in ("shapes.py", "rooms.py"):
        (made / name).write_bytes((package / name).read_bytes())
    (made / "rooms.py").write_text("x = 1\n")
    writer.PACKAGE = made
    writer.ROOT = tmp_path
    (tmp_path / "docs").symlink_to(writer_root / "docs")
    (tmp_path / "pyproject.toml").symlink_to(writer_root / "pyproject.toml")
    try:
        assert writer.main(["--check"]) == 1
    finally:
        writer.ROOT, writer.PACKAGE = writer_root, package
    said = capsys.readouterr().out
    assert "rooms.py：已过期" in said
    assert "shapes.py" not in said


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"properties": {"class": {"type": "string"}}}, "class is no name"),
        ({"properties": {"etag": {"type": "string"}}}, "etag is no name"),
        (
            {"properties": {"x": {"type": "string", "format": "date", "default": "2025-01-01"}}},
            "a default time",
        ),
    ],
)
def test_what_has_no_words_is_refused(
    writer: ModuleType, planted: dict[str, Any], said: str
) -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    document = {**DESCRIPTION, "components": {"schemas": {**schemas, "Accepted": planted}}}
    with pytest.raises(writer.Unfit, match=said):
        writer.shapes_text(writer.Description(document))


def test_the_client_loads_neither_framework_nor_engine() -> None:
    program = (
        "import sys, gongshu_client\n"
        "print(*{'django', 'duckdb', 'pyarrow', 'pandas', 'gongshu', 'gongshu_server'}"
        " & set(sys.modules))\n"
        "import gongshu_client.receipts\n"
        "print(*{'django', 'duckdb', 'pyarrow', 'gongshu_server'} & set(sys.modules))\n"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == []
    assert rooms.Rooms.__doc__
