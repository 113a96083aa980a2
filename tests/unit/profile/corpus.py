"""A labelled corpus of Chinese columns from a seed: what is sensitive, and what only looks so.

No value is anybody's: areas that do not exist (1399..), number ranges without subscribers, names
composed at random. Hard negatives are what offices really keep beside such columns: order numbers,
time stamps, serials, phone-like device codes, places that begin like a surname.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gongshu.profile import FindingKind
from gongshu.vocabulary import identifiers as ids

SEED, ROWS = 20240921, 400
Rng = np.random.Generator
Maker = Callable[[Rng, int], list[str]]
K = FindingKind
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰建国志文海燕晨曦子涵梓轩浩宇欣怡"
PROVINCES = "京津沪冀豫云辽黑湘皖鲁苏浙赣鄂桂甘晋蒙陕吉闽贵粤青川"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A column and what it is; `also` are kinds that may be named beside it without being wrong."""

    header: str
    values: list[str | None]
    kind: FindingKind | None
    also: frozenset[FindingKind] = frozenset()


def pick(rng: Rng, items: Sequence[str], count: int) -> list[str]:
    """Return items at random, the first ones more often, as surnames are."""
    places = np.minimum(rng.geometric(min(2.5 / len(items), 0.6), count) - 1, len(items) - 1)
    return [items[place] for place in places.tolist()]


def digits(rng: Rng, length: int, count: int, first: str = "123456789") -> list[str]:
    """Return numbers of so many digits."""
    rest = rng.integers(0, 10, (count, length - 1)).astype(str)
    heads = rng.choice(list(first), count)
    return [head + "".join(row) for head, row in zip(heads, rest, strict=True)]


def days(rng: Rng, count: int, start: str = "1950-01-01", span: int = 20_000) -> list[str]:
    """Return days as YYYYMMDD."""
    found = np.datetime64(start) + rng.integers(0, span, count).astype("timedelta64[D]")
    return [day.replace("-", "") for day in found.astype(str).tolist()]


def citizen_ids(rng: Rng, count: int) -> list[str]:
    bodies = [f"139901{d}{n}" for d, n in zip(days(rng, count), digits(rng, 3, count), strict=True)]
    return [body + ids.citizen_id_check_character(body) for body in bodies]


def usccs(rng: Rng, count: int) -> list[str]:
    tails = rng.choice(list(ids.USCC_ALPHABET), (count, 9))
    bodies = ["91139901" + "".join(row) for row in tails]
    return [body + ids.uscc_check_character(body) for body in bodies]


def organisations(rng: Rng, count: int) -> list[str]:
    bodies = digits(rng, 8, count, "MABC12345")
    return [f"{body}-{ids.organisation_code_check_character(body)}" for body in bodies]


def cards(rng: Rng, count: int) -> list[str]:
    bodies = [f"621399{n}" for n in digits(rng, 12, count)]
    return [body + ids.luhn_check_digit(body) for body in bodies]


def mobiles(rng: Rng, count: int) -> list[str]:
    heads = rng.choice(["154", "139", "188", "176"], count)
    return [head + tail for head, tail in zip(heads, digits(rng, 8, count), strict=True)]


def landlines(rng: Rng, count: int) -> list[str]:
    heads = rng.choice(["010", "021", "0571", "0512"], count)
    return [f"{h}-{t}" for h, t in zip(heads, digits(rng, 8, count, "2345678"), strict=True)]


def passports(rng: Rng, count: int) -> list[str]:
    return [
        f"E{letter}{n}"
        for letter, n in zip(
            rng.choice(list("ABCDEFGH"), count), digits(rng, 7, count), strict=True
        )
    ]


def plates(rng: Rng, count: int) -> list[str]:
    tails = rng.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), (count, 5))
    return [
        f"{p}{c}{''.join(t)}"
        for p, c, t in zip(
            pick(rng, PROVINCES, count), rng.choice(list("ABCDEF"), count), tails, strict=True
        )
    ]


