"""Organisations with their roles and succession; people, their posts, delegations and keys."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q

ORGANISATION = "accounts.Organisation"


class Organisation(models.Model):
    """A body that takes part. Its history keeps old names; a successor takes over its business."""

    id = models.CharField(primary_key=True, max_length=26)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    uscc = models.CharField(max_length=18, blank=True)
    region = models.CharField(max_length=12, blank=True)
    control_group = models.CharField(
        max_length=26, help_text="quotas, budgets and conflicts count over the whole control group"
    )
    successor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return self.short_name


class OrganisationRole(models.Model):
    """A role that an organisation holds over a half-open period."""

    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "role"],
                condition=Q(valid_until__isnull=True),
                name="accounts_role_held_once",
            )
        ]


class RoleProposal(models.Model):
    """A role that the system administrator has prepared for an organisation.

    It counts for nothing before the security administrator authorises it.
    """

    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32)
    proposed_at = models.DateTimeField()
    person = models.CharField(max_length=26, help_text="who prepared it, and cannot authorise it")
    authorised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "role"],
                condition=Q(authorised_at__isnull=True),
                name="accounts_role_proposed_once",
            )
        ]


class FormerName(models.Model):
    """A name that an organisation had until it was renamed."""

    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    until = models.DateTimeField()


class Person(models.Model):
    """A natural person who acts on the node, or a data subject who signs an authorisation."""

    id = models.CharField(primary_key=True, max_length=26)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """What a person has set for themselves: where and how notices reach them outside the node."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="+")
    email = models.CharField(max_length=254, blank=True)
    notices = models.CharField(
        max_length=6,
        default="off",
        choices=[("off", "只在收件箱"), ("each", "每条都发"), ("daily", "每日汇总")],
    )


class Post(models.Model):
    """A post in an organisation; its duties say what its holder may do there."""

    id = models.CharField(primary_key=True, max_length=26)
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=60)
    duties = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.title


class Holding(models.Model):
    """Who holds a post over a half-open period."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="accounts_holding_period",
            )
        ]


class Delegation(models.Model):
    """A post's holder lets another person act for the post, for a limited time (代办)."""

    id = models.CharField(primary_key=True, max_length=26)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    giver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    clause = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="accounts_delegation_period"
            )
        ]


class Key(models.Model):
    """A key, stored only as a keyed digest, bound to a person and post.

    One mechanism for people's API keys (`product` empty) and product keys (bound to one order of
    one product).
    """

    id = models.CharField(primary_key=True, max_length=26)
    digest = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=80)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=26, blank=True)
    order = models.CharField(max_length=26, blank=True, help_text="the order it was issued for")
    scopes = models.JSONField(default=list, help_text="what a person's key may be used for")
    created_at = models.DateTimeField()
    last_used = models.DateField(null=True, help_text="the day; of people's keys only")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Login(AbstractBaseUser):
    """What a person signs in with. It says who somebody is, and never what they may do."""

    username = models.CharField(max_length=40, unique=True)
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)
    link_digest = models.CharField(max_length=64, blank=True, help_text="of the one-time link")
    link_until = models.DateTimeField(null=True)

    objects = BaseUserManager["Login"]()
    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        return self.username


class Identity(models.Model):
    """Who a person is at an identity provider: registered by one, confirmed by the other."""

    id = models.CharField(primary_key=True, max_length=26)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="keyed, of issuer and subject together")
    linked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest"],
                condition=Q(ended_at__isnull=True),
                name="accounts_identity_of_one_person",
            ),
            models.UniqueConstraint(
                fields=["person", "issuer"],
                condition=Q(ended_at__isnull=True),
                name="accounts_one_identity_each",
            ),
        ]


class Session(AbstractBaseSession):
    """One sign-in that is still open: whose it is, since when, and on what kind of device."""

    person = models.CharField(max_length=26, blank=True, db_index=True)
    begun_at = models.DateTimeField(null=True)
    device = models.CharField(max_length=120, blank=True)

    @classmethod
    def get_session_store_class(cls) -> type:
        """Return the store that settings name; Django's commands ask for it."""
        from importlib import import_module

        from django.conf import settings

        return import_module(settings.SESSION_ENGINE).SessionStore


class Handover(models.Model):
    """A post goes from one person to another (交接): one side proposes, the other confirms."""

    id = models.CharField(primary_key=True, max_length=26)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    giver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    state = models.CharField(
        max_length=10,
        default="proposed",
        choices=[("proposed", "待确认"), ("confirmed", "已交接"), ("declined", "已取消")],
    )
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post"],
                condition=Q(state="proposed"),
                name="accounts_handover_one_at_a_time",
            )
        ]


class Draft(models.Model):
    """What a person has typed into a long form and not sent yet."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=26)
    form = models.CharField(max_length=200, help_text="the form's path")
    fields = models.TextField()
    saved_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "post", "form"], name="accounts_one_draft")
        ]
