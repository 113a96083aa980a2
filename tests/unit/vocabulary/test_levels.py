"""Which regime an item falls under: the whole table, and the stricter reading where two compete."""

import itertools

import pytest

from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.levels import Grade, Level, Regime, SubjectKind, regime_of

STRICTNESS = [Regime.open, Regime.entity, Regime.statistical, Regime.sealed]


@pytest.mark.parametrize(
    ("opened", "level", "grade", "subject", "expected"),
    [
        (True, Level.general, 1, SubjectKind.thing, Regime.open),
        (True, Level.general, 2, SubjectKind.enterprise, Regime.open),
        (True, Level.general, 3, SubjectKind.person, Regime.open),
        (False, Level.general, 1, SubjectKind.enterprise, Regime.entity),
        (False, Level.general, 2, SubjectKind.thing, Regime.entity),
        (False, Level.general, 1, SubjectKind.person, Regime.statistical),
        (False, Level.general, 3, SubjectKind.person, Regime.statistical),
        (False, Level.general, 3, SubjectKind.enterprise, Regime.statistical),
        (False, Level.general, 4, SubjectKind.thing, Regime.sealed),
        (False, Level.important, 1, SubjectKind.thing, Regime.sealed),
        (True, Level.important, 1, SubjectKind.thing, Regime.sealed),
        (True, Level.general, 4, SubjectKind.enterprise, Regime.sealed),
    ],
)
def test_regime_of_one_item(opened, level, grade, subject, expected):
    assert regime_of(opened=opened, level=level, grade=grade, subject=subject) is expected


def test_more_harm_never_means_a_looser_regime():
    for opened, subject in itertools.product((True, False), SubjectKind):
        regimes = [
            regime_of(opened=opened, level=Level.general, grade=grade, subject=subject)
            for grade in Grade
        ]
        assert regimes == sorted(regimes, key=STRICTNESS.index)


@pytest.mark.parametrize("opened", [True, False])
def test_core_data_never_enters(opened):
    with pytest.raises(Invalid) as refusal:
        regime_of(opened=opened, level=Level.core, grade=1, subject=SubjectKind.thing)
    assert (refusal.value.code, refusal.value.clause) == ("core_data", "dsl-21")
    assert "核心数据" in refusal.value.sentence


@pytest.mark.parametrize("grade", [0, 5, -1])
def test_an_unknown_grade_is_refused(grade):
    with pytest.raises(Invalid, match="1至4级"):
        regime_of(opened=False, level=Level.general, grade=grade, subject=SubjectKind.thing)


def test_grades_are_numbers_with_a_word():
    assert [int(grade) for grade in Grade] == [1, 2, 3, 4]
    assert Grade.four.zh == "4级"