def names(rng: Rng, count: int) -> list[str]:
    second = [
        "" if short else one
        for short, one in zip(rng.random(count) < 0.3, pick(rng, GIVEN[::-1], count), strict=True)
    ]
    return [
        a + b + c
        for a, b, c in zip(pick(rng, SURNAMES, count), pick(rng, GIVEN, count), second, strict=True)
    ]


def addresses(rng: Rng, count: int) -> list[str]:
    roads = pick(rng, ["长安街", "解放路", "人民路", "学府巷", "东湖路"], count)
    return [
        f"江城市东湖区{r}{n}号{u}单元{h}室"
        for r, n, u, h in zip(
            roads, digits(rng, 2, count), digits(rng, 1, count), digits(rng, 3, count), strict=True
        )
    ]


def emails(rng: Rng, count: int) -> list[str]:
    hosts = rng.choice(["example.com", "mail.example.cn", "example.org"], count)
    return [f"user{n}@{host}" for n, host in zip(digits(rng, 5, count), hosts, strict=True)]


def ips(rng: Rng, count: int) -> list[str]:
    return [f"{a}.{b}.{c}.{d}" for a, b, c, d in rng.integers(1, 255, (count, 4)).tolist()]


def macs(rng: Rng, count: int) -> list[str]:
    return [
        ":".join(f"{byte:02X}" for byte in row) for row in rng.integers(0, 256, (count, 6)).tolist()
    ]


def points(rng: Rng, count: int) -> list[str]:
    return [
        f"{x:.6f},{y:.6f}"
        for x, y in zip(rng.uniform(115, 118, count), rng.uniform(39, 41, count), strict=True)
    ]


def tokens(rng: Rng, count: int) -> list[str]:
    heads = [
        base64.urlsafe_b64encode(f'{{"alg":"HS256","n":{n}}}'.encode()).decode().rstrip("=")
        for n in digits(rng, 6, count)
    ]
    return [f"{head}.{head[::-1]}.{head[4:]}{head}" for head in heads]


def passwords(rng: Rng, count: int) -> list[str]:
    return [f"Pw{n}!x" for n in digits(rng, 6, count)]


def ethnic(rng: Rng, count: int) -> list[str]:
    return pick(rng, ["汉族", "回族", "白族", "满族", "土家族"], count)


def diagnoses(rng: Rng, count: int) -> list[str]:
    return pick(rng, ["高血压", "糖尿病", "肺炎", "骨折"], count)


# kind, maker, headers that announce it, whether the values alone tell, kinds that fit beside it.
POSITIVE: Sequence[tuple[FindingKind, Maker, Sequence[str], bool, set[FindingKind]]] = (
    (K.citizen_id, citizen_ids, ("身份证号", "公民身份号码", "sfzh", "id_card"), True, set()),
    (K.uscc, usccs, ("统一社会信用代码", "信用代码", "uscc"), True, set()),
    (K.organisation_code, organisations, ("组织机构代码", "机构代码"), True, set()),
    (K.bank_card, cards, ("银行卡号", "发放账号", "bank_card"), True, {K.finance}),
    (K.mobile, mobiles, ("手机号码", "移动电话", "联系电话", "mobile"), True, {K.contact}),
    (K.landline, landlines, ("固定电话", "办公电话", "座机"), True, {K.contact}),
    (K.passport, passports, ("护照号码", "护照号", "passport_no"), False, set()),
    (K.plate, plates, ("车牌号", "号牌号码", "plate_no"), True, set()),
    (K.person_name, names, ("姓名", "申请人", "经办人", "xm", "full_name"), True, set()),
    (K.address, addresses, ("住址", "家庭地址", "户籍地址", "address"), True, set()),
    (K.email, emails, ("电子邮箱", "邮箱", "email"), True, {K.contact}),
    (K.ip, ips, ("登录IP", "IP地址", "client_ip"), True, set()),
    (K.mac, macs, ("MAC地址", "设备MAC"), True, set()),
    (K.coordinates, points, ("经纬度", "坐标"), True, set()),
    (K.secret, tokens, ("访问令牌", "token"), True, set()),
    (K.secret, passwords, ("密码", "登录口令", "password"), False, set()),
    (K.demographic, ethnic, ("民族", "ethnicity"), False, set()),
    (K.medical, diagnoses, ("诊断", "疾病名称", "diagnosis"), False, set()),
)


