"""Drafts of long forms, kept while they are typed: a person's own, for thirty days at most.

A draft is nobody else's business and no business yet: it is not journalled.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gongshu.vocabulary.errors import Invalid
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Draft
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action

DAYS = 30
MOST = 256 * 1024
MOST_DRAFTS = 50


def draft(*, form: str, by: Actor) -> str:
    """Return the fields of the actor's draft of the form as text; empty without one."""
    rows = Draft.objects.filter(person_id=by.person, post=by.post, form=form)
    return rows.values_list("fields", flat=True).first() or ""


@action
def save_draft(*, form: str, fields: str, by: Actor, at: datetime) -> Draft:
    """Keep what the actor has typed into the form; the draft before it is replaced.

    Raises Invalid for more than a form can hold; beyond fifty drafts the oldest go.
    """
    require(by, "profile.change")
    if len(fields.encode()) > MOST or len(form) > 200:
        raise Invalid("内容太多，无法自动保存，请尽快提交。", code="draft_too_large")
    row, _ = Draft.objects.update_or_create(
        person_id=by.person, post=by.post, form=form, defaults={"fields": fields, "saved_at": at}
    )
    own = Draft.objects.filter(person_id=by.person).order_by("-saved_at")
    Draft.objects.filter(pk__in=list(own.values_list("pk", flat=True)[MOST_DRAFTS:])).delete()
    return row


def discard(*, form: str, by: Actor) -> None:
    """Delete the actor's draft of a form that was sent."""
    Draft.objects.filter(person_id=by.person, post=by.post, form=form).delete()


def forget(*, at: datetime) -> int:
    """Delete the drafts that are older than thirty days; return how many."""
    return Draft.objects.filter(saved_at__lt=at - timedelta(days=DAYS)).delete()[0]
