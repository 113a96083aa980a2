"""The queries that the story drafts, over generated and over real tables."""

from __future__ import annotations

from typing import Any

from gongshu_server.demo.tables import Table

ENTERPRISE = "主体_企业"


def queries(tables: dict[str, Table]) -> dict[str, Any]:
    """Return the story's SQL texts by name, with the words that refusals must name."""
    licences, inspections = tables["safety_licences"], tables["inspections"]
    arrears, register = tables["tax_arrears"], tables["enterprises"]
    insured = tables["insured_staff"]
    group, name = licences.roles["group"], licences.roles["name"]
    status, bad = inspections.roles["status"], inspections.roles["bad"]
    amount, until = arrears.roles["amount"], licences.roles["until"]
    band = insured.items[-1]
    return {
        "sql.out_of_scope": f'SELECT b."{band}" AS 分档, count(*) AS 企业数\n'
        f'FROM "{insured.title}" AS b\nGROUP BY b."{band}"',
        "naming": (insured.items[-1],),
        "sql.raw_unopened": f'SELECT "{name}" AS 客户名称\nFROM "{licences.title}"',
        "raw_item": name,
        "sql.raw_opened": f'SELECT "{register.roles["name"]}" AS 客户名称\nFROM "{register.title}"',
        "sql.isolating": (
            f'SELECT l."{group}" AS 组别,\n'
            f'       sum(CASE WHEN l."{name}" = \'某企业\' THEN t."{amount}" ELSE 0 END) AS 金额\n'
            f'FROM "{licences.title}" AS l\n'
            f'JOIN "{arrears.title}" AS t ON l."{ENTERPRISE}" = t."{ENTERPRISE}"\n'
            f'GROUP BY l."{group}"'
        ),
        "sql.lawful": (
            f'SELECT l."{group}" AS 组别,\n'
            f'       count(DISTINCT l."{ENTERPRISE}") AS 持证企业数,\n'
            f'       count(DISTINCT l."{ENTERPRISE}") FILTER (WHERE i."{status}" = \'{bad}\')\n'
            f"         AS 隐患未整改企业数,\n"
            f'       count(DISTINCT t."{ENTERPRISE}") AS 欠税企业数\n'
            f'FROM "{licences.title}" AS l\n'
            f'LEFT JOIN "{inspections.title}" AS i ON l."{ENTERPRISE}" = i."{ENTERPRISE}"\n'
            f'LEFT JOIN "{arrears.title}" AS t ON l."{ENTERPRISE}" = t."{ENTERPRISE}"\n'
            f'GROUP BY l."{group}"'
        ),
        "sql.service": (
            f'SELECT "{ENTERPRISE}" AS 主体, "{until}" >= DATE \'{{day}}\' AS 有效\n'
            f'FROM "{licences.title}"'
        ),
    }
