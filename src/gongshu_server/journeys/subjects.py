"""The subject of a case as the argument of the action that takes the case's next step."""

from __future__ import annotations

import inspect

from gongshu.vocabulary.errors import NotFound
from gongshu_server.cases.models import Case
from gongshu_server.journeys.naming import function
from gongshu_server.opening.models import OpeningReview


def subject_argument(name: str, case: Case) -> dict[str, str]:
    """Return the identifier argument of the action for the case: {parameter: id}.

    An opening review is a row of its own beside the resource that its case is about.
    """
    parameters = inspect.signature(inspect.unwrap(function(name))).parameters
    first = next((p for p in parameters if p.endswith("_id")), None)
    if first is None:
        return {}
    if first == "review_id":
        review = OpeningReview.objects.filter(case=case.pk).values_list("id", flat=True).first()
        if review is None:
            raise NotFound("没有这次开放审查。", code="review_not_found")
        return {first: review}
    return {first: case.subject_id}
