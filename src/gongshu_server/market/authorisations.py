"""A subject's electronic authorisation: given by the subject itself, for one call of one caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from gongshu.vocabulary.errors import Invalid, NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.digests import subject_commitment
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event
from gongshu_server.market.products import listed
from gongshu_server.secrets_folder import secret
from gongshu_server.usage.authorisations import Authorisations, Authorised, authorisation_id
from gongshu_server.usage.models import SubjectAuthorisation
from gongshu_server.usage.subjects import spelling

LONGEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewAuthorisation:
    """A token in clear, handed to the caller by the subject; the node keeps only its id."""

    id: str
    token: str
    expires_at: datetime


@action
def authorise_subject(
    *, product_id: str, caller_id: str, purpose: str, days: int, by: Actor, at: datetime
) -> NewAuthorisation:
    """Authorise one caller to ask one question about oneself, once (disclosure-control §7).

    Raises Invalid for a period over 30 days or an actor without a credit code.
    """
    require(by, "authorisation.give")
    product = listed(product_id, (purpose,))
    caller = Organisation.objects.filter(pk=caller_id).first()
    if caller is None:
        raise NotFound("没有这个使用方。", code="organisation_not_found")
    if not 1 <= days <= LONGEST.days:
        raise Invalid("授权期限为 1 至 30 天。", code="authorisation_period", clause="dc-7")
    subject = spelling(Organisation.objects.get(pk=by.organisation).uscc)
    if not subject:
        raise Invalid("本单位没有登记统一社会信用代码，无法授权。", code="no_subject_key")
    node_secret = secret(Path(settings.HOME), "node.secret")
    expires = at + timedelta(days=days)
    question = str(product.question.get("question", ""))
    bound = Authorised(subject, caller.control_group, purpose, product.pk, question)
    tokens = Authorisations(Path(settings.HOME), secret=node_secret)
    try:
        token = tokens.issue(bound, at=at, expires=expires)
    finally:
        tokens.close()
    commitment = subject_commitment(node_secret, product.pk, subject)
    row = SubjectAuthorisation.objects.create(
        id=authorisation_id(token),
        subject=commitment,
        caller=caller.pk,
        product=product.pk,
        purpose=purpose,
        given_by=by.text_id,
        given_at=at,
        expires_at=expires,
    )
    details = {"product": product.pk, "caller": caller.pk, "purpose": purpose}
    journal(Event("authorisation.given", ("authorisation", row.pk), "dc-7", details), by=by, at=at)
    return NewAuthorisation(id=row.pk, token=token, expires_at=expires)
