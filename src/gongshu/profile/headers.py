"""Finds what a column is about by its header, corroborated by the shape of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gongshu.profile.model import Finding, FindingKind

_HAN: Final = "一-鿿㐀-䶿"
# Words after which a header counts, codes or dates something instead of naming it.
_ABOUT: Final = "人数|数量|个数|类型|类别|性质|编号|代码|号码|证件|日期|时间|是否|状态"


# The same in English: streetCode and salary_currency hold no street and no salary.
_ENGLISH_ABOUT: Final = re.compile(
    "(?<![a-z])(code|currency|size|(?<!blood )type|count|status|category|ratio|url|location"
    "|verified)(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Headers that match `words` and not `but`; `shape` must fit `share` of the sampled values."""

    kind: FindingKind
    words: re.Pattern[str]
    but: re.Pattern[str]
    shape: re.Pattern[str] | None = None
    share: float = 0.3


def _rule(
    kind: FindingKind, words: str, but: str, shape: str | None = None, share: float = 0.3
) -> HeaderRule:
    found = re.compile(shape) if shape else None
    return HeaderRule(kind, re.compile(words), re.compile(but), found, share)


def _english(kind: FindingKind, words: str, shape: str | None = None) -> HeaderRule:
    """Return a rule for whole words of a header in English or in the letters of pinyin."""
    found = re.compile(shape) if shape else None
    return HeaderRule(kind, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])"), _ENGLISH_ABOUT, found)


RULES: Final = (
    _rule(
        FindingKind.enterprise_name,
        "(企业|单位|公司|机构|纳税人|商户|法人单位|用户|供应商|采购人|当事人|行政相对人)名称"
        "|企业名$|^名称$|(建设|施工|生产|采购|被抽样|被检查)单位|标称生产者|被检查对象",
        f"{_ABOUT}|地址|主管|许可|部门",
        rf"[{_HAN}A-Za-z0-9（）()·&.、\-\s]{{4,}}",
    ),
    _rule(
        FindingKind.person_name,
        "姓名|法定代表人|法人代表|法人$|联系人|负责人|经办人|经营者|患者|户主|监护人|申请人"
        "|当事人|股东|执法人员|检查人员",
        f"{_ABOUT}|电话|手机|名称|地址|单位|方式|金额|比例",
        rf"[{_HAN}][{_HAN}·*＊某]{{1,9}}(?:[、，,;；/ ][{_HAN}·*＊某]{{2,10}}){{0,9}}"
        r"|[A-Z][A-Za-z .'\-]{2,40}",
    ),
    _rule(
        FindingKind.contact,
        "电话|手机|联系方式|传真|邮箱|电子邮件|微信|QQ",
        "是否|类型|费|数量",
        r"[0-9+\-—()（）转/,，、;；\s]{7,}|[^@\s]+@[^@\s]+",
    ),
    _rule(
        FindingKind.address,
        "地址|住址|住所|居住地|户籍地|经营地点|经营场所|建设地点|地点$",
        "网址|网站|邮箱|IP|MAC|类型|代码|是否|[（(](区|街道|市|省)[）)]",
        "省|市|区|县|镇|乡|村|街|路|道|巷|弄|号|楼|园|室|栋|幢",
    ),
    _rule(
        FindingKind.demographic,
        "性别|出生|年龄|民族|婚姻|学历|文化程度|职业|籍贯|政治面貌|户口|国籍|家庭人口|生日",
        "平均|人数|院校|技能|卫生|病|资格|要求|民族(乡|村|镇|学校|医院)",
    ),
    _rule(
        FindingKind.medical,
        "诊断|病种|病名|疾病|病历|病史|症状|处方|用药|手术|住院|就诊|门诊|血型|过敏|残疾|妊娠"
        "|孕产|疫苗|接种|传染|体检|死因|医嘱|检验报告",
        "定点|机构|医院等级|日期|时间|人次|床位|数量|费率|费用|金额|地址|电话|开诊",
    ),
    _rule(
        FindingKind.special,
        "宗教|信仰|人脸|指纹|虹膜|声纹|基因|生物识别|犯罪|前科|吸毒|性取向|行踪|轨迹",
        "场所|数量|设备",
    ),
    _rule(
        FindingKind.secret,
        "密码|口令|令牌|密钥|私钥",
        "类型|算法|长度|状态|是否|日期|时间|数量",
    ),
    _rule(FindingKind.coordinates, "经度|纬度|经纬|坐标", "系$|差$|类型|单位|精度|是否"),
    _rule(
        FindingKind.finance,
        "欠税|工资|薪|收入|存款|贷款|余额|账户|账号|帐号|开户|营业额|利润|缴费|缴纳|欠缴|纳税额"
        "|报销|补贴|救助金|参保人数|应缴|实缴|预缴",
        "日期|时间|单位|单位名称|是否|类型|税种|银行名",
    ),
)
_PERSON: Final = rf"[{_HAN}][{_HAN}·*＊某]{{1,5}}|[^\W\d_][^\d_,;@/]{{1,40}}"
# A lone "name" is a person's where the values are first and last names.
_FULL_NAME: Final = rf"[{_HAN}][{_HAN}·]{{1,3}}|[A-Z][\w'’-]+(?: [A-Z][\w.'’-]*){{1,2}}"
ENGLISH: Final = (
    _english(
        FindingKind.person_name,
        "(given|first|last|family|full|maiden|employee|patient|customer) ?name|surname"
        "|mothers? maiden|xm|xingming",
        _PERSON,
    ),
    _english(FindingKind.person_name, "^name$", _FULL_NAME),
    _english(
        FindingKind.contact, "(tele)?phone( number)?|tel|mobile|fax|wechat|lxdh", r".*\d{2}.*"
    ),
    _english(
        FindingKind.address,
        "(street|home|postal)( address)?|(?<!mail )(?<!ip )(?<!mac )address|dz|zhuzhi",
        r"(?s)[^@]*\w[^@]*",
    ),
    _english(
        FindingKind.demographic,
        "gender|sex|birth ?(day|date|year)|date of birth|dob|age|ethnicity|nationality|marital"
        "|education|occupation|job title|xb|csrq|mz",
    ),
    _english(
        FindingKind.medical, "diagnosis|disease|symptom|blood ?type|medication|allergy|disability"
    ),
    _english(FindingKind.special, "religion|fingerprint|face id|biometric|criminal"),
    _english(FindingKind.finance, "salary|income|wage|bank account|balance"),
    _english(FindingKind.enterprise_name, "company( name)?|enterprise|employer", r".*[^\W\d].*"),
    _english(FindingKind.coordinates, "latitude|longitude|lat|lng|lon"),
    _english(FindingKind.secret, "password|passwd|pwd|secret|api ?key|token|private ?key"),
)
# Words that mean health only where the table is about patients.
_CLINICAL: Final = re.compile("^科室|就诊科室|检验结果|检查结果|药品|剂量|主治|医师|床号|病区")


