"""Hand-over of a post (交接): what its holder had goes to the next one or ends, and both say so.

Cases, drafts and uploads belong to the organisation and stay where they are; what hangs on the
person ends: the holding, the delegations that they gave for the post, and their keys of it. The
next one begins with none of them. Sub-steps that were signed keep the name of who signed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Delegation, Handover, Holding, Key, Person, Post
from gongshu_server.accounts.permissions import require, require_scope
from gongshu_server.accounts.posts import refuse_both_sides, refuse_mixed_duties
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event


@action
def propose_handover(
    *, post_id: str, giver_id: str, taker_id: str, note: str = "", by: Actor, at: datetime
) -> Handover:
    """Propose that a post of the actor's organisation goes from its holder to another person.

    The holder does, or who manages the people there. The taker has a post of some kind already,
    so that they can sign in and confirm. Raises Conflict while another hand-over of it is open.
    """
    post = Post.objects.select_for_update(of=("self",)).filter(pk=post_id).first()
    if post is None or post.organisation_id != by.organisation:
        raise NotFound("没有这个岗位。", code="post_not_found")
    require_scope(by, "house")
    if giver_id != by.person or by.delegation:
        require(by, "person.manage")
    _held(post, giver_id)
    _refuse_taker(post, giver_id, taker_id, at=at)
    if Handover.objects.filter(post=post, state="proposed").exists():
        raise Conflict("这个岗位已有待确认的交接。", code="handover_open")
    row = Handover.objects.create(
        id=ulid(at),
        post=post,
        giver_id=giver_id,
        taker_id=taker_id,
        note=note,
        proposed_at=at,
        proposed_by=by.text_id,
    )
    details = {"post": post.pk, "giver": giver_id, "taker": taker_id}
    journal(Event("handover.proposed", ("handover", row.pk), "", details), by=by, at=at)
    return row


def _held(post: Post, person_id: str) -> Holding:
    running = Holding.objects.select_for_update(of=("self",)).filter(valid_until__isnull=True)
    holding = running.filter(post=post, person_id=person_id).first()
    if holding is None:
        raise Invalid("移交人现在不在这个岗位上，请核对后再办。", code="not_in_post")
    return holding


def _refuse_taker(post: Post, giver_id: str, taker_id: str, *, at: datetime) -> None:
    if taker_id == giver_id or not Person.objects.filter(pk=taker_id).exists():
        raise NotFound("没有这个接收人，接收人须是本节点登记的其他人员。", code="person_not_found")
    serving = Holding.objects.filter(person_id=taker_id, valid_until__isnull=True)
    if not serving.exists():
        raise Invalid(
            "接收人还没有任何岗位，无法登录确认；请先为其任职。", code="taker_without_post"
        )
    if serving.filter(post=post).exists():
        raise Invalid("接收人已在这个岗位上，不需要交接。", code="already_in_post")
    refuse_both_sides(taker_id, post.organisation_id, at=at)
    refuse_mixed_duties(taker_id, post.duties, at=at)


@action
def confirm_handover(*, handover_id: str, by: Actor, at: datetime) -> Handover:
    """Confirm a hand-over as its taker: the post is theirs from now on.

    The giver's keys and delegations of the post end. Raises Invalid when the giver has left the
    post meanwhile, Conflict when the taker would stand on both sides.
    """
    row = _open(handover_id)
    require_scope(by, "house")
    if row is None or by.person != row.taker_id or by.delegation:
        raise _not_there()
    holding = _held(row.post, row.giver_id)
    _refuse_taker(row.post, row.giver_id, row.taker_id, at=at)
    holding.valid_until = max(at, holding.valid_from + timedelta(microseconds=1))
    holding.save(update_fields=["valid_until"])
    Holding.objects.create(post=row.post, person_id=row.taker_id, valid_from=holding.valid_until)
    ended = {
        "keys": _end_keys(row, by=by, at=at),
        "delegations": _end_delegations(row, by=by, at=at),
    }
    row.state, row.settled_at = "confirmed", at
    row.save(update_fields=["state", "settled_at"])
    journal(Event("post.left", ("post", row.post_id), "", {"person": row.giver_id}), by=by, at=at)
    post = row.post
    filled = {"organisation": post.organisation_id, "title": post.title, "duties": post.duties}
    filled["person"] = row.taker_id
    journal(Event("post.filled", ("post", post.pk), "", filled), by=by, at=at)
    journal(Event("handover.confirmed", ("handover", row.pk), "", ended), by=by, at=at)
    return row


def _open(handover_id: str) -> Handover | None:
    rows = Handover.objects.select_for_update(of=("self",)).select_related("post")
    return rows.filter(pk=handover_id, state="proposed").first()


def _not_there() -> NotFound:
    return NotFound("没有这项待确认的交接。", code="handover_not_found")


def _end_keys(row: Handover, *, by: Actor, at: datetime) -> int:
    keys = Key.objects.filter(post=row.post, person_id=row.giver_id, revoked_at__isnull=True)
    ids = list(keys.values_list("pk", flat=True))
    keys.update(revoked_at=at)
    for key in ids:
        reason = {"reason": "handover"}
        journal(Event("key.revoked", ("key", key), "", reason), by=by, at=at)
    return len(ids)


def _end_delegations(row: Handover, *, by: Actor, at: datetime) -> int:
    given = Delegation.objects.filter(
        post=row.post, giver_id=row.giver_id, revoked_at__isnull=True, valid_until__gt=at
    )
    pairs = list(given.values_list("pk", "clause"))
    given.update(revoked_at=at)
    for delegation, clause in pairs:
        event = Event("delegation.revoked", ("delegation", delegation), clause, {})
        journal(event, by=by, at=at)
    return len(pairs)


@action
def decline_handover(*, handover_id: str, by: Actor, at: datetime) -> Handover:
    """Call a hand-over off: the taker, the giver, or who manages the people of the organisation."""
    row = _open(handover_id)
    if row is None:
        raise _not_there()
    require_scope(by, "house")
    own = row.post.organisation_id == by.organisation
    if by.person not in {row.taker_id, row.giver_id}:
        if not own:
            raise _not_there()
        require(by, "person.manage")
    row.state, row.settled_at = "declined", at
    row.save(update_fields=["state", "settled_at"])
    journal(Event("handover.declined", ("handover", row.pk), "", {}), by=by, at=at)
    return row