def serials(prefix: str, width: int) -> Maker:
    """Return a maker of consecutive numbers."""
    return lambda rng, count: [f"{prefix}{n:0{width}d}" for n in range(1_000, 1_000 + count)]


def stamped(tail: int) -> Maker:
    """Return a maker of time stamps with a random tail, as orders are numbered."""
    return lambda rng, count: [
        f"{day}{n}"
        for day, n in zip(
            days(rng, count, "2023-01-01", 700), digits(rng, tail, count), strict=True
        )
    ]


def of(*items: str) -> Maker:
    """Return a maker that picks from a list."""
    return lambda rng, count: pick(rng, items, count)


def numbers(length: int, first: str = "123456789") -> Maker:
    """Return a maker of random numbers."""
    return lambda rng, count: digits(rng, length, count, first)


NEGATIVE: Sequence[tuple[str, Maker]] = (
    ("订单号", stamped(10)),  # 18 digits that begin with a day
    ("流水号", stamped(9)),
    ("交易号", numbers(18)),
    ("业务编号", numbers(16, "456")),
    ("支付单号", numbers(19, "6")),
    ("时间戳", lambda r, n: [str(t) for t in r.integers(1_600_000_000_000, 1_700_000_000_000, n)]),
    ("记录时间", stamped(6)),
    ("序列号", serials("SN", 12)),
    ("设备编号", serials("1390000", 4)),  # phone-like, and consecutive
    ("设备编码", numbers(11, "2")),
    ("工单号", numbers(11)),
    ("快递单号", numbers(13)),
    ("条码", numbers(13, "6")),
    ("IMEI", numbers(15, "8")),
    ("档案号", serials("0571-2023", 4)),
    ("资产编号", serials("000000", 5)),
    ("物料编码", numbers(9)),
    ("批号", lambda r, n: [f"E{x}" for x in digits(r, 8, n)]),
    (
        "版本号",
        lambda r, n: [".".join(map(str, row)) for row in r.integers(0, 12, (n, 4)).tolist()],
    ),
    ("章节", lambda r, n: [".".join(map(str, row)) for row in r.integers(1, 9, (n, 3)).tolist()]),
    ("行政区", of("高新区", "江宁区", "东湖区", "武昌区", "黄陂区", "江夏区")),
    ("民族乡", of("白马乡", "金山乡", "马桥镇", "石桥镇", "高桥镇", "江口镇")),
    (
        "药材",
        of("黄芪", "白术", "马齿苋", "金银花", "石斛", "黄连", "方海", "江离", "高丽参", "谢豹花"),
    ),
    (
        "商品",
        of("马桶", "黄瓜", "白菜", "石榴", "金针菇", "冷柜", "水杯", "毛巾", "雷管", "温度计"),
    ),
    ("部门", of("财政局", "民政局", "教育局", "公安局", "水务局")),
    ("职务", of("主任", "科员", "副科长", "处长", "科长")),
    ("网址", lambda r, n: [f"http://example.com/{x}" for x in digits(r, 5, n)]),
    ("邮政编码", numbers(6)),
    ("金额", lambda r, n: [f"{x:.2f}" for x in r.uniform(1, 9_999, n)]),
    ("比值", lambda r, n: [f"{x:.6f},{y:.6f}" for x, y in r.uniform(0, 1, (n, 2)).tolist()]),
    (
        "通道号",
        lambda r, n: [f"{a:02d}:{b:02d}:{c:02d}" for a, b, c in r.integers(0, 60, (n, 3)).tolist()],
    ),
    (
        "摘要",
        lambda r, n: [f"{x}{y}" for x, y in zip(digits(r, 16, n), digits(r, 16, n), strict=True)],
    ),
    ("企业简介", of("本公司从事软件开发", "本企业生产机床", "经营范围以执照为准")),
    ("会议室", of("东区三层会议室", "行政楼五层", "西区一层大厅")),
    ("车型", of("京A型客车", "解放J6", "东风天龙")),
    ("账期", of("2024年第一季度", "2024年第二季度")),
    ("统计口径", of("规模以上", "限额以上", "全口径")),
    ("单位名称数量", numbers(2)),
    ("手机品牌", of("甲牌", "乙牌", "丙牌")),
    ("银行名称", of("江城银行", "东湖商业银行", "农村信用社")),
)