def words_of(header: str) -> str:
    """Return a header with English words apart and in small letters: StreetAddress, user_name."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.strip("*＊ "))
    return re.sub(r"[\s_\-.]+", " ", apart).lower()


def find_by_header(header: str, sample: Sequence[str], tested: int) -> tuple[Finding, ...]:
    """Find kinds that `header` announces; `sample` holds texts of the column, `tested` counts all.

    A kind with a shape needs values of that shape; an empty column is taken at its header's word.
    """
    name, words = re.sub(r"[\s*＊]", "", header), words_of(header)
    announced = [rule for rule in RULES if rule.words.search(name) and not rule.but.search(name)]
    announced += [r for r in ENGLISH if r.words.search(words) and not r.but.search(words)]
    found: dict[FindingKind, Finding] = {}
    for rule in announced:
        if rule.kind not in found and (one := _judge(rule, header, sample, tested)) is not None:
            found[rule.kind] = one
    return tuple(found.values())


def is_lone_name(header: str) -> bool:
    """Tell whether a header is "name" alone, which plants and theatres have as well as persons."""
    return words_of(header) == "name"


def find_clinical(header: str, tested: int) -> tuple[Finding, ...]:
    """Find headers that speak of health because another column of the table does."""
    if not _CLINICAL.search(header):
        return ()
    said = f"表头“{header}”与其他健康医疗信息同表，共{tested:,}个值，按健康医疗信息从严处理。"
    return (_finding(FindingKind.medical, tested, tested, said),)


def _judge(rule: HeaderRule, header: str, sample: Sequence[str], tested: int) -> Finding | None:
    zh = rule.kind.zh
    if not sample and not tested:
        said = f"表头“{header}”表明是{zh}；该列没有值，仅按表头判断，请核对。"
        return _finding(rule.kind, 0, 0, said)
    if rule.shape is None or not sample:
        said = f"表头“{header}”表明是{zh}，共{tested:,}个值。"
        return _finding(rule.kind, tested, tested, said)
    match = rule.shape.search if rule.kind is FindingKind.address else rule.shape.fullmatch
    hits = sum(bool(match(value.strip())) for value in sample)
    if hits < rule.share * len(sample):
        return None
    said = f"表头“{header}”表明是{zh}；抽检{len(sample):,}个值，{hits:,}个形式相符。"
    return _finding(rule.kind, hits, len(sample), said)


def _finding(kind: FindingKind, hits: int, tested: int, sentence: str) -> Finding:
    return Finding(
        kind=kind,
        hits=hits,
        tested=tested,
        checksum_passed=None,
        random_baseline=None,
        sentence=sentence,
    )
