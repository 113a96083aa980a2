"""What departments know about firms: registration, licences, inspections, chemicals, taxes, staff.

Each function returns a `Table` of clean rows; dirt is planted afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from gongshu_server.demo.city.dirt import SPELLINGS, Row
from gongshu_server.demo.city.names import INDUSTRIES
from gongshu_server.demo.city.population import Enterprises, draw_days

LICENCE_YEARS: Final = 3
_CHEMICALS: Final = ("液氨", "甲醇", "乙醇", "氢氧化钠溶液", "盐酸", "硫酸", "液化石油气", "丙酮")
_BANDS: Final = ("1至9人", "10至49人", "50至99人", "100至299人", "300至999人", "1000人以上")
_TAXES: Final = ("增值税", "企业所得税", "城市维护建设税", "房产税", "城镇土地使用税")
_PERMITS: Final = ("建筑业企业资质", "建筑工程施工许可", "商品房预售许可", "燃气经营许可")
_LICENCE_SCOPES: Final = {
    "采矿业": "露天开采",
    "制造业": "危险化学品生产",
    "电力、热力、燃气及水生产和供应业": "燃气经营",
    "建筑业": "建筑施工",
    "交通运输、仓储和邮政业": "危险货物储存",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Clean rows under `items`; those at the positions `spared` get no dirt.

    `respelled` counts identifiers that already stand in another spelling.
    """

    items: tuple[str, ...]
    rows: list[Row]
    spared: frozenset[int] = frozenset()
    respelled: int = 0


@dataclass(frozen=True, slots=True)
class Cast:
    """The firms of the story, as indices into the city's firms.

    `first_days` says when the licences of those who hold one begin.
    """

    licensed: int
    expired: int
    unlicensed: int
    objector: int
    many_spellings: int
    first_days: dict[int, date]

    def everybody(self) -> frozenset[int]:
        """Return all indices."""
        return frozenset(
            {self.licensed, self.expired, self.unlicensed, self.objector, self.many_spellings}
        )


def last_day(first: date) -> date:
    """Count the last day of a licence: three years, the day before the anniversary."""
    if (first.month, first.day) == (2, 29):
        return date(first.year + LICENCE_YEARS, 2, 28)
    return first.replace(year=first.year + LICENCE_YEARS) - timedelta(days=1)


def registrations(firms: Enterprises, cast: Cast) -> Table:
    """List every firm (市场监管局 企业登记信息)."""
    everything = np.arange(len(firms.uscc))
    columns = (
        firms.uscc,
        firms.name,
        firms.district_names(everything),
        [INDUSTRIES[i][0] for i in firms.industry.tolist()],
        firms.founded.astype(str).tolist(),
        [f"{value:.2f}" for value in firms.capital.tolist()],
        firms.state,
    )
    items = ("统一社会信用代码", "企业名称", "行政区", "行业门类", "成立日期")
    return _table((*items, "注册资本(万元)", "登记状态"), columns, everything, cast)


def licences(
    rng: np.random.Generator,
    firms: Enterprises,
    cast: Cast,
    as_of: date,
) -> tuple[Table, np.ndarray]:
    """List one safety licence per holder (应急管理局 安全生产许可证), and who the holders are.

    Two in five of those who need a licence hold one.
    """
    firsts = cast.first_days
    needing = firms.needing_licence()
    chosen = needing[rng.random(len(needing)) < 0.4]
    holders = np.union1d(np.setdiff1d(chosen, [cast.unlicensed]), sorted(firsts))
    days = draw_days(rng, len(holders), as_of - timedelta(days=1500), as_of).tolist()
    days = [firsts.get(h, day) for h, day in zip(holders.tolist(), days, strict=True)]
    names = [firms.name[h].replace("（", "(").replace("）", ")") for h in holders.tolist()]
    columns = (
        [f"(临)安许证字〔{day.year}〕{n:05d}号" for n, day in enumerate(days, start=1)],
        [firms.uscc[h] for h in holders.tolist()],
        names,  # This office types half-width brackets.
        firms.district_names(holders),
        [_LICENCE_SCOPES[INDUSTRIES[i][0]] for i in firms.industry[holders].tolist()],
        days,
        [last_day(day) for day in days],
    )
    items = ("许可证编号", "统一社会信用代码", "企业名称", "行政区", "许可范围")
    return _table((*items, "有效期起", "有效期止"), columns, holders, cast), holders