def covered(make: Maker, first: int, last: int) -> Maker:
    """Return a maker whose values are covered in the middle, as in published lists."""
    return lambda rng, count: [
        v[:first] + "*" * (len(v) - first - last) + v[len(v) - last :] for v in make(rng, count)
    ]


def mixed(one: Maker, other: Maker) -> Maker:
    """Return a maker of every second value from either."""
    return lambda rng, count: [
        a if n % 2 else b
        for n, (a, b) in enumerate(zip(one(rng, count), other(rng, count), strict=True))
    ]


def spelled(make: Maker, spell: Callable[[str], str]) -> Maker:
    """Return a maker of the same values, spelled otherwise."""
    return lambda rng, count: [spell(value) for value in make(rng, count)]


# What offices really send: covered, old, mixed, in other spellings. Not all of it can be found.
HARD: Sequence[tuple[FindingKind, str, Maker, set[FindingKind]]] = (
    (K.citizen_id, "身份证号", covered(citizen_ids, 6, 4), set()),
    (K.citizen_id, "字段7", covered(citizen_ids, 6, 4), set()),
    (K.citizen_id, "身份证号", spelled(citizen_ids, lambda v: v[:6] + v[8:17]), set()),
    (K.citizen_id, "字段7", spelled(citizen_ids, lambda v: v[:6] + v[8:17]), set()),
    (K.citizen_id, "证件号码", mixed(citizen_ids, passports), {K.passport}),
    (K.citizen_id, "字段7", spelled(citizen_ids, lambda v: f"ID:{v}"), set()),
    (K.uscc, "字段7", spelled(usccs, str.lower), set()),
    (
        K.bank_card,
        "字段7",
        spelled(cards, lambda v: " ".join([v[:4], v[4:8], v[8:12], v[12:]])),
        set(),
    ),
    (K.bank_card, "收款账号", covered(cards, 4, 4), {K.finance}),
    (K.mobile, "联系电话", mixed(mobiles, landlines), {K.contact, K.landline}),
    (K.mobile, "字段7", mixed(mobiles, landlines), {K.contact, K.landline}),
    (K.mobile, "字段7", spelled(mobiles, lambda v: f"+86 {v}"), set()),
    (K.mobile, "字段7", spelled(mobiles, lambda v: f"{v[:3]}-{v[3:7]}-{v[7:]}"), set()),
    (K.mobile, "手机号", covered(mobiles, 3, 4), {K.contact}),
    (K.mobile, "字段7", covered(mobiles, 3, 4), set()),
    (K.landline, "办公电话", spelled(landlines, lambda v: v.replace("-", "")), {K.contact}),
    (K.landline, "字段7", spelled(landlines, lambda v: f"({v.replace('-', ')')}"), set()),
    (K.person_name, "姓名", covered(names, 1, 0), set()),
    (K.person_name, "字段7", covered(names, 1, 0), set()),
    (K.person_name, "姓名", of("阿依古丽·买买提", "买买提·艾力", "卓玛·次仁"), set()),
    (K.person_name, "字段7", of("阿依古丽·买买提", "买买提·艾力", "卓玛·次仁"), set()),
    (K.person_name, "经办人员", spelled(names, lambda v: f"{v}、{v[::-1]}"), set()),
    (K.person_name, "字段7", mixed(names, of("无", "不详")), set()),
    (K.plate, "字段7", spelled(plates, lambda v: f"{v[:2]}·{v[2:]}"), set()),
    (K.address, "字段7", spelled(addresses, lambda v: v[6:]), set()),
    (K.address, "字段7", of("石桥村三组", "江口村五组12号", "白马村一组"), set()),
    (K.address, "户籍所在地", addresses, set()),
    (K.email, "字段7", spelled(emails, lambda v: f"{v.upper()};"), set()),
    (K.ip, "字段7", spelled(ips, lambda v: f"{v}:8080"), set()),
    (K.mac, "字段7", spelled(macs, lambda v: v.replace(":", "").lower()), set()),
    (K.coordinates, "经度", lambda r, n: [f"{x:.6f}" for x in r.uniform(115, 118, n)], set()),
    (K.coordinates, "lat", lambda r, n: [f"{x:.6f}" for x in r.uniform(39, 41, n)], set()),
)
# Headers that speak of a kind and hold no value of it.
ABOUT: Sequence[tuple[str, Maker]] = (
    ("证件类型", of("居民身份证", "护照", "军官证")),
    ("身份证件种类", of("居民身份证", "护照")),
    ("护照类型", of("因私", "公务")),
    ("地址类型", of("注册", "经营")),
    ("邮箱类型", of("单位", "个人")),
    ("车牌颜色", of("蓝", "黄", "绿")),
    ("IP数量", numbers(3)),
    ("口令长度", numbers(1)),
    ("坐标系", of("CGCS2000", "WGS84")),
    ("电话费", numbers(3)),
    ("学号", stamped(4)),
    ("工号", numbers(6)),
    ("合同编号", lambda r, n: [f"HT{x}" for x in stamped(4)(r, n)]),
    ("姓名拼音首字母", of("Z", "W", "L")),
    ("诊断日期", lambda r, n: days(r, n)),
    ("登录次数", numbers(2)),
    ("经度差", lambda r, n: [f"{x:.4f}" for x in r.uniform(0, 1, n)]),
    ("page", numbers(2)),
    ("message", of("成功", "失败")),
    ("language", of("中文", "English")),
    ("platform", of("Android", "iOS")),
)


