"""The sector of a resource by the words of its department, title and headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

UNKNOWN: Final = "未归类"

# The order decides between equal counts: the narrower subject stands first.
_SECTORS: Final = (
    ("应急管理", "应急|安全生产|隐患|危险化学品|危险源|执法检查|消防|救灾"),
    ("卫生健康", "卫健|卫生|医院|门诊|就诊|诊断|疾病|病|疫苗|科室"),
    ("医疗保障", "医保|医疗保障|报销|定点医药"),
    ("税务", "税务|欠税|纳税(?!人识别号)|税种|税额"),
    ("人力资源和社会保障", "人社|人力资源|社会保障|社保|参保|就业|工伤|失业"),
    ("水利", "水务|水利|水库|水位|蓄水|河道|防汛"),
    ("住房和城乡建设", "住建|住房|城乡建设|建筑|施工|房产|物业|燃气"),
    ("公用事业", "用气|用水|用电|用热|供水|供气|供热|供电"),
    ("市场监管", "市场监管|市场监督|工商|企业登记|登记状态|注册资本|经营异常|食品安全|抽检"),
    ("生态环境", "生态|环境|污染|排放|减排|空气|水质"),
    ("科技", "科技|高新技术|研发|专利"),
    ("教育", "教育|学校|学生|招生|学籍"),
    ("交通运输", "交通|运输|道路|公交|车辆|驾驶"),
    ("公安", "公安|户籍|户口|常住人口|车牌"),
    ("民政", "民政|低保|救助|养老|婚姻登记|社会组织"),
    ("自然资源", "自然资源|规划|土地|不动产|测绘|林业|矿产"),
    ("农业农村", "农业|农村|种植|畜牧|渔业"),
    ("财政", "财政|政府采购|预算|决算"),
    ("气象", "气象|降水|气温|风速"),
    ("文化和旅游", "文旅|文化|旅游|景区|图书馆"),
    ("商务", "商务|外贸|进出口|零售"),
    ("金融", "金融|银行|信贷|保险"),
)


def sector_of(department: str, title: str, headers: Sequence[str]) -> tuple[str, str | None]:
    """Find the sector, and the word that decided it (None for `UNKNOWN`).

    The department's own name weighs most, then the title, then the headers.
    """
    for text in (department, title):
        scored = _scored(text)
        if scored is not None:
            return scored
    return _scored("，".join(headers)) or (UNKNOWN, None)


def _scored(text: str) -> tuple[str, str] | None:
    """Find the sector with most different words in `text`."""
    best: tuple[str, str] | None = None
    most = 0
    for sector, words in _SECTORS:
        found = list(dict.fromkeys(re.findall(words, text)))
        if len(found) > most:
            best, most = (sector, found[0]), len(found)
    return best
