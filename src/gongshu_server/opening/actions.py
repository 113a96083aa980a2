"""Writes on opening: machine check first, then a person; nothing opens without both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.actions import action
from gongshu_server.journal.ids import ulid
from gongshu_server.opening import checking
from gongshu_server.opening.models import OpeningReview


@action
def apply(
    *, resource_id: str, items: Sequence[str], authority: str, by: Actor, at: datetime
) -> OpeningReview:
    """Apply to open items; the machine check runs at once and may end the case as refused.

    The refusal is an outcome, not an error: findings name column, count and clause and stay with
    the case. Raises NotPermitted for anybody but the provider, Invalid for unknown items.
    """
    resource = _published(resource_id, by=by)
    known = {item.name: item for item in catalogue.items(resource_id)}
    unknown = [name for name in items if name not in known]
    if unknown or not items:
        raise Invalid(f"没有这些数据项：{'、'.join(unknown) or '（未选）'}。", code="unknown_items")
    snapshot = catalogue.latest_snapshot(resource_id)
    findings = checking.check([known[name] for name in items], snapshot.profile)
    case = engine.open_case(
        "opening_review",
        subject=("resource", resource_id),
        title=f"开放审查：{resource.title}",
        handler=authority,
        by=by,
        at=at,
    )
    review = OpeningReview.objects.create(
        id=ulid(at),
        resource=resource,
        items=list(items),
        findings=[asdict(finding) for finding in findings],
        case=case.pk,
        snapshot=snapshot.pk,
    )
    details = {"review": review.pk, "items": list(items), "snapshot": snapshot.pk}
    engine.advance(case, "apply", by=by, at=at, details=details)
    if findings:
        reason = "；".join(finding.sentence for finding in findings)
        engine.advance(case, "machine_check_refuse", by=node(), at=at, reason=reason)
    else:
        engine.advance(case, "machine_check_pass", by=node(), at=at)
    return review


def _published(resource_id: str, *, by: Actor) -> Resource:
    resource = catalogue.resource(resource_id, by=by)
    if resource.provider_id != by.organisation:
        raise NotPermitted("只有数据提供单位可以申请开放。", code="not_the_provider")
    if resource.state != "published":
        raise Conflict("目录发布以后才能申请开放。", code="not_published", clause="opinions-2.3")
    return resource


@action
def approve(*, review_id: str, papers: Sequence[Paper], by: Actor, at: datetime) -> OpeningReview:
    """Approve the opening; its effect issues the public's grant and marks the items as opened.

    Raises Conflict when a newer version than the one that was checked may not be opened.
    """
    review, case = _locked(review_id, by=by)
    _refuse_newer_findings(review)
    details = {"review": review.pk, "items": review.items, "case": case.pk}
    engine.advance(case, "approve", by=by, at=at, papers=papers, details=details)
    return review


def _refuse_newer_findings(review: OpeningReview) -> None:
    latest = catalogue.latest_snapshot(review.resource_id)
    items = [item for item in catalogue.items(review.resource_id) if item.name in review.items]
    findings = checking.check(items, latest.profile)
    if latest.pk != review.snapshot and findings:
        said = "；".join(finding.sentence for finding in findings)
        raise Conflict(
            f"检查以后又报送了新版本，其中{said}。请不予开放，更正后重新申请。",
            code="newer_version_not_open",
            clause=findings[0].clause,
            details=tuple(findings),
        )


@action
def refuse(*, review_id: str, reason: str, by: Actor, at: datetime) -> OpeningReview:
    """Refuse the opening, with reasons."""
    review, case = _locked(review_id, by=by)
    engine.advance(case, "refuse", by=by, at=at, reason=reason)
    return review


def _locked(review_id: str, *, by: Actor) -> tuple[OpeningReview, Case]:
    review = (
        OpeningReview.objects.visible_to(by)
        .select_for_update(of=("self",))
        .filter(pk=review_id)
        .first()
    )
    if review is None:
        raise NotFound("没有这项开放审查。", code="review_not_found")
    return review, engine.locked(review.case, by=by)
