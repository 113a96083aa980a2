"""Scope: the grant decides on what is really used; every broken limit is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from city import (
    ARREARS,
    AT,
    DEVELOPER,
    INDEX,
    LICENCES,
    OUTSIDER,
    SOURCES,
    ask,
    codes,
    grant,
    grants,
)

from gongshu.policy import GrantIndex, Quota
from gongshu.vocabulary.errors import Invalid

BY_STATE = "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1"
JOINED = (
    "SELECT l.许可状态, count(DISTINCT t.主体_企业) AS n FROM 安全生产许可证 l "
    "LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1"
)


@pytest.mark.parametrize(
    ("limits", "facts", "limit"),
    [
        ({"items": frozenset({"行政区划代码"})}, {}, "items"),
        ({"purposes": frozenset({"filing"})}, {}, "purpose"),
        ({"businesses": frozenset({"technical_service"})}, {}, "business"),
        ({"actions": frozenset({"query"})}, {}, "action"),
        ({"actions": frozenset({"export"})}, {}, "action"),
        ({"valid_until": datetime(2026, 8, 1, tzinfo=UTC)}, {}, "period"),
        ({"revoked_at": datetime(2026, 8, 1, tzinfo=UTC)}, {}, "revoked"),
        ({"quota": Quota(3, "total")}, {"spent": {"grant:安全生产许可证": 3}}, "quota"),
        ({"scenario": "scenario:1"}, {}, "scenario"),
        ({"subject_authorisation": True}, {}, "subject_authorisation"),
        ({"regions": frozenset({"1101"})}, {"region": "31"}, "region"),
    ],
)
def test_each_broken_limit_is_named_with_its_clause(
    limits: dict[str, Any], facts: dict[str, Any], limit: str
) -> None:
    limits = {**limits, "clauses": {limit: "clause-of-limit"}}

    verdict = ask(BY_STATE, index=grants(安全生产许可证=limits), **facts)

    assert not verdict.allowed
    assert codes(verdict) == {f"scope.{limit}"}
    (finding,) = verdict.findings
    assert finding.clause == "clause-of-limit"
    assert LICENCES.title in finding.sentence
    assert finding.reasons[0].limit == limit


def test_every_broken_limit_of_every_source_is_named_at_once() -> None:
    index = grants(
        安全生产许可证={"items": frozenset(), "purposes": frozenset()},
        欠税={"actions": frozenset({"query"})},
    )

    verdict = ask(JOINED, index=index)

    assert codes(verdict) == {"scope.items", "scope.purpose", "scope.action"}
    assert {f.sentence.partition("》")[0] for f in verdict.findings} == {
        "《安全生产许可证",
        "《欠税公告",
    }


def test_items_that_only_filter_or_group_are_asked_for() -> None:
    index = grants(安全生产许可证={"items": frozenset({"许可状态"})})

    assert ask(BY_STATE, index=index).allowed
    filtered = BY_STATE.replace("GROUP", "WHERE 有效期止 >= DATE '2026-01-01' GROUP")
    (finding,) = ask(filtered, index=index).findings
    assert finding.code == "scope.items"
    assert "有效期止" in finding.reasons[0].asked


def test_items_that_are_selected_below_and_not_used_are_not_asked_for() -> None:
    index = grants(安全生产许可证={"items": frozenset({"许可状态"})})
    sql = (
        "WITH a AS (SELECT * FROM 安全生产许可证) "
        "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM a GROUP BY 1"
    )

    verdict = ask(sql, index=index)

    assert verdict.allowed, verdict.findings
    assert verdict.plan is not None
    assert verdict.plan.sources == {"安全生产许可证": ("许可状态", "主体_企业")}


def test_a_source_whose_rows_alone_are_used_is_asked_about() -> None:
    index = grants(欠税={"purposes": frozenset()})

    assert codes(ask(JOINED, index=index)) == {"scope.purpose"}


def test_an_outsider_cannot_tell_a_hidden_source_from_none() -> None:
    hidden = ask("SELECT 编号 FROM 涉密名录")
    nothing = ask("SELECT 编号 FROM 没有名录")
    outsider = ask(BY_STATE, party=OUTSIDER)

    assert codes(hidden) == codes(nothing) == codes(outsider) == {"scope.not_found"}
    one, other = hidden.findings[0], nothing.findings[0]
    assert one.sentence.replace("涉密名录", "没有名录") == other.sentence
    assert (one.clause, one.where, one.reasons) == (other.clause, other.where, other.reasons)
    assert hidden.lineage == nothing.lineage == outsider.lineage == ()
    assert outsider.grants == {}


def test_a_yes_names_its_grants() -> None:
    assert ask(JOINED).grants == {
        LICENCES.resource: "grant:安全生产许可证",
        ARREARS.resource: "grant:欠税",
    }


def test_building_a_service_needs_the_right_to_build_and_no_other() -> None:
    sql = "SELECT 主体_企业, 许可状态 FROM 安全生产许可证"
    builder = grants(
        安全生产许可证={"actions": frozenset({"build"}), "subject_authorisation": True}
    )
    reader = grants(安全生产许可证={"actions": frozenset({"query", "export"})})

    assert ask(sql, index=builder, exit="service").allowed
    assert codes(ask(sql, index=reader, exit="service")) == {"scope.action"}


@pytest.mark.parametrize(
    ("minimum", "published", "k"), [(0, False, 10), (15, False, 15), (0, True, 21), (30, True, 30)]
)
def test_k_is_the_strictest_of_the_rule_the_grants_and_publication(
    minimum: int, published: bool, k: int
) -> None:
    index = grants(欠税={"minimum": minimum})

    plan = ask(JOINED, index=index, published=published).plan

    assert plan is not None
    assert plan.k == k


def test_the_smallest_row_limit_of_all_sources_holds() -> None:
    index = grants(安全生产许可证={"max_rows": 500}, 欠税={"max_rows": 40})

    plan = ask(JOINED, index=index).plan

    assert plan is not None
    assert plan.max_rows == 40


# -- regions -----------------------------------------------------------------------------------


def test_a_limited_grant_cuts_rows_to_its_regions_without_being_asked() -> None:
    index = grants(安全生产许可证={"regions": frozenset({"1101", "31"})})

    plan = ask(BY_STATE, index=index).plan

    assert plan is not None
    condition = plan.rows[LICENCES.table]
    assert (condition.item, condition.prefixes) == ("行政区划代码", ("1101", "31"))
    assert 'STARTS_WITH("gs_t"."行政区划代码", \'1101\')' in plan.sql
    assert 'STARTS_WITH("gs_t"."行政区划代码", \'31\')' in plan.sql
    assert "行政区划代码" in plan.sources[LICENCES.table]


def test_a_region_that_is_asked_for_cuts_rows_to_itself() -> None:
    index = grants(安全生产许可证={"regions": frozenset({"11"})})

    plan = ask(BY_STATE, index=index, region="110105").plan
    whole = ask(BY_STATE, index=index, region="110000").plan

    assert plan is not None
    assert whole is not None
    assert plan.rows[LICENCES.table].prefixes == ("110105",)
    assert whole.rows[LICENCES.table].prefixes == ("11",)


def test_an_unlimited_grant_cuts_nothing() -> None:
    plan = ask(BY_STATE).plan

    assert plan is not None
    assert plan.rows == {}
    assert "STARTS_WITH" not in plan.sql


def test_every_use_of_a_limited_source_is_cut() -> None:
    index = grants(安全生产许可证={"regions": frozenset({"11"})})
    sql = (
        "SELECT a.许可状态, count(DISTINCT a.主体_企业) AS n FROM 安全生产许可证 a "
        "JOIN (SELECT 主体_企业 FROM 安全生产许可证 WHERE 企业规模 = '大') b "
        "ON a.主体_企业 = b.主体_企业 GROUP BY 1"
    )

    plan = ask(sql, index=index).plan

    assert plan is not None
    assert plan.sql.count("STARTS_WITH(") == 2


def test_a_limited_grant_on_a_source_without_region_codes_is_refused() -> None:
    index = grants(欠税={"regions": frozenset({"11"})})

    verdict = ask(JOINED, index=index)

    assert codes(verdict) == {"scope.region_not_evaluable"}
    assert "欠税公告" in verdict.findings[0].sentence


def test_other_limits_are_named_beside_the_region() -> None:
    index = grants(安全生产许可证={"regions": frozenset({"11"}), "purposes": frozenset()})

    assert codes(ask(BY_STATE, index=index)) == {"scope.purpose"}


def test_an_unknown_region_or_exit_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(Invalid):
        ask(BY_STATE, region="9999")
    with pytest.raises(Invalid):
        ask(BY_STATE, exit="window")


def test_two_grants_are_not_added_up() -> None:
    half = {"items": frozenset({"许可状态"})}
    rest = {"items": frozenset({"有效期止", "行政区划代码"}), "id": "grant:rest"}
    index = GrantIndex.build([grant(LICENCES, **half), grant(LICENCES, **rest)])
    sql = BY_STATE.replace("GROUP", "WHERE 有效期止 >= DATE '2026-01-01' GROUP")

    assert ask(BY_STATE, index=index).allowed
    assert codes(ask(sql, index=index)) == {"scope.items"}


def test_the_town_is_as_the_tests_think() -> None:
    assert {g.grantee for g in INDEX} == {DEVELOPER}
    assert len(INDEX) == len(SOURCES) - 1
    assert AT.tzinfo is UTC


def test_the_regions_of_a_grant_that_allows_the_use_are_taken() -> None:
    """Of two limited grants the one that covers the items decides, whichever comes first."""
    longer = {"regions": frozenset({"31"}), "items": frozenset({"企业规模"}), "id": "grant:31"}
    longer["valid_until"] = datetime(2026, 12, 31, tzinfo=UTC)
    fitting = {"regions": frozenset({"11"}), "valid_until": datetime(2026, 10, 1, tzinfo=UTC)}
    index = GrantIndex.build([grant(LICENCES, **longer), grant(LICENCES, **fitting)])

    plan = ask(BY_STATE, index=index).plan

    assert plan is not None
    assert plan.rows[LICENCES.table].prefixes == ("11",)
