"""Price 价格: necessity, trial price; after a full year permitted revenue and ceilings (65号)."""

from __future__ import annotations

from gongshu.procedures.limits import PRICE_REVIEW, PRICE_TRIAL
from gongshu.workflow.procedure import APPLICANT, DocumentKind, Procedure, Transition

PROCEDURE = Procedure(
    code="price",
    zh="价格形成",
    en="Price formation",
    subject="product",
    initial="draft",
    states={
        "draft": "拟稿",
        "necessity_stated": "已说明收费必要性",
        "trial": "试行收费",
        "revenue_fixed": "已核定最高准许收入",
        "ceilings_set": "已制定上限收费标准",
    },
    terminal=frozenset({"ceilings_set"}),
    limits=(PRICE_TRIAL, PRICE_REVIEW),
    documents={
        "necessity_statement": DocumentKind("收费必要性说明", "opinions-6.3"),
        "application": DocumentKind("运营满一年后的书面申请", "65-2", (APPLICANT,)),
        "cost_survey": DocumentKind("成本调查报告", "65-3"),
        "data_authority_opinion": DocumentKind("数据管理部门会同意见", "65-2", ("data_authority",)),
        "ceilings_report": DocumentKind("上限收费标准书面报告", "65-2"),
    },
    transitions=(
        Transition(
            name="state_necessity",
            zh="说明收费必要性",
            source=("draft",),
            target="necessity_stated",
            permission="price.state_necessity",
            event="price.necessity_stated",
            clause="opinions-6.3",
            documents=("necessity_statement",),
        ),
        Transition(
            name="guide_trial_price",
            zh="指导制定试行收费标准",
            source=("necessity_stated",),
            target="trial",
            permission="price.guide_trial_price",
            event="price.trial_guided",
            clause="65-2",
            starts=("price.trial",),
        ),
        Transition(
            name="fix_permitted_revenue",
            zh="核定最高准许收入",
            source=("trial",),
            target="revenue_fixed",
            permission="price.fix_permitted_revenue",
            event="price.revenue_fixed",
            clause="65-2",
            after=("price.trial",),
            stops=("price.trial",),
            starts=("price.review",),
            documents=("application", "cost_survey", "data_authority_opinion"),
        ),
        Transition(
            name="set_ceilings",
            zh="制定上限收费标准",
            source=("revenue_fixed",),
            target="ceilings_set",
            permission="price.set_ceilings",
            event="price.ceilings_set",
            clause="65-2",
            documents=("ceilings_report",),
        ),
    ),
)
