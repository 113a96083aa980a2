"""The stops of the tour: what happened there, whose page it is, on which clause it rests."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop. `role` and `duty` say as whom its page opens; empty means as anybody."""

    title: object
    what: object
    clause: str
    role: str
    duty: str
    address: str


STOPS: tuple[Stop, ...] = (
    Stop(
        _("编目和挂接"),
        _("数据提供单位报送目录、作保密审查、原样上传文件；机器建议分类分级，人来确认。"),
        "opinions-4.2",
        "provider",
        "handler",
        "catalogue:own",
    ),
    Stop(
        _("谁都可以找数据"),
        _("公众不登录就能查目录：有什么数据、多久更新、能不能开放。"),
        "opinions-4.2",
        "",
        "",
        "catalogue:search",
    ),
    Stop(
        _("方案与协议"),
        _("实施机构的方案经集体决策、备案后签订授权运营协议；协议是上限。"),
        "27-11",
        "implementing_body",
        "handler",
        "operation:plans",
    ),
    Stop(
        _("一场景一申请"),
        _("运营机构为一个场景申请用数，数据提供单位出具意见，实施机构批准后签发用数许可。"),
        "opinions-3.6",
        "operator",
        "handler",
        "operation:scenarios",
    ),
    Stop(
        _("登记"),
        _("登记机构受理、审核、公示，最后赋予查询码；材料不齐一次性告知。"),
        "26-8",
        "registration_body",
        "handler",
        "registration:acceptance",
    ),
    Stop(
        _("在受控环境里加工"),
        _("开发人员写查询，边写边看能不能运行、结果来自哪里；照抄原始数据会被拦下。"),
        "27-15",
        "developer",
        "developer",
        "workshop:tasks",
    ),
    Stop(
        _("双审核后出域"),
        _("安全审核与业务规范性审核各自投票，互不可见，签批后才出域。"),
        "opinions-12.5",
        "security_reviewer",
        "reviewer",
        "inbox",
    ),
    Stop(
        _("产品与价格"),
        _("产品公开展示来源、问题和收费标准；收费有上限。"),
        "opinions-5.2",
        "",
        "",
        "market:products",
    ),
    Stop(
        _("订单和用量"),
        _("使用方下单、领取凭证，每次调用留下回执，账单由用数记录相加而成。"),
        "opinions-4.5",
        "data_user",
        "handler",
        "market:orders",
    ),
    Stop(
        _("异议"),
        _("企业对关于自己的一条记录提出异议：只有这一条暂停，其他照常。"),
        "opinions-4.6",
        "data_authority",
        "handler",
        "voices:own",
    ),
    Stop(
        _("披露"),
        _("授权了谁、用什么数据、收多少钱，由现行许可自动生成，公众可查。"),
        "opinions-5.1",
        "",
        "",
        "disclosure",
    ),
    Stop(
        _("监管总览"),
        _("数据管理部门看什么没办完、哪里晚了、额度用了多少，可以督办。"),
        "opinions-12.1",
        "data_authority",
        "head",
        "supervision:overview",
    ),
    Stop(
        _("审计追溯"),
        _("审计人员从一次调用追到数据版本、许可、办件和依据；看内容须先提出审计查阅。"),
        "opinions-17.2",
        "audit_office",
        "auditor",
        "audit:entries",
    ),
    Stop(
        _("验回执"),
        _("任何人都能验证一张回执，也可以不经过本节点离线验证。"),
        "opinions-4.5",
        "",
        "",
        "ledger:verify",
    ),
)