def corpus(seed: int = SEED, rows: int = ROWS) -> Iterator[Labelled]:
    """Yield every column: each kind with its headers and dirt, without a header, and negatives."""
    rng = np.random.default_rng(seed)
    for kind, make, headers, alone, also in POSITIVE:
        fits = frozenset(also)
        for header in headers:
            yield Labelled(header, list(make(rng, rows)), kind, fits)
            yield Labelled(header, with_gaps(rng, make(rng, rows)), kind, fits)
        if alone:
            yield Labelled("字段7", list(make(rng, rows)), kind, fits)
            yield Labelled("col_3", with_gaps(rng, make(rng, rows)), kind, fits)
            yield Labelled("F1", list(make(rng, 30)), kind, fits)
    for kind, header, make, beside in HARD:
        yield Labelled(header, list(make(rng, rows)), kind, frozenset(beside))
    for header, make in ABOUT:
        yield Labelled(header, list(make(rng, rows)), None)
    for header, make in NEGATIVE:
        yield Labelled(header, list(make(rng, rows)), None)
        yield Labelled("字段7", with_gaps(rng, make(rng, rows)), None)
        yield Labelled("F1", list(make(rng, 30)), None)


def with_gaps(rng: Rng, values: list[str]) -> list[str | None]:
    """Return the values as offices send them: a tenth missing, some with blanks around."""
    odd = rng.random(len(values))
    return [
        None if o < 0.06 else "" if o < 0.08 else "无" if o < 0.1 else f" {v} " if o < 0.13 else v
        for o, v in zip(odd, values, strict=True)
    ]
