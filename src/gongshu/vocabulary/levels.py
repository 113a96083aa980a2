"""Level, grade and regime: how harmful an item is, and therefore how it may leave.

Level (核心/重要/一般, GB/T 43697-2024) measures harm to the nation and the public; grade (1–4)
subdivides general data; the regime follows from both, from whom the item is about and from
whether it was lawfully opened. They are separate fields, never one scale.
"""

from __future__ import annotations

from enum import IntEnum

from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.terms import Term


class Level(Term):
    """The level of data by the harm that its leak or misuse does (GB/T 43697-2024)."""

    core = "core", "核心数据"
    important = "important", "重要数据"
    general = "general", "一般数据"


class Grade(IntEnum):
    """The grade of general data by the harm to persons and organisations; 4 is the gravest."""

    one = 1
    two = 2
    three = 3
    four = 4

    @property
    def zh(self) -> str:
        return f"{self.value}级"


class Regime(Term):
    """The way in which an item may leave the clean room."""

    open = "open", "开放"
    entity = "entity", "实体级"
    statistical = "statistical", "统计级"
    sealed = "sealed", "封存级"


class IdentifierClass(Term):
    """What an item tells about who a row is about (GB/T 37964-2019)."""

    direct = "direct", "直接标识符"
    quasi = "quasi", "准标识符"
    sensitive = "sensitive", "敏感属性"
    other = "other", "其他属性"


class SubjectKind(Term):
    """What a row is about."""

    person = "person", "个人"
    enterprise = "enterprise", "企业"
    thing = "thing", "事物"


class ShareAttribute(Term):
    """How other departments may get a resource (809号 第13条)."""

    unconditional = "unconditional", "无条件共享"
    conditional = "conditional", "有条件共享"
    closed = "closed", "不予共享"


class OpenAttribute(Term):
    """Whether a resource is open to the public."""

    unconditional = "unconditional", "无条件开放"
    conditional = "conditional", "有条件开放"
    closed = "closed", "不予开放"


def regime_of(*, opened: bool, level: Level, grade: int, subject: SubjectKind) -> Regime:
    """Return the regime of an item (`grade` 1–4); the stricter of two readings wins (就高从严).

    An item that is important or of grade 4 is sealed even when its row says that it was opened:
    one of the two entries is wrong, and nothing may leave until a person has found out which.

    Raises `Invalid` for core data, which never enters the platform, and for an unknown grade.
    Source: GB/T 43697-2024 for level and grade; the regimes are our own disclosure-control rules.
    """
    if level == Level.core:
        raise Invalid(
            "核心数据不进入本平台。请停止编目，按核心数据的管理要求另行处理。",
            code="core_data",
            clause="dsl-21",
        )
    if grade not in tuple(Grade):
        raise Invalid(
            f"数据分级只有1至4级，收到的是“{grade}”。请改填1、2、3或4。", code="unknown_grade"
        )
    if level == Level.important or grade == Grade.four:
        return Regime.sealed
    if opened:
        return Regime.open
    if subject == SubjectKind.person or grade == Grade.three:
        return Regime.statistical
    return Regime.entity
