"""What cannot be evaluated is refused when it is proposed, with every fault at once."""

import pytest

from gongshu.policy import Quota, refuse_unevaluable
from gongshu.vocabulary.errors import Invalid
from unit.policy.worlds import START, plain_grant

FAULTS = {
    "no id": ({"id": " "}, "许可编号"),
    "no grantee": ({"grantee": ""}, "被许可方"),
    "no clause": ({"clause": ""}, "依据"),
    "no case": ({"case": ""}, "办件"),
    "no object": ({"object": "resource:"}, "许可对象"),
    "strange object": ({"object": "table:1"}, "table:1"),
    "blank scenario": ({"scenario": " "}, "应用场景"),
    "clause of no limit": ({"clauses": {"weather": "27-21"}}, "weather"),
    "no action": ({"actions": frozenset()}, "没有写明许可的操作"),
    "unknown action": ({"actions": frozenset({"query", "sell"})}, "操作“sell”"),
    "no purpose": ({"purposes": frozenset()}, "没有写明许可的用途"),
    "unknown purpose": ({"purposes": frozenset({"marketing"})}, "用途“marketing”"),
    "unknown business": ({"businesses": frozenset({"resale"})}, "业务“resale”"),
    "blank item": ({"items": frozenset({"name", ""})}, "空白的名称"),
    "strange region": ({"regions": frozenset({"99"})}, "区域“99”"),
    "empty region": ({"regions": frozenset({""})}, "区域“”"),
    "zeros": ({"regions": frozenset({"330100"})}, "请写成“3301”"),
    "empty period": ({"valid_until": START}, "起始时间不早于截止时间"),
    "no quota": ({"quota": Quota(0, "day")}, "用量限额0"),
    "strange period": ({"quota": Quota(5, "week")}, "week"),
    "negative minimum": ({"minimum": -1}, "最小主体数-1"),
    "no rows": ({"max_rows": 0}, "输出行数上限0"),
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"businesses": frozenset(), "regions": frozenset(), "quota": None, "max_rows": None},
        {"items": frozenset(), "minimum": 0, "scenario": None, "parent": None, "clauses": {}},
        {"regions": frozenset({"33", "320100001", "110101"}), "object": "product:P-1"},
    ],
)
def test_what_can_be_evaluated_passes(changes):
    assert refuse_unevaluable(plain_grant(**changes)) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(fault):
    changes, words = FAULTS[fault]
    with pytest.raises(Invalid) as refusal:
        refuse_unevaluable(plain_grant(**changes))
    assert refusal.value.code == "unevaluable_limit"
    assert len(refusal.value.details) == 1
    assert words in refusal.value.details[0]
    assert words in refusal.value.sentence
    assert "请改正" in refusal.value.sentence


def test_all_faults_are_listed_at_once():
    spoilt = plain_grant(
        actions=frozenset(), regions=frozenset({"x"}), minimum=-1, quota=Quota(-1, "year")
    )
    with pytest.raises(Invalid) as refusal:
        refuse_unevaluable(spoilt)
    assert len(refusal.value.details) == 5
    assert "5处" in refusal.value.sentence
    assert refusal.value.clause == "27-14"
