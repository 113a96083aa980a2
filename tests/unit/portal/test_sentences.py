"""English of what library and node say: every term, every sentence, found again by its pattern."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import polib
import pytest
from django.utils import translation

from gongshu.policy.limits import WORDINGS
from gongshu.procedures import all_clauses, all_procedures
from gongshu_server.portal import sentences
from gongshu_server.portal.speech import say

ROOT = Path(__file__).resolve().parents[3]
LOCALE = ROOT / "src" / "gongshu_server" / "portal" / "locale"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def said() -> ModuleType:
    """Return the collector that `scripts/messages` uses."""
    spec = importlib.util.spec_from_file_location("said", ROOT / "scripts" / "said.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["said"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read as an English reader does."""
    with translation.override("en"):
        yield


def catalogue(name: str) -> dict[str, str]:
    """Return a catalogue as {Chinese: English}."""
    path = LOCALE / name / "en" / "LC_MESSAGES" / "django.po"
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


def test_every_term_of_the_tables_has_english(said: ModuleType) -> None:
    known = catalogue("terms")
    lacking = sorted(term for term in said.terms() if not known.get(term))
    assert not lacking, "scripts/messages --write, then: " + "；".join(lacking)


def test_every_sentence_has_english_with_its_placeholders(said: ModuleType) -> None:
    known = catalogue("sentences")
    lacking = sorted(text for text in said.sentences() if not known.get(text))
    assert not lacking, "scripts/messages --write, then: " + "\n".join(lacking)
    for text, english in known.items():
        places = [set(re.findall(r"{\d+}", each)) for each in (text, english)]
        assert places[0] == places[1], text


def test_every_text_of_a_page_has_english_and_is_compiled() -> None:
    """`scripts/messages --check` names what lacks English, is unused, or is not compiled."""
    command = [sys.executable, str(ROOT / "scripts" / "messages"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tables_are_really_looked_at(said: ModuleType) -> None:
    """A state, a step, a limit, a document, a role, a clause and a post title are among them."""
    terms = said.terms()
    table = all_procedures()[0]
    assert {table.zh, *table.states.values()} <= terms
    assert {clause.short for clause in all_clauses()} <= terms
    assert {"数据管理部门", "经办人", "审核发布目录", "保密审查意见"} <= terms


def test_a_planted_sentence_is_found(said: ModuleType, tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        '"""一份说明。"""\nimport re\nX = re.compile("甲|乙")\nY = f"收到{x}件，共{y}元。"\n'
        'Z = "请在{day}前办理。"\n',
        encoding="utf-8",
    )
    assert set(said._literals(planted)) == {"收到{0}件，共{1}元。", "请在{0}前办理。"}


SAID = {
    "缺少“摘要”；数据项名称有重复。": "“Summary” is missing; names of items repeat.",
    "请一次性补齐：存证情况、应用场景信息": "Supply all of this at once: Evidence on the ledger, "
    "Information on the scenario",
    "这一行有 2 列，表头有 4 列": "the row has 2 columns, the header 4",
    "“首次登记”现处于“已受理”，不能“受理”。现在可以办理：形式审核通过。": None,
    "您的机构角色或岗位职责不包含“审核发布目录”，请由有此职责的机构和岗位办理。": None,
    "安澜数据（授权运营协议上限）": "安澜数据 (ceiling of the agreement)",
    "市场监管/单位标识": "Market regulation/identifier of an organisation",
}


@pytest.mark.parametrize(("text", "wanted"), SAID.items())
def test_a_sentence_is_english_again(text: str, wanted: str | None) -> None:
    found = say(text)
    if wanted is not None:
        assert found == wanted
    else:
        assert not CHINESE.search(found), found


@pytest.mark.parametrize("limit", sorted(WORDINGS))
def test_every_reason_of_the_policy_is_english(limit: str) -> None:
    words = WORDINGS[limit]
    text = words.sentence.format(asked="产业发展", allowed="公共治理、公益事业")
    assert not CHINESE.search(say(text)), say(text)
    assert not CHINESE.search(say(words.zh))


def test_names_are_left_as_they_are() -> None:
    assert say("《安全生产许可证》的新版本不得开放，已停止开放：甲乙。请核对后重新申请开放。") == (
        "The new version of “安全生产许可证” may not be open; opening has stopped: 甲乙. "
        "Please check and apply to open again."
    )
    assert say("临澜市应急管理局") == "临澜市应急管理局"


def test_chinese_readers_get_what_was_said() -> None:
    with translation.override("zh-hans"):
        assert say("缺少“摘要”。") == "缺少“摘要”。"


@pytest.mark.parametrize(
    "text",
    [
        "不" * 2000,
        "；" * 1999 + "不",
        "甲、" * 1000,
        "甲：甲。甲；甲、" * 250,
        "申请的范围超出上级许可：" * 160,
        "“" * 1000 + "”" * 1000,
        "不支持" * 9000,
    ],
)
def test_whatever_is_written_ends_soon(text: str) -> None:
    sentences.patterns()
    start = time.process_time()
    say(text)
    assert time.process_time() - start < 1


def test_what_is_cut_wrongly_is_not_used() -> None:
    """The piece between two literals is never half of one sentence and half of the next."""
    pattern = sentences.Pattern(("甲", "乙"), "a{0}b", "甲", 2)
    assert pattern.cut("甲丙乙") == ("丙",)
    assert pattern.cut("甲乙") == ("",)
    assert pattern.cut("甲") is None
    assert pattern.cut("乙甲") is None
