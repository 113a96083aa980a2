"""What a release is about, pinned by one salted digest: reviewers vote on this and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import commit
from gongshu.vocabulary.errors import Conflict, Invalid
from gongshu_server.workshop import results
from gongshu_server.workshop.models import Query, Release, Run

KIND = "release.content"
# More than 32 answers begin to encode what they were made from (disclosure-control §7).
MOST_ANSWERS = 32
CLAUSE = "dc-7"


def digest(run: Run, question: Mapping[str, Any], salt: str) -> str:
    """Return the salted digest of query, question, lineage and of the result as it lies on disk."""
    query = Query.objects.get(pk=run.query_id)
    body = {
        "sql": query.sql,
        "sql_final": query.sql_final,
        "exit": query.exit,
        "verdict": query.verdict,
        "question": dict(question),
        "snapshots": run.snapshots,
        "result": results.digest(run.result, run.salt),
        "for_reviewer": run.for_reviewer,
    }
    return commit(KIND, bytes.fromhex(salt), canonical(body)).hex()


def refuse_if_changed(release: Release) -> None:
    """Raise Conflict when anything that was submitted is no longer what it was.

    Votes are about the content that was submitted; another content needs new ones.
    """
    if digest(release.run, release.question, release.salt) != release.content_digest:
        raise Conflict(
            "出域内容与提交时不一致，已停止办理。请撤回本申请，重新运行后再提交审核。",
            code="content_changed",
            clause="opinions-12.5",
        )


def checked_question(exit: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question of a service as it is stored; raise Invalid naming every fault.

    A service has one fixed question, a closed list of answers, and limits; an export has none.
    """
    if exit == "export":
        if question:
            raise Invalid("结果出域不带问题。", code="question_not_needed", clause="dc-1")
        return {}
    faults = []
    if not str(question.get("question", "")).strip():
        faults.append("没有写明问题")
    answers = question.get("answers")
    if not isinstance(answers, list | tuple) or not answers:
        faults.append("没有写明答案的取值范围")
    elif len(answers) > MOST_ANSWERS or len(set(answers)) != len(answers):
        faults.append(f"答案的取值不能重复，也不能多于{MOST_ANSWERS}个")
    if not isinstance(question.get("limits"), Mapping) or not question["limits"]:
        faults.append("没有写明调用限制")
    if faults:
        raise Invalid(
            "；".join(faults) + "。请一次补齐后再提交。",
            code="incomplete",
            clause=CLAUSE,
            details=tuple(faults),
        )
    stored: dict[str, Any] = json.loads(json.dumps(dict(question), ensure_ascii=False))
    return stored
