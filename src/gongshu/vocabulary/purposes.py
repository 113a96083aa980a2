"""What data is used for, and which of the three businesses of authorised operation it serves.

《意见》 and 65号 split use in two groups: public governance and public welfare, which are free, and
industry and sector development, which may be charged for. The other purposes are those of the
authority's own work; they run on grants like everybody else's.
"""

from __future__ import annotations

from gongshu.vocabulary.terms import Term


class Purpose(Term):
    """The purpose that a grant permits and a use declares."""

    public_governance = "public_governance", "公共治理"
    public_welfare = "public_welfare", "公益事业"
    industry = "industry", "产业发展"
    sector = "sector", "行业发展"
    filing = "filing", "编目与质量管理"
    review = "review", "审核"
    audit = "audit", "审计"
    opening = "opening", "开放利用"


class Business(Term):
    """The three businesses between which a grant of authorised operation distinguishes."""

    resource_development = "resource_development", "资源开发"
    product_operation = "product_operation", "产品经营"
    technical_service = "technical_service", "技术服务"
