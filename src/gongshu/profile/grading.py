"""The impact matrix of GB/T 43697-2024: whom harm hits, how badly, and so which level."""

from __future__ import annotations

from typing import Final

from gongshu.vocabulary.levels import Level
from gongshu.vocabulary.terms import Term


class Impact(Term):
    """Whom or what the leak or misuse of data would hit 影响对象."""

    national_security = "national_security", "国家安全"
    economy = "economy", "经济运行"
    social_order = "social_order", "社会秩序"
    public_interest = "public_interest", "公共利益"
    organisation = "organisation", "组织权益"
    person = "person", "个人权益"


class Harm(Term):
    """How grave the harm would be 影响程度."""

    especially_serious = "especially_serious", "特别严重危害"
    serious = "serious", "严重危害"
    general = "general", "一般危害"


_NATION: Final = {
    Harm.especially_serious: Level.core,
    Harm.serious: Level.core,
    Harm.general: Level.important,
}
_PUBLIC: Final = {
    Harm.especially_serious: Level.core,
    Harm.serious: Level.important,
    Harm.general: Level.general,
}

# From ten million people on, processors of personal information carry the duties of important data
# (网络数据安全管理条例 第28条).
MANY_PERSONS: Final = 10_000_000


def level_of(impact: Impact, harm: Harm) -> Level:
    """Look up the level for an object and a degree of harm (impact matrix of GB/T 43697-2024).

    Harm to organisations and persons alone gives general data, however grave.
    """
    if impact is Impact.national_security:
        return _NATION[harm]
    if impact in (Impact.organisation, Impact.person):
        return Level.general
    return _PUBLIC[harm]


def level_of_persons(count: int) -> Level:
    """Propose the level of data about `count` different persons.

    So many people that their rights become the public's interest: serious harm to it.
    """
    if count >= MANY_PERSONS:
        return level_of(Impact.public_interest, Harm.serious)
    return level_of(Impact.person, Harm.serious)
