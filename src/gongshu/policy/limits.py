"""The limits of a grant in words: what was asked, what is allowed, what to do next.

Each sentence is read by an official or a buyer at the moment in which a use is refused, so it says
the asked and the allowed side by side and names the way on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gongshu.policy.decisions import Reason
from gongshu.policy.grants import Grant
from gongshu.policy.periods import BEIJING
from gongshu.policy.uses import UNBOUNDED, Use
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu.vocabulary.regions import region_label

_SHOWN_AT_MOST: Final = 12
_PER: Final = MappingProxyType({"total": "许可期内", "day": "每日", "month": "每月"})

Side = Callable[[Grant, Use, int], str]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one kind of limit; `sentence` is a template over {asked} and {allowed}.

    `asked` and `allowed` take the grant, the use and what was spent in the quota period.
    """

    zh: str
    asked: Side
    allowed: Side
    sentence: str


def reasons_against(
    use: Use, grant: Grant, broken: Iterable[str], spent: int
) -> tuple[Reason, ...]:
    """Return the reasons that the limits of `grant` with the codes `broken` give against the use.

    `spent` is what was used in the grant's quota period before.
    """
    return tuple(_reason(use, grant, limit, spent) for limit in broken)


def _reason(use: Use, grant: Grant, limit: str, spent: int) -> Reason:
    words = WORDINGS[limit]
    asked, allowed = words.asked(grant, use, spent), words.allowed(grant, use, spent)
    sentence = words.sentence.format(asked=asked, allowed=allowed)
    return Reason(limit, words.zh, asked, allowed, grant.clause_of(limit), sentence)


def _listed(words: Collection[str]) -> str:
    """Return words as a Chinese list; a long one is cut and counted."""
    if not words:
        return "无"
    shown = "、".join(sorted(words)[:_SHOWN_AT_MOST])
    return shown if len(words) <= _SHOWN_AT_MOST else f"{shown}等{len(words)}项"


def _worded(codes: Collection[str], words: Mapping[str, str]) -> str:
    return _listed([words.get(code, code) for code in codes])


def _moment(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _number(amount: int) -> str:
    return "不限" if amount >= UNBOUNDED else str(amount)


def _quota(grant: Grant) -> str:
    return "不限" if grant.quota is None else f"{_PER[grant.quota.per]}{grant.quota.amount}"


_ACTIONS: Final = MappingProxyType({str(term): term.zh for term in Action})
_PURPOSES: Final = MappingProxyType({str(term): term.zh for term in Purpose})
_BUSINESSES: Final = MappingProxyType({str(term): term.zh for term in Business})

WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        "revoked": Wording(
            "撤销",
            lambda grant, use, spent: _moment(use.at),
            lambda grant, use, spent: (
                f"{_moment(grant.revoked_at)}以前" if grant.revoked_at else "不限"
            ),
            "许可已被撤销：请求的用数时间是{asked}，只能用到{allowed}。"
            "请停止使用；对撤销有异议的，请向作出许可的单位提出。",
        ),
        "period": Wording(
            "期限",
            lambda grant, use, spent: _moment(use.at),
            lambda grant, use, spent: (
                f"{_moment(grant.valid_from)}起至{_moment(grant.valid_until)}前"
            ),
            "不在许可期限内：请求的用数时间是{asked}，许可期限是{allowed}。请在期限内使用，或申请续期。",
        ),
        "action": Wording(
            "操作",
            lambda grant, use, spent: _ACTIONS.get(use.action, use.action),
            lambda grant, use, spent: _worded(grant.actions, _ACTIONS),
            "操作不在许可范围内：请求的操作是{asked}，许可的操作是{allowed}。"
            "请改用许可的操作，或申请变更许可。",
        ),
        "items": Wording(
            "数据项",
            lambda grant, use, spent: _listed(use.items - grant.items),
            lambda grant, use, spent: _listed(grant.items),
            "数据项不在许可范围内：请求中超出的是{asked}，许可的数据项是{allowed}。"
            "请去掉超出的数据项，或就这些数据项另行申请。",
        ),
        "purpose": Wording(
            "用途",
            lambda grant, use, spent: _PURPOSES.get(use.purpose, use.purpose),
            lambda grant, use, spent: _worded(grant.purposes, _PURPOSES),
            "用途不在许可范围内：请求的用途是{asked}，许可的用途是{allowed}。"
            "请按许可的用途使用，或就新的用途另行申请。",
        ),
        "business": Wording(
            "业务",
            lambda grant, use, spent: _BUSINESSES.get(use.business or "", use.business or "未说明"),
            lambda grant, use, spent: _worded(grant.businesses, _BUSINESSES),
            "业务不在授权范围内：请求的业务是{asked}，授权的业务是{allowed}。"
            "请说明并改用授权的业务，或申请变更授权。",
        ),
        "region": Wording(
            "区域",
            lambda grant, use, spent: region_label(use.region) if use.region else "未限定区域",
            lambda grant, use, spent: _listed([region_label(code) for code in grant.regions]),
            "区域超出许可范围：请求的区域是{asked}，许可的区域是{allowed}。"
            "请把取数区域限定在许可范围内，或申请扩大区域。",
        ),
        "scenario": Wording(
            "应用场景",
            lambda grant, use, spent: use.scenario or "未说明",
            lambda grant, use, spent: grant.scenario or "不限",
            "应用场景不符：请求的场景是{asked}，许可的场景是{allowed}。"
            "一个场景申请一次；请按许可的场景使用，或为新的场景另行申请。",
        ),
        "quota": Wording(
            "用量",
            lambda grant, use, spent: f"{_number(use.amount)}（已用{spent}）",
            lambda grant, use, spent: _quota(grant),
            "用量超出许可：请求的用量是{asked}，许可用量是{allowed}。"
            "请减少用量、等到下一周期，或申请增加用量。",
        ),
        "minimum": Wording(
            "最小主体数",
            lambda grant, use, spent: "未保证" if use.minimum is None else str(use.minimum),
            lambda grant, use, spent: f"不少于{grant.minimum}",
            "输出的每组主体太少：请求的每组最少主体数是{asked}，许可要求{allowed}。"
            "请合并分组后重新提交。",
        ),
        "rows": Wording(
            "输出行数",
            lambda grant, use, spent: "未说明" if use.rows is None else _number(use.rows),
            lambda grant, use, spent: (
                "不限" if grant.max_rows is None else f"不多于{grant.max_rows}"
            ),
            "输出行数超出许可：请求的行数是{asked}，许可的行数是{allowed}。请缩小输出后重新提交。",
        ),
        "subject_authorisation": Wording(
            "数据主体授权",
            lambda grant, use, spent: "没有数据主体授权",
            lambda grant, use, spent: "凭数据主体的电子授权使用",
            "缺少数据主体授权：请求中{asked}，许可的条件是{allowed}。"
            "请先取得该主体的电子授权，再重新提出请求。",
        ),
    }
)
"""The words of every limit."""

LIMITS: Final = tuple(WORDINGS)
"""The code of every limit, in the order in which reasons are given and `kept` evaluates them."""
