"""Agreement 授权运营协议: decided, signed, filed, in force for at most 5 years (27号 13–14)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gongshu.procedures.limits import OPERATION_TERM
from gongshu.workflow.procedure import DocumentKind, Procedure, Transition

# What an agreement must say (27号 第14条). Whoever has no "other matters" says so.
MANDATORY_ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "resources": "数据资源范围与目录",
        "term": "授权运营期限",
        "products": "产品和服务清单、技术标准、安全审核与业务规范性审核要求",
        "platform": "运营支撑平台",
        "assets": "软硬件与产品的资产权属",
        "disclosure": "信息披露义务与不再开发已交付产品的义务",
        "accounting": "成本收益核算与收益分配",
        "security": "数据安全、个人信息保护、风险监测与应急处置",
        "evaluation": "效果评估、续期或退出",
        "breach": "违约责任",
        "disputes": "争议解决方式",
        "changes": "变更与终止的条件",
        "other": "其他事项",
    }
)

PROCEDURE = Procedure(
    code="agreement",
    zh="授权运营协议",
    en="Agreement of authorised operation",
    subject="agreement",
    initial="draft",
    states={
        "draft": "拟稿",
        "decided": "已集体决策",
        "signed": "已签订",
        "filed": "已备案",
        "active": "履行中",
        "terminated": "已终止",
        "expired": "已到期",
    },
    terminal=frozenset({"terminated", "expired"}),
    limits=(OPERATION_TERM,),
    documents={
        "body_decision": DocumentKind(
            "实施机构“三重一大”集体决策文件", "27-13", identified=("number", "issuer", "dated")
        ),
        "signed_agreement": DocumentKind(
            "双方签订的协议文本", "27-13", identified=("number", "dated")
        ),
        "filing_receipt": DocumentKind(
            "协议备案回执", "27-13", identified=("number", "dated", "receipt")
        ),
    },
    transitions=(
        Transition(
            name="record_decision",
            zh="记录实施机构集体决策",
            source=("draft",),
            target="decided",
            permission="agreement.record_decision",
            event="agreement.decided",
            clause="27-13",
            documents=("body_decision",),
        ),
        Transition(
            name="sign",
            zh="签订",
            source=("decided",),
            target="signed",
            permission="agreement.sign",
            event="agreement.signed",
            clause="27-13",
            documents=("signed_agreement",),
        ),
        Transition(
            name="file_record",
            zh="备案",
            source=("signed",),
            target="filed",
            permission="agreement.file_record",
            event="agreement.filed",
            clause="27-13",
            documents=("filing_receipt",),
        ),
        Transition(
            name="activate",
            zh="生效",
            source=("filed",),
            target="active",
            permission="agreement.activate",
            event="agreement.activated",
            clause="27-14",
            starts=("op.term",),
        ),
        Transition(
            name="terminate",
            zh="终止",
            source=("active",),
            target="terminated",
            permission="agreement.terminate",
            event="agreement.terminated",
            clause="27-14",
            stops=("op.term",),
            reason_required=True,
            at_will=("active",),
        ),
        Transition(
            name="expire",
            zh="到期",
            source=("active",),
            target="expired",
            permission="agreement.expire",
            event="agreement.expired",
            clause="27-14",
            after=("op.term",),
            stops=("op.term",),
        ),
    ),
)
