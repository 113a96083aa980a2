"""How each department sends each of its tables: container, encoding, titles and dirt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gongshu_server.demo.city.dirt import Recipe

_USCC: Final = "统一社会信用代码"


@dataclass(frozen=True, slots=True)
class Sending:
    """How one department sends one table."""

    key: str
    file_name: str
    department: str
    title: str
    about: str
    recipe: Recipe
    subject: str
    id_item: str | None
    name_item: str | None
    container: str = "csv"
    encoding: str | None = "utf-8"
    titles: tuple[str, ...] = ()


SENDINGS: Final = (
    Sending(
        "enterprises",
        "企业登记信息.csv",
        "market_regulation",
        "企业登记信息",
        "全市企业的登记事项，拟无条件开放",
        Recipe(
            id_item=_USCC,
            blank_items=("注册资本(万元)", "行业门类"),
            thousands_item="注册资本(万元)",
            blank=0.01,
            duplicate=0.004,
            thousands=0.03,
        ),
        "enterprise",
        _USCC,
        "企业名称",
    ),
    Sending(
        "safety_licences",
        "安全生产许可证.csv",
        "emergency",
        "安全生产许可证",
        "企业安全生产许可证的许可范围和有效期",
        Recipe(
            id_item=_USCC,
            blank_items=("许可范围",),
            month_item="有效期起",
            blank=0.01,
            duplicate=0.006,
            wrong=0.005,
            respelled=0.02,
            month=0.01,
        ),
        "enterprise",
        _USCC,
        "企业名称",
        encoding="gb18030",
        titles=("临澜市应急管理局安全生产许可证信息", "填报单位：行政审批科"),
    ),
    Sending(
        "inspections",
        "执法检查.csv",
        "emergency",
        "执法检查",
        "安全生产执法检查、发现的隐患数和整改状态",
        Recipe(
            id_item=_USCC,
            blank_items=("整改状态",),
            blank=0.006,
            wrong=0.004,
            respelled=0.02,
            duplicate=0.004,
            month_item="检查日期",
            month=0.01,
        ),
        "enterprise",
        _USCC,
        "企业名称",
        container="xls",
        encoding=None,
    ),
    Sending(
        "hazardous_chemicals",
        "危险化学品登记.csv",
        "emergency",
        "危险化学品登记",
        "危险化学品登记品种和重大危险源等级",
        Recipe(
            id_item=_USCC,
            blank_items=("重大危险源等级",),
            month_item="登记日期",
            blank=0.02,
            duplicate=0.01,
            wrong=0.008,
            respelled=0.02,
            ragged=0.01,
            month=0.3,
        ),
        "enterprise",
        _USCC,
        "企业名称",
        encoding="gb18030",
        titles=("危险化学品登记企业名单",),
    ),
    Sending(
        "tax_arrears",
        "欠税公告.csv",
        "taxation",
        "欠税公告",
        "欠缴税款的企业、税种和金额（元）",
        Recipe(
            id_item=_USCC,
            blank_items=("行政区",),
            thousands_item="欠税金额",
            blank=0.01,
            duplicate=0.01,
            wrong=0.006,
            respelled=0.02,
            ragged=0.01,
            thousands=0.6,
        ),
        "enterprise",
        _USCC,
        "企业名称",
        encoding="utf-8-sig",
    ),
    Sending(
        "insured_staff",
        "参保人数分档.csv",
        "human_resources",
        "参保人数分档",
        "企业职工参保人数的分档",
        Recipe(
            id_item=_USCC,
            blank_items=("参保人数分档",),
            blank=0.004,
            duplicate=0.003,
            wrong=0.004,
            respelled=0.04,
        ),
        "enterprise",
        _USCC,
        None,
    ),
    Sending(
        "outpatient_visits",
        "门诊就诊记录.csv.gz",
        "health",
        "门诊就诊记录",
        "个人门诊就诊的日期、科室和诊断，属敏感个人信息，不予开放",
        Recipe(
            id_item="证件号码",
            blank_items=("证件号码", "手机号", "诊断"),
            blank=0.004,
            duplicate=0.003,
            wrong=0.005,
            respelled=0.03,
            ragged=0.0005,
        ),
        "person",
        "证件号码",
        "姓名",
        container="csv.gz",
    ),
    Sending(
        "reservoir_levels",
        "水库水情.csv",
        "water",
        "水库水情",
        "三座水库逐时水位（米）和蓄水量（万立方米）",
        Recipe(
            blank_items=("水位(m)",),
            thousands_item="蓄水量(万立方米)",
            blank=0.004,
            duplicate=0.002,
            thousands=0.1,
        ),
        "thing",
        "水库名称",
        "水库名称",
        encoding="utf-8-sig",
    ),
    Sending(
        "reimbursements",
        "零星报销发放.csv",
        "medical_insurance",
        "医保零星报销发放",
        "医保零星报销发放到个人银行卡的金额，属敏感个人信息",
        Recipe(
            id_item="证件号码",
            blank_items=("银行卡号",),
            blank=0.01,
            wrong=0.005,
            respelled=0.02,
            duplicate=0.004,
        ),
        "person",
        "证件号码",
        "姓名",
        encoding="gb18030",
    ),
    Sending(
        "institutions",
        "定点医药机构.csv",
        "medical_insurance",
        "定点医药机构",
        "医保定点医院、门诊部和零售药店",
        Recipe(id_item=_USCC, blank_items=("联系电话",), blank=0.02, duplicate=0.005),
        "enterprise",
        _USCC,
        "机构名称",
    ),
    Sending(
        "permits",
        "行政许可.xlsx",
        "housing",
        "行政许可",
        "住房城乡建设领域行政许可决定",
        Recipe(
            id_item=_USCC,
            blank_items=("许可类别",),
            month_item="许可决定日期",
            blank=0.01,
            duplicate=0.004,
            wrong=0.004,
            respelled=0.02,
            month=0.05,
        ),
        "enterprise",
        _USCC,
        "企业名称",
        container="xlsx",
        encoding=None,
        titles=("临澜市住房和城乡建设局行政许可公示表",),
    ),
)
