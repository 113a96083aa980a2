"""Reads on opening reviews."""

from __future__ import annotations

from django.db.models import QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.opening.models import OpeningReview

NO_REVIEW = "没有这个开放申请。"


def reviews(*, by: Actor) -> QuerySet[OpeningReview]:
    """Return the opening reviews whose case the actor may see."""
    return OpeningReview.objects.visible_to(by).select_related("resource")


def review(review_id: str, *, by: Actor) -> OpeningReview:
    """Return one opening review that the actor may see; NotFound otherwise."""
    found = reviews(by=by).filter(pk=review_id).first()
    if found is None:
        raise NotFound(NO_REVIEW, code="review_not_found")
    return found


def review_of(case_id: str, *, by: Actor) -> OpeningReview:
    """Return the review that a case is about; NotFound for who may not see it."""
    found = reviews(by=by).filter(case=case_id).first()
    if found is None:
        raise NotFound(NO_REVIEW, code="review_not_found")
    return found


def reviews_of(resource_id: str, *, by: Actor, most: int = 20) -> list[OpeningReview]:
    """Return the reviews of a resource that the actor may see, newest first."""
    return list(reviews(by=by).filter(resource_id=resource_id).order_by("-pk")[:most])
