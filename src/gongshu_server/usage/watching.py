"""What the node looks at by itself: rows that were edited under the ledger raise an alarm (S12)."""

from __future__ import annotations

from datetime import datetime

from gongshu_server.accounts import reconciling as accounts
from gongshu_server.cases import reconciling as cases
from gongshu_server.usage.compilation import raise_alarm

ZH = {"organisation": "机构角色", "post": "岗位", "delegation": "代办", "key": "凭证"}


def verify_rows(*, at: datetime) -> int:
    """Compare roles, posts, delegations, keys and open cases with the journal; alarm what differs.

    Returns how many rows differ.
    """
    count = 0
    for kind, row_id in accounts.differing():
        sentence = f"{ZH[kind]} {row_id} 的数据库记录与存证日志不一致，请审计人员核查。"
        raise_alarm("account_tampered", f"{kind}:{row_id}", sentence, at=at)
        count += 1
    for case_id in cases.differing():
        sentence = f"办件 {case_id} 的状态与存证日志不一致，请审计人员核查。"
        raise_alarm("case_tampered", case_id, sentence, at=at)
        count += 1
    return count
