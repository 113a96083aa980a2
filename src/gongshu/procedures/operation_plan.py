"""Operation plan 实施方案: decided collectively, filed, approved (27号 9–11)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gongshu.workflow.procedure import DocumentKind, Procedure, Transition

# What a plan must say (27号 第9条). Whoever has no "other matters" says so.
MANDATORY_ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "name": "实施方案名称",
        "feasibility": "必要性与可行性论证",
        "selection": "运营机构选择条件",
        "mode": "授权模式",
        "resources": "数据资源范围、目录、更新频率与质量要求",
        "term": "期限、建设内容、技术保障、进度、评价标准、退出机制与资产管理",
        "products": "拟形成的产品和服务清单（公共治理与公益、产业与行业两类）",
        "accounting": "成本收益核算与收益分配机制",
        "security": "数据安全、个人信息保护与应急措施",
        "rights": "各方权利与义务",
        "supervision": "监督与考核",
        "other": "其他事项",
    }
)

PROCEDURE = Procedure(
    code="operation_plan",
    zh="授权运营实施方案",
    en="Plan of authorised operation",
    subject="operation_plan",
    initial="draft",
    states={
        "draft": "拟稿",
        "submitted": "已报请审议",
        "decided": "已集体决策",
        "filed": "已备案",
        "approved": "已批准实施",
        "refused": "不予同意",
    },
    terminal=frozenset({"approved", "refused"}),
    documents={
        "collective_decision": DocumentKind(
            "“三重一大”集体决策文件", "27-11", identified=("number", "issuer", "dated")
        ),
        "filing_receipt": DocumentKind(
            "实施方案备案回执", "27-11", identified=("number", "dated", "receipt")
        ),
    },
    transitions=(
        Transition(
            name="submit",
            zh="报请审议",
            source=("draft",),
            target="submitted",
            permission="plan.submit",
            event="plan.submitted",
            clause="27-9",
        ),
        Transition(
            name="record_decision",
            zh="记录集体决策",
            source=("submitted",),
            target="decided",
            permission="plan.record_decision",
            event="plan.decided",
            clause="27-11",
            documents=("collective_decision",),
        ),
        Transition(
            name="refuse",
            zh="不予同意",
            source=("submitted",),
            target="refused",
            permission="plan.refuse",
            event="plan.refused",
            clause="27-11",
            reason_required=True,
        ),
        Transition(
            name="file_record",
            zh="备案",
            source=("decided",),
            target="filed",
            permission="plan.file_record",
            event="plan.filed",
            clause="27-11",
            documents=("filing_receipt",),
        ),
        Transition(
            name="approve",
            zh="批准实施",
            source=("filed",),
            target="approved",
            permission="plan.approve",
            event="plan.approved",
            clause="opinions-3.3",
        ),
    ),
)
