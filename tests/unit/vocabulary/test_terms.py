"""Codes are stable and every one has its Chinese word."""

import json

import pytest

from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.levels import (
    IdentifierClass,
    Level,
    OpenAttribute,
    Regime,
    SubjectKind,
)
from gongshu.vocabulary.purposes import Business, Purpose

LISTS = {
    Action: "process read query build export call download",
    Purpose: "public_governance public_welfare industry sector filing review audit opening",
    Business: "resource_development product_operation technical_service",
    Level: "core important general",
    Regime: "open entity statistical sealed",
    IdentifierClass: "direct quasi sensitive other",
    SubjectKind: "person enterprise thing",
    OpenAttribute: "unconditional conditional closed",
}


@pytest.mark.parametrize("terms", LISTS, ids=lambda terms: terms.__name__)
def test_codes_do_not_change(terms):
    assert [member.value for member in terms] == LISTS[terms].split()
    assert [member.name for member in terms] == LISTS[terms].split()


@pytest.mark.parametrize("terms", LISTS, ids=lambda terms: terms.__name__)
def test_every_code_has_its_own_chinese_word(terms):
    words = [member.zh for member in terms]
    assert len(set(words)) == len(words)
    assert all(word and not word.isascii() for word in words)


def test_a_term_is_its_code():
    assert Purpose("industry") is Purpose.industry
    assert Purpose.industry == "industry"
    assert "industry" in frozenset({Purpose.industry})
    assert json.dumps(Purpose.industry) == '"industry"'
    assert type(str(Purpose.industry)) is str


def test_an_unknown_code_is_no_term():
    with pytest.raises(ValueError, match="marketing"):
        Purpose("marketing")
