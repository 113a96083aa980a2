"""The generated reference pages: written, compared, and a stale one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongshu.vocabulary.events import EVENTS
from gongshu_server.api.steps import names
from gongshu_server.commands import documents
from gongshu_server.configuration import SETTINGS
from gongshu_server.journeys.actions import ACTIONS


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Return a folder laid out as in the repository, with every page written."""
    folder = tmp_path / "docs" / "reference"
    assert documents.run(write=folder, check=None) == 0
    return folder


def test_written_pages_pass_the_check(reference: Path) -> None:
    assert documents.run(write=None, check=reference) == 0
    assert (reference.parent.parent / ".env.example").is_file()


@pytest.mark.parametrize(
    "name", ["settings.md", "actions.md", "events.md", "quality.md", "openapi.json"]
)
def test_a_stale_page_is_named(
    reference: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = reference / name
    page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    capsys.readouterr()
    assert documents.run(write=None, check=reference) == 1
    said = capsys.readouterr().out
    assert name in said
    others = {"settings.md", "events.md", "quality.md", "openapi.json", ".env.example"} - {name}
    assert not any(other in said for other in others)


def test_a_stale_environment_file_is_named(
    reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = reference.parent.parent / ".env.example"
    example.write_text(example.read_text(encoding="utf-8") + "X=1\n", encoding="utf-8")
    capsys.readouterr()
    assert documents.run(write=None, check=reference) == 1
    assert ".env.example：已过期" in capsys.readouterr().out


def test_a_missing_page_is_named(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (reference / "events.md").unlink()
    capsys.readouterr()
    assert documents.run(write=None, check=reference) == 1
    assert "events.md：缺少" in capsys.readouterr().out


def test_pages_of_the_library_are_left_alone(reference: Path) -> None:
    page = reference / "permissions.md"
    page.write_text("a page that the library writes\n", encoding="utf-8")
    assert documents.run(write=reference, check=None) == 0
    assert page.read_text(encoding="utf-8") == "a page that the library writes\n"


def test_without_a_folder_nothing_is_done() -> None:
    assert documents.run(write=None, check=None) == 2


def test_making_the_pages_again_changes_nothing() -> None:
    assert documents.pages() == documents.pages()


def test_every_setting_has_its_line() -> None:
    page, example = documents.settings_page(), documents.pages()[documents.ENV_EXAMPLE]
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in page
        assert f"\n{setting.name}={setting.default}\n" in f"\n{example}"


def test_every_action_has_its_line_with_endpoint_and_permission() -> None:
    page = documents.actions_page()
    for name in {*names(), *ACTIONS.values()}:
        line = next(row for row in page.splitlines() if row.startswith(f"| `{name}` |"))
        assert (f"`POST /api/v1/actions/{name.replace('.', '/')}`" in line) == (name in names())
    approval = next(row for row in page.splitlines() if "`operation.approve_scenario`" in row)
    assert "`scenario.approve`" in approval
    assert "procedures/scenario_application.md" in approval


def test_every_event_has_its_line() -> None:
    page = documents.events_page()
    for name, zh in EVENTS.items():
        assert f"| `{name}` | {zh} |" in page
    approved = next(row for row in page.splitlines() if row.startswith("| `scenario.approved` |"))
    assert "`operation.approve_scenario`" in approved
    assert approved.count("—") == 0, "its effect, the grants, is missing"


def test_every_public_action_is_in_the_description_of_the_interface() -> None:
    paths = json.loads(documents.openapi())["paths"]
    for name in names():
        assert f"/api/v1/actions/{name.replace('.', '/')}" in paths
