"""Opening reviews: which items of a resource somebody wants to open, and what the machine found."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef

from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case


class OpeningReviewQuerySet(models.QuerySet["OpeningReview"]):
    """Opening reviews, by who may see them."""

    def visible_to(self, by: Actor) -> OpeningReviewQuerySet:
        """Return the reviews whose case the actor may see."""
        return self.filter(Exists(Case.objects.visible_to(by).filter(pk=OuterRef("case"))))


class OpeningReview(models.Model):
    """One application to open items of a resource, with the findings of the machine check."""

    id = models.CharField(primary_key=True, max_length=26)
    resource = models.ForeignKey("catalogue.Resource", on_delete=models.PROTECT, related_name="+")
    items = models.JSONField()
    findings = models.JSONField(default=list)
    case = models.CharField(max_length=26, unique=True)
    snapshot = models.CharField(max_length=26)

    objects = OpeningReviewQuerySet.as_manager()
