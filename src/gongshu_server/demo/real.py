"""The same story over real, published tables: bytes as they were published, nothing prepared.

The tables were open already. So that the story can show what holds for data that is not, the run
treats named ones as not opened, and says so.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gongshu.lake.subjects import ENTERPRISE
from gongshu.vocabulary.errors import Invalid
from gongshu_server.catalogue import queries
from gongshu_server.demo.city.model import Subject
from gongshu_server.demo.stage import Stage
from gongshu_server.demo.tables import MONTHS, Table

# Registration types as the licence table writes them; a code list that its provider confirms.
_KINDS = {
    "kind": "values",
    "values": [
        "有限责任公司(自然人投资或控股)",
        "有限责任公司(自然人独资)",
        "有限责任公司(法人独资)",
        "其他有限责任公司",
        "股份有限公司(非上市、自然人投资或控股)",
        "其他股份有限公司(非上市)",
        "集体所有制(股份合作)",
        "股份有限公司(上市、自然人投资或控股)",
        "集体所有制",
        "其他股份有限公司(上市)",
    ],
}
_VERDICTS = {"kind": "values", "values": ["合格", "不合格"]}


@dataclass(frozen=True, slots=True)
class Published:
    """One published table and its place in the story; `stem` begins the file's name."""

    key: str
    stem: str
    title: str
    department: str
    items: tuple[str, ...]
    opened: bool = False
    lattices: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


PUBLISHED: tuple[Published, ...] = (
    Published(
        "enterprises",
        "科技型中小企业",
        "科技型中小企业",
        "market_regulation",
        ("企业名称", "统一社会信用代码", "统计年份"),
        opened=True,
        roles={"name": "企业名称"},
    ),
    Published(
        "safety_licences",
        "安全生产许可证信息",
        "安全生产许可证信息",
        "emergency",
        ("证号", "企业名称", "行政相对人代码", "经济类型", "延期有效期"),
        lattices={"经济类型": _KINDS, "延期有效期": MONTHS},
        roles={"group": "经济类型", "until": "延期有效期", "name": "企业名称"},
    ),
    Published(
        "inspections",
        "密云区应急管理局执法检查信息",
        "应急执法检查信息",
        "emergency",
        ("企业名称", "现场检查时间", "现场检查结果"),
        lattices={"现场检查结果": _VERDICTS, "现场检查时间": MONTHS},
        roles={"status": "现场检查结果", "bad": "不合格"},
    ),
    Published(
        "tax_arrears",
        "企业欠税公告信息",
        "企业欠税公告信息",
        "taxation",
        ("企业或单位名称", "纳税人识别号", "欠税金额", "税种"),
        roles={"amount": "欠税金额"},
    ),
    Published(
        "high_tech",
        "海淀区中关村高新技术企业库",
        "高新技术企业库",
        "market_regulation",
        ("统一社会信用代码", "法人单位名称", "所属技术领域"),
    ),
    Published(
        "abnormal", "经营异常企业信息", "经营异常企业信息", "market_regulation", ("企业名称",)
    ),
    Published(
        "contracts",
        "政府采购项目采购合同信息表",
        "政府采购合同信息",
        "housing",
        ("合同代码", "供应商名称", "金额"),
    ),
    Published(
        "hazardous_chemicals",
        "危险化学品获证登记企业信息",
        "危险化学品登记公告",
        "emergency",
        ("发布时间(日期类型(YYYY-MM-DD h24:mm:ss))",),
    ),
)


def replace(found: Mapping[str, Table], folder: Path) -> tuple[dict[str, Table], list[str]]:
    """Return the story's tables with the real ones in place, and what has to be said about it.

    Raises Invalid when the folder is missing or holds none of the tables.
    """
    if not folder.is_dir():
        raise Invalid(f"没有目录“{folder}”，请核对 --data。", code="no_data_folder")
    files = sorted(p for p in folder.iterdir() if p.is_file())
    tables, missing = dict(found), []
    for published in PUBLISHED:
        path = next((p for p in files if p.name.startswith(published.stem)), None)
        if path is None:
            missing.append(published.stem)
        else:
            tables[published.key] = _table(published, path)
    real = [t for t in tables.values() if t.real]
    if not real:
        raise Invalid(f"“{folder}”里没有故事所用的任何一张表。", code="no_tables")
    closed = "、".join(t.title for t in real if not t.opened)
    notes = [f"真实表格 {len(real)} 张；其中本已公开、本次按未开放处理的：{closed}"]
    notes += [f"没有找到“{stem}”，这一部分改用生成的数据" for stem in missing]
    return tables, notes


def _table(published: Published, path: Path) -> Table:
    return Table(
        key=published.key,
        path=path,
        title=published.title,
        about=f"公开发布的{published.title}",
        department=published.department,
        items=published.items,
        real=True,
        opened=published.opened,
        lattices=published.lattices,
        roles=published.roles,
    )


def subjects(stage: Stage) -> dict[str, Any]:
    """Return whom the story follows in the real licence table, and the corrected file.

    Enterprises with one licence only: one in force, one expired, and one that objects.
    """
    day = stage.facts["day"]
    licences = stage.tables["safety_licences"]
    name, until = licences.roles["name"], licences.roles["until"]
    rows = queries.open_rows(
        queries.latest_snapshot(stage.resource("safety_licences")),
        columns=(ENTERPRISE, name, until),
    ).read_all()
    ends: dict[str, list[tuple[str, date]]] = {}
    for uscc, text, end in zip(*(rows.column(k).to_pylist() for k in range(3)), strict=True):
        if uscc and end and not uscc.startswith("N:"):
            ends.setdefault(uscc, []).append((text, end))
    single = {uscc: pairs[0] for uscc, pairs in sorted(ends.items()) if len(pairs) == 1}
    valid = [Subject(u, n, e) for u, (n, e) in single.items() if e >= day]
    expired = [Subject(u, n, e) for u, (n, e) in single.items() if e < day]
    if not valid or len(expired) < 2:
        raise Invalid("许可证表里找不到有效和过期的企业各若干家。", code="no_subjects")
    return {
        "subjects": {
            "licensed": valid[0],
            "expired": expired[0],
            "unknown": stage.city.examples.unknown,
            "objector": expired[1],
        },
        "checked": list(single)[:200],
        "corrected": corrected(licences.path, expired[1], stage.home / "city"),
    }


def corrected(path: Path, subject: Subject, folder: Path) -> Path:
    """Write the published file with one licence's last day corrected, and nothing else changed."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if subject.valid_until is None:
        raise Invalid("更正需要原来的有效期。", code="no_date")
    wrong = subject.valid_until
    right = wrong.replace(year=wrong.year + 3, day=min(wrong.day, 28))
    lines = data.split(b"\n")
    code = subject.id.encode()
    for place, line in enumerate(lines):
        if code in line:
            lines[place] = line.replace(wrong.isoformat().encode(), right.isoformat().encode())
    target = folder / "更正" / path.name.removesuffix(".gz")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"\n".join(lines))
    return target
