"""What departments know about people and things: visits, reimbursements, institutions, water."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np

from gongshu_server.demo.city.dirt import SPELLINGS, Row
from gongshu_server.demo.city.enterprise_tables import Cast, Table
from gongshu_server.demo.city.names import person_names
from gongshu_server.demo.city.population import Enterprises, Residents, bank_cards, draw_days

# Department of the clinic and the diagnoses seen there, most frequent first.
_CLINICS: Final = (
    ("内科", ("急性上呼吸道感染", "原发性高血压", "慢性胃炎", "2型糖尿病", "支气管炎")),
    ("儿科", ("小儿上呼吸道感染", "小儿腹泻", "手足口病")),
    ("外科", ("软组织损伤", "阑尾炎", "胆囊结石")),
    ("骨科", ("腰椎间盘突出", "颈椎病", "膝关节骨性关节炎")),
    ("口腔科", ("龋齿", "牙周炎")),
    ("眼科", ("结膜炎", "白内障", "屈光不正")),
    ("皮肤科", ("湿疹", "荨麻疹")),
    ("妇产科", ("妊娠检查", "阴道炎")),
    ("精神心理科", ("焦虑障碍", "抑郁发作")),
    ("感染科", ("慢性乙型病毒性肝炎", "肺结核")),
)
_RESERVOIRS: Final = (
    ("云浦水库", 86.0, 10_400.0),
    ("石溪水库", 142.5, 3_260.0),
    ("松湾水库", 61.8, 1_175.0),
)
_INSTITUTIONS: Final = (("大药房", "零售药店"), ("门诊部", "门诊部"), ("医院", "医院"))
_STREETS: Final = ("临港大道", "青屿路", "望海街", "云浦路", "石溪大街", "松湾路", "澜江路")


def visits(rng: np.random.Generator, people: Residents, patient: int, as_of: date) -> Table:
    """List outpatient visits of one year (卫健委 门诊就诊记录): everybody once, some more often.

    The last ten rows are visits of one patient whose number is spelled ten ways.
    """
    again = rng.integers(0, len(people.id), len(people.id) // 5)
    who = np.concatenate([rng.permutation(len(people.id)), again, [patient] * len(SPELLINGS)])
    clinics = rng.choice(len(_CLINICS), len(who), p=_falling(len(_CLINICS))).tolist()
    luck = rng.random(len(who)).tolist()
    days = draw_days(rng, len(who), as_of - timedelta(days=364), as_of)
    ids = [people.id[w] for w in who.tolist()]
    ids[-len(SPELLINGS) :] = [spell(ids[-1]) for spell in SPELLINGS]
    columns = (
        ids,
        [people.name[w] for w in who.tolist()],
        [people.mobile[w] for w in who.tolist()],
        days.astype(str).tolist(),
        [_CLINICS[c][0] for c in clinics],
        [_diagnosis(c, x) for c, x in zip(clinics, luck, strict=True)],
    )
    # Two equal visits would look like a planted duplicate, so each row is kept once.
    unique = dict.fromkeys(zip(*columns, strict=True))
    spared = frozenset(n for n, row in enumerate(unique) if row[1] == people.name[patient])
    rows: list[Row] = [list(row) for row in unique]
    items = ("证件号码", "姓名", "手机号", "就诊日期", "科室", "诊断")
    return Table(items, rows, spared, respelled=len(SPELLINGS))


def _falling(count: int) -> np.ndarray:
    """Give shares that fall like 1/rank."""
    shares = 1.0 / np.arange(1, count + 1)
    return np.asarray(shares / shares.sum())


def _diagnosis(clinic: int, luck: float) -> str:
    """Choose a diagnosis of the clinic, the earlier ones more often."""
    names = _CLINICS[clinic][1]
    return names[int(luck * luck * len(names))]


def reimbursements(rng: np.random.Generator, people: Residents, patient: int, as_of: date) -> Table:
    """List payments to patients' bank cards (医保局 零星报销发放)."""
    count = max(1, len(people.id) // 12)
    who = np.setdiff1d(rng.permutation(len(people.id))[:count], [patient])
    columns = (
        [people.id[w] for w in who.tolist()],
        [people.name[w] for w in who.tolist()],
        bank_cards(rng, len(who)),
        [f"{amount:.2f}" for amount in np.exp(rng.normal(6.5, 1.1, len(who))).tolist()],
        draw_days(rng, len(who), as_of - timedelta(days=364), as_of).tolist(),
    )
    items = ("证件号码", "姓名", "银行卡号", "报销金额(元)", "发放日期")
    return Table(items, [list(row) for row in zip(*columns, strict=True)])


def institutions(rng: np.random.Generator, firms: Enterprises, cast: Cast) -> Table:
    """List institutions that medical insurance pays (医保局 定点医药机构)."""
    count = max(1, round(len(firms.uscc) * 0.04))
    owners = np.setdiff1d(rng.permutation(len(firms.uscc))[:count], sorted(cast.everybody()))
    kinds = rng.choice(3, len(owners), p=(0.7, 0.22, 0.08)).tolist()
    districts = firms.district_names(owners)
    numbers = rng.integers(1, 400, len(owners)).tolist()
    streets = rng.integers(0, len(_STREETS), len(owners)).tolist()
    columns = (
        [f"{'PHC'[k]}1399{n:06d}" for n, k in enumerate(kinds, start=1)],
        [firms.uscc[o] for o in owners.tolist()],
        [
            f"{firms.name[o]}{_INSTITUTIONS[k][0]}"
            for o, k in zip(owners.tolist(), kinds, strict=True)
        ],
        districts,
        [_INSTITUTIONS[k][1] for k in kinds],
        [
            f"临澜市{d}{_STREETS[s]}{n}号"
            for d, s, n in zip(districts, streets, numbers, strict=True)
        ],
        person_names(rng, len(owners)),
        (15_400_000_000 + rng.integers(0, 10**7, len(owners))).astype("U11").tolist(),
    )
    items = ("机构编码", "统一社会信用代码", "机构名称", "行政区", "机构类别")
    rows: list[Row] = [list(row) for row in zip(*columns, strict=True)]
    return Table((*items, "地址", "负责人", "联系电话"), rows)


def reservoir_levels(rng: np.random.Generator, hours: int, as_of: date) -> Table:
    """List levels of three reservoirs by the hour (水务局 水库水情).

    The last `hours` before `as_of`. Level in metres, stored water in ten thousand cubic metres;
    the season and the hour move both.
    """
    ends = np.datetime64(as_of, "h")
    times = ends - np.arange(hours, 0, -1).astype("timedelta64[h]")
    stamps = [stamp.replace("T", " ") + ":00" for stamp in times.astype(str).tolist()]
    rows: list[Row] = []
    turn = 2 * np.pi * np.arange(hours)
    for name, level, volume in _RESERVOIRS:
        drift = np.cumsum(rng.normal(0, 0.01, hours)) * np.exp(-np.arange(hours) / hours)
        levels = level + 2.4 * np.sin(turn / 8766) + 0.06 * np.sin(turn / 24) + drift
        volumes = volume * (1 + (levels - level) / 24)
        for stamp, metres, water in zip(stamps, levels.tolist(), volumes.tolist(), strict=True):
            rows.append([name, stamp, f"{metres:.2f}", f"{water:.2f}"])
    return Table(("水库名称", "时间", "水位(m)", "蓄水量(万立方米)"), rows)
