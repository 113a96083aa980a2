"""Reads on opening reviews."""

from __future__ import annotations

from django.db.models import QuerySet

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.opening.models import OpeningReview


def reviews(*, by: Actor) -> QuerySet[OpeningReview]:
    """Return the opening reviews whose case the actor may see."""
    return OpeningReview.objects.visible_to(by)


def review(review_id: str, *, by: Actor) -> OpeningReview:
    """Return one opening review that the actor may see; NotFound otherwise."""
    found = reviews(by=by).filter(pk=review_id).first()
    if found is None:
        raise NotFound("没有这个开放申请。", code="review_not_found")
    return found
