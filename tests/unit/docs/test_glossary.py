"""The glossary holds every word of the code's vocabularies, code and Chinese word on one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gongshu.policy.limits import WORDINGS
from gongshu.procedures import all_procedures
from gongshu.risk import ReleaseModel
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.levels import IdentifierClass, Level, OpenAttribute, Regime, SubjectKind
from gongshu.vocabulary.permissions import ORGANISATION_ROLES, POST_DUTIES
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu.vocabulary.terms import Term
from gongshu_server.market.models import Product

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([^`|]+)` \| ([^|]+) \|$")


def _terms(vocabulary: type[Term]) -> dict[str, str]:
    return {str(term): term.zh for term in vocabulary}


VOCABULARIES: Mapping[str, Mapping[str, str]] = {
    "roles": ORGANISATION_ROLES,
    "duties": POST_DUTIES,
    "procedures": {procedure.code: procedure.zh for procedure in all_procedures()},
    "regimes": _terms(Regime),
    "purposes": _terms(Purpose),
    "actions": _terms(Action),
    "businesses": _terms(Business),
    "levels": _terms(Level),
    "identifiers": _terms(IdentifierClass),
    "subjects": _terms(SubjectKind),
    "open attributes": _terms(OpenAttribute),
    "release models": _terms(ReleaseModel),
    "limits": {code: wording.zh for code, wording in WORDINGS.items()},
}


def glossary() -> list[tuple[str, str, str, str]]:
    """Return the rows of the glossary: Chinese, English, code, meaning."""
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    matches = (ROW.fullmatch(line) for line in lines)
    rows = [m.groups() for m in matches if m is not None]
    return [(zh, english, code, meaning) for zh, english, code, meaning in rows]


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_word_of_the_code_is_in_the_glossary(name: str) -> None:
    found = {(code, zh) for zh, _, code, _ in glossary()}
    missing = [pair for pair in VOCABULARIES[name].items() if pair not in found]
    assert not missing, f"not in GLOSSARY.md: {missing}"


def test_every_form_of_a_product_is_in_the_glossary() -> None:
    found = {(code, zh) for zh, _, code, _ in glossary()}
    forms = dict(Product._meta.get_field("form").choices or ())
    assert forms
    assert set(forms.items()) <= found


def test_every_line_has_both_languages() -> None:
    rows = glossary()
    assert len(rows) > 100
    for zh, english, _, meaning in rows:
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert re.fullmatch(r"[ -~–]+", english)
        assert " · " in meaning


def test_no_line_is_lost_to_a_broken_table() -> None:
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    tables = [line for line in lines if line.startswith("|")]
    heads = sum(1 for line in tables if line.startswith("| 中文 |"))
    assert len(tables) == len(glossary()) + 2 * heads