def inspections(
    rng: np.random.Generator, firms: Enterprises, cast: Cast, holders: np.ndarray, as_of: date
) -> Table:
    """List inspections of two years (应急管理局 执法检查), mostly of licence holders.

    The last ten rows inspect one firm whose code is spelled ten ways.
    """
    needing = firms.needing_licence()
    count = round(len(firms.uscc) * 0.38)
    visited = np.where(
        rng.random(count) < 0.7, rng.choice(holders, count), rng.choice(needing, count)
    )
    visited[-len(SPELLINGS) :] = cast.many_spellings
    found = rng.poisson(1.3, count)
    open_share = np.where(found > 0, 0.22, 0.0)
    days = draw_days(rng, count, as_of - timedelta(days=730), as_of).tolist()
    codes = [firms.uscc[v] for v in visited.tolist()]
    codes[-len(SPELLINGS) :] = [spell(codes[-1]) for spell in SPELLINGS]
    columns = (
        [f"临应急检〔{day.year}〕{n:05d}号" for n, day in enumerate(days, start=1)],
        codes,
        [firms.name[v] for v in visited.tolist()],
        firms.district_names(visited),
        days,
        found.tolist(),
        ["未整改" if left else "已整改" for left in (rng.random(count) < open_share).tolist()],
    )
    items = ("检查编号", "统一社会信用代码", "企业名称", "行政区", "检查日期")
    table = _table((*items, "隐患数", "整改状态"), columns, visited, cast)
    return replace(table, respelled=len(SPELLINGS))


def chemicals(
    rng: np.random.Generator, firms: Enterprises, cast: Cast, holders: np.ndarray, as_of: date
) -> Table:
    """List registrations of hazardous chemicals (应急管理局 危险化学品登记)."""
    registered = rng.permutation(holders)[: max(1, len(holders) * 2 // 5)]
    days = draw_days(rng, len(registered), as_of - timedelta(days=1000), as_of).tolist()
    columns = (
        [f"1399{day.year}{n:05d}" for n, day in enumerate(days, start=1)],
        [firms.uscc[r] for r in registered.tolist()],
        [firms.name[r] for r in registered.tolist()],
        firms.district_names(registered),
        [_CHEMICALS[c] for c in rng.integers(0, len(_CHEMICALS), len(registered)).tolist()],
        rng.choice(("一级", "二级", "三级", "四级", "不构成"), len(registered)).tolist(),
        days,
    )
    items = ("登记编号", "统一社会信用代码", "企业名称", "行政区", "化学品名称")
    return _table((*items, "重大危险源等级", "登记日期"), columns, registered, cast)


def arrears(rng: np.random.Generator, firms: Enterprises, cast: Cast, as_of: date) -> Table:
    """List announced tax arrears in yuan (税务局 欠税公告)."""
    count = round(len(firms.uscc) * 0.055)
    owing = rng.permutation(len(firms.uscc))[:count]
    amounts = np.exp(rng.normal(11.5, 1.6, count))
    columns = (
        [firms.uscc[o] for o in owing.tolist()],
        [firms.name[o] for o in owing.tolist()],
        firms.district_names(owing),
        rng.choice(_TAXES, count).tolist(),
        [f"{amount:.2f}" for amount in amounts.tolist()],
        draw_days(rng, count, as_of - timedelta(days=360), as_of).tolist(),
    )
    items = ("统一社会信用代码", "企业名称", "行政区", "欠税税种", "欠税金额", "公告日期")
    return _table(items, columns, owing, cast)


def insured_staff(rng: np.random.Generator, firms: Enterprises, cast: Cast) -> Table:
    """List bands of insured staff (人社局 参保人数分档); no name stands beside the code."""
    insured = np.flatnonzero(rng.random(len(firms.uscc)) < 0.87)
    bands = rng.choice(len(_BANDS), len(insured), p=(0.55, 0.27, 0.09, 0.06, 0.02, 0.01)).tolist()
    columns = ([firms.uscc[i] for i in insured.tolist()], [_BANDS[b] for b in bands])
    return _table(("统一社会信用代码", "参保人数分档"), columns, insured, cast)


def permits(rng: np.random.Generator, firms: Enterprises, cast: Cast, as_of: date) -> Table:
    """List administrative permits of the building trade (住建局 行政许可)."""
    builders = np.flatnonzero([i in ("建筑业", "制造业") for i in _industry_names(firms)])
    granted = rng.choice(builders, max(1, round(len(firms.uscc) * 0.12)))
    days = draw_days(rng, len(granted), as_of - timedelta(days=1400), as_of).tolist()
    columns = (
        [f"临建许〔{day.year}〕{n:05d}号" for n, day in enumerate(days, start=1)],
        [firms.uscc[g] for g in granted.tolist()],
        [firms.name[g] for g in granted.tolist()],
        rng.choice(_PERMITS, len(granted)).tolist(),
        days,
        [last_day(day) for day in days],
    )
    items = (
        "许可决定文书号",
        "统一社会信用代码",
        "企业名称",
        "许可类别",
        "许可决定日期",
        "有效期至",
    )
    return _table(items, columns, granted, cast)


def _industry_names(firms: Enterprises) -> list[str]:
    return [INDUSTRIES[i][0] for i in firms.industry.tolist()]


def _table(
    items: tuple[str, ...], columns: Sequence[Sequence[object]], firms: np.ndarray, cast: Cast
) -> Table:
    """Turn columns into rows; rows about the cast are spared from dirt."""
    rows: list[Row] = [list(row) for row in zip(*columns, strict=True)]
    spared = np.flatnonzero(np.isin(firms, sorted(cast.everybody())))
    return Table(items, rows, frozenset(spared.tolist()))
