"""Cedar judges the same uses by the same limits, and never says anything else.

`make bench` puts 100,000 pairs to both (`benchmarks/second_evaluator.py`); here are fewer.
"""

from __future__ import annotations

from random import Random

import pytest

from gongshu.policy import evaluation
from unit.policy import cedar, worlds
from unit.policy.worlds import plain_grant, plain_use

PAIRS = 4_000


def test_cedar_never_disagrees() -> None:
    tally = cedar.compare(20260901, PAIRS)

    assert tally.pairs >= PAIRS
    assert tally.disagreements == ()
    assert 0.1 < tally.allowed / tally.pairs < 0.9, "both answers must be common"


def test_cedar_says_yes_to_the_plain_case_and_names_the_grant() -> None:
    asked = [cedar.request(plain_use(), {"g1": 0}), cedar.request(plain_use(), {"g1": 100})]

    assert cedar.permitted_by([plain_grant()], asked) == [{"g1"}, set()]


@pytest.mark.parametrize("limit", range(12))
def test_a_limit_that_our_evaluator_forgets_is_contradicted(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each limit in turn is taken as kept: Cedar, which knows it still, disagrees."""
    honest = evaluation.kept

    def careless(*arguments: object) -> tuple[bool, ...]:
        verdict = honest(*arguments)  # type: ignore[arg-type] - handed on as they came
        return (*verdict[:limit], True, *verdict[limit + 1 :])

    assert len(honest(*_compiled())) == 12
    monkeypatch.setattr(evaluation, "kept", careless)

    assert cedar.compare(7, 1_500).disagreements


def _compiled() -> tuple[object, ...]:
    from gongshu.policy import GrantIndex

    grant = worlds.random_grant(Random(1), "g1")
    (held,) = GrantIndex.build([grant]).held(grant.grantee, grant.object)
    return held, plain_use(), {}
