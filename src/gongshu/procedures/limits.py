"""The statutory limits that procedures start, each with its clause."""

from __future__ import annotations

from gongshu.workflow.limits import Limit, Unit

WORKING, YEAR = Unit.working_day, Unit.year

CATALOGUE_REVIEW = Limit("cat.review", "目录审核发布", 2, WORKING, "809-17")
CATALOGUE_UPDATE = Limit("cat.update", "目录更新", 10, WORKING, "809-17")
REGISTRATION_FIRST_FILE = Limit("reg.first.file", "首次登记申请", 20, WORKING, "26-9")
REGISTRATION_ACCEPT = Limit("reg.accept", "登记受理", 3, WORKING, "26-10")
REGISTRATION_REVIEW = Limit("reg.review", "登记形式审核", 20, WORKING, "26-11")
REGISTRATION_PUBLICITY = Limit("reg.publicity", "登记公示", 10, WORKING, "26-12")
REGISTRATION_VALIDITY = Limit(
    "reg.validity",
    "登记结果有效期",
    3,
    YEAR,
    "26-15",
    starts="same_instant",
    ceiling=True,
    standing=True,
)
OPERATION_TERM = Limit(
    "op.term", "授权运营期限", 5, YEAR, "27-14", starts="same_instant", ceiling=True
)
PRICE_TRIAL = Limit("price.trial", "试行满一个完整年度", 1, YEAR, "65-2", starts="same_instant")
PRICE_REVIEW = Limit(
    "price.review", "最高准许收入评估周期", 3, YEAR, "65-4", ceiling=True, standing=True
)
CORRECTION = Limit("share.correct", "数据校核答复", 10, WORKING, "809-26")
