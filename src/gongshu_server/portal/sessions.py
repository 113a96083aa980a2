"""Who is signed in, from which post they act, and in which of their organisation's roles.

The session holds ids only. The actor is made anew for each request, so that a post that somebody
has left, or a delegation that has run out, ends at the next click.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import update_session_auth_hash
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from gongshu.vocabulary.errors import NotPermitted
from gongshu_server.accounts.actors import Actor, acting, presence
from gongshu_server.accounts.models import Delegation, Holding, Login, Post
from gongshu_server.journal import clock

PERSON, POST, HAT = "person", "post", "hat"
# Roles in the order in which an organisation that holds several of them is met first.
HATS = (
    "data_authority",
    "implementing_body",
    "authorising_body",
    "registration_body",
    "price_authority",
    "security_reviewer",
    "sector_authority",
    "audit_office",
    "provider",
    "operator",
    "developer",
    "data_user",
    "demander",
    "public",
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person on the other side of the screen: actor, names to show, and the role in use.

    `hat` is one of the organisation's roles; it chooses the navigation and nothing else: what a
    person may do is decided by all roles of the organisation and the duties of the post.
    """

    actor: Actor
    person: str
    post: str
    organisation: str
    hat: str

    @property
    def hats(self) -> tuple[str, ...]:
        """Return the organisation's roles that have a front page of their own, in order."""
        return tuple(role for role in HATS if role in self.actor.roles)

    @property
    def reads_entries(self) -> bool:
        """Tell whether the menu offers the ledger's entries to this person."""
        return self.actor.may("ledger.read")


@dataclass(frozen=True, slots=True)
class Place:
    """A post that a person may act from, by holding it or by delegation."""

    post: str
    title: str
    organisation: str
    delegated: bool


def places(person_id: str, *, at: datetime) -> list[Place]:
    """Return the posts that the person may act from at `at`, own posts first."""
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    held = Holding.objects.filter(running, person_id=person_id)
    lent = Delegation.objects.filter(
        taker_id=person_id, valid_from__lte=at, valid_until__gt=at, revoked_at__isnull=True
    )
    posts = {row.post_id: False for row in held}
    posts |= {row.post_id: True for row in lent if row.post_id not in posts}
    rows = Post.objects.select_related("organisation").filter(pk__in=list(posts))
    found = [Place(p.pk, p.title, p.organisation.name, posts[p.pk]) for p in rows]
    return sorted(found, key=lambda place: (place.delegated, place.organisation, place.title))


def begin(request: HttpRequest, *, person_id: str) -> None:
    """Let the session begin as this person's; with a single post they are in it at once."""
    request.session.begin(device=request.headers.get("User-Agent", ""))  # type: ignore[attr-defined] # our store
    request.session[PERSON] = person_id
    request.session.pop(POST, None)
    request.session.pop(HAT, None)
    own = places(person_id, at=now(request))
    if len(own) == 1:
        request.session[POST] = own[0].post


def stay(request: HttpRequest, login: Login) -> None:
    """Keep the session of somebody who has just changed their password; its key changes."""
    update_session_auth_hash(request, login)


def entered(request: HttpRequest) -> Actor:
    """Return the actor that the session has just entered as, before the next request."""
    person, post = request.session[PERSON], request.session[POST]
    return acting(person_id=person, post_id=post, at=now(request))


def enter(request: HttpRequest, *, person_id: str, post_id: str, at: datetime) -> None:
    """Let the session act from the post; raises NotPermitted for a post that is not theirs."""
    acting(person_id=person_id, post_id=post_id, at=at)
    request.session[PERSON], request.session[POST] = person_id, post_id
    request.session.pop(HAT, None)


def wear(request: HttpRequest, hat: str) -> None:
    """Choose which of the organisation's roles the navigation is for."""
    signed = of(request)
    if signed is not None and hat in signed.hats:
        request.session[HAT] = hat


def of(request: HttpRequest) -> SignedIn | None:
    """Return who is signed in; None for a stranger."""
    found: SignedIn | None = getattr(request, "signed_in", None)
    return found


def actor(request: HttpRequest) -> Actor:
    """Return the acting person; raises NotPermitted for a stranger (the middleware asks first)."""
    signed = of(request)
    if signed is None:
        raise NotPermitted("请先登录。", code="not_signed_in")
    return signed.actor


def reading(request: HttpRequest) -> clock.Reading:
    """Return the node's time for this request; it stands still while the request is answered."""
    found: clock.Reading | None = getattr(request, "reading", None)
    if found is None:
        found = clock.read()
        request.reading = found  # type: ignore[attr-defined] # read back above
    return found


def now(request: HttpRequest) -> datetime:
    """Return the node's time for this request."""
    return reading(request).at


def attach(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that puts `signed_in` and `actor` on every request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Style sheets and scripts are the same for everybody: they ask for no session.
        static = request.path_info.startswith("/static/")
        signed = None if static else _signed_in(request)
        request.signed_in = signed  # type: ignore[attr-defined] # read through `of`
        request.actor = signed.actor if signed else None  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def _signed_in(request: HttpRequest) -> SignedIn | None:
    person_id, post_id = request.session.get(PERSON), request.session.get(POST)
    if not person_id or not post_id:
        return None
    try:
        found = presence(person_id=person_id, post_id=post_id, at=now(request))
    except NotPermitted:
        request.session.pop(POST, None)
        return None
    request.session.touch()  # type: ignore[attr-defined] # our store
    hats = [role for role in HATS if role in found.actor.roles]
    hat = request.session.get(HAT, "")
    return SignedIn(
        actor=found.actor,
        person=found.person,
        post=found.post,
        organisation=found.organisation,
        hat=hat if hat in hats else next(iter(hats), ""),
    )
