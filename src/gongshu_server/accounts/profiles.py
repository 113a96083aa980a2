"""What a person sets for themselves; nobody else does."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from gongshu.vocabulary.errors import Invalid
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Profile
from gongshu_server.accounts.permissions import require
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.recording import Event


def profile(*, by: Actor) -> Profile:
    """Return the actor's own settings; those of somebody who has set nothing are the defaults."""
    found = Profile.objects.filter(person_id=by.person).first()
    return found or Profile(person_id=by.person)


@action
def change_profile(*, email: str, notices: str, by: Actor, at: datetime) -> Profile:
    """Set where and how notices reach the actor's person outside the node.

    The entry says how, and not to which address. Raises Invalid for an address that is none or of
    another domain than the node's settings allow, and for a wish that there is not.
    """
    require(by, "profile.change")
    email = email.strip()
    kinds = {code for code, _ in Profile._meta.get_field("notices").choices or ()}
    if notices not in kinds:
        raise Invalid("请从列表中选择通知方式。", code="invalid_profile")
    if notices != "off" and not email:
        raise Invalid("选择邮件通知时须填写邮箱。", code="invalid_profile")
    if email:
        _refuse_address(email)
    row, _ = Profile.objects.update_or_create(
        person_id=by.person, defaults={"email": email, "notices": notices}
    )
    details = {"notices": notices, "email": bool(email)}
    journal(Event("person.profile_changed", ("person", by.person), "", details), by=by, at=at)
    return row


def _refuse_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid("邮箱格式不正确，请检查后重新填写。", code="invalid_profile") from None
    domain = email.rpartition("@")[2].lower()
    allowed: list[str] = settings.MAIL_DOMAINS
    if allowed and not any(domain == one or domain.endswith(f".{one}") for one in allowed):
        named = "、".join(allowed)
        raise Invalid(f"只能使用这些域名的邮箱：{named}。", code="mail_domain")
