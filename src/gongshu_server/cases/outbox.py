"""The outbox: notices on their way to people over channels, each once as far as that can be.

Three short transactions with the sending between them: set out, claim, note. A claim moves the
delivery's time past a lease, so that two workers never send it at once; a worker that is killed
after the hand-over and before its note sends it again after the lease, under the same key. What
fails is tried again, ever more slowly, and given up on after a day or so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from gongshu.workflow.limits import SHANGHAI
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Holding, Post, Profile
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.channels import Channel, Message, Undeliverable, plain
from gongshu_server.cases.models import Delivery, Notice
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event

AT_ONCE = 200
LEASE = timedelta(minutes=10)
BACK_OFF = timedelta(minutes=2)
MOST_BACK_OFF = timedelta(hours=6)
MOST_ATTEMPTS = 10
DIGEST_AT = time(8, 30)
ONE_DAY = timedelta(days=1)
MOST_LINES = 50


def awaiting(channels: Sequence[Channel], *, at: datetime) -> bool:
    """Tell whether there is anything to set out or to send now."""
    due = Delivery.objects.filter(state="waiting", next_at__lte=at)
    new = Notice.objects.filter(spread_at__isnull=True)
    return new.exists() or due.filter(channel__in=[c.code for c in channels]).exists()


def deliver(channels: Sequence[Channel], *, by: Actor, at: datetime) -> int:
    """Set new notices out, send what is due, note what became of it; return how many were sent."""
    spread(channels=channels, by=by, at=at)
    ways = {channel.code: channel for channel in channels}
    sent = 0
    for _ in range(AT_ONCE):
        bundle = claim(codes=sorted(ways), by=by, at=at)
        if not bundle:
            break
        outcome = _carry(ways[bundle[0].channel], bundle)
        ids = [one.pk for one in bundle]
        note_delivery(delivery_ids=ids, outcome=outcome, by=by, at=at)
        sent += outcome == "sent"
    return sent


@action
def spread(*, channels: Sequence[Channel], by: Actor, at: datetime) -> int:
    """Set out the deliveries of new notices, for the holders of posts who wish for them."""
    require(by, "job.run")
    new = Notice.objects.select_for_update(of=("self",)).filter(spread_at__isnull=True)
    notices = list(new.order_by("created_at", "id")[:AT_ONCE])
    holders = _holders({notice.organisation_id for notice in notices}, at=at) if channels else {}
    rows = [
        Delivery(
            id=ulid(at),
            notice=notice,
            channel=channel.code,
            person_id=profile.person_id,
            post_id=post,
            daily=profile.notices == "daily",
            next_at=_digest_time(at) if profile.notices == "daily" else at,
        )
        for notice in notices
        for post, profile in holders.get(notice.organisation_id, ())
        for channel in channels
        if channel.address_of(profile)
    ]
    # A person with two posts in one organisation hears of a notice once.
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(spread_at=at)
    if rows:
        details = {"notices": len(notices), "deliveries": len(rows)}
        journal(Event("notice.spread", ("outbox", ""), "", details), by=by, at=at)
    return len(rows)


def _holders(organisations: set[str], *, at: datetime) -> Mapping[str, list[tuple[str, Profile]]]:
    """Return by organisation the (post, profile) of each holder who wishes to be told outside."""
    held = Holding.objects.filter(
        post__organisation_id__in=organisations, valid_from__lte=at, valid_until__isnull=True
    ).select_related("post")
    holdings = list(held.order_by("id"))
    people = {one.person_id for one in holdings}
    wishing = Profile.objects.filter(person_id__in=people, notices__in=("each", "daily"))
    profiles = {profile.person_id: profile for profile in wishing}
    found: dict[str, list[tuple[str, Profile]]] = {}
    for one in holdings:
        if one.person_id in profiles:
            pair = (one.post_id, profiles[one.person_id])
            found.setdefault(one.post.organisation_id, []).append(pair)
    return found


def _digest_time(at: datetime) -> datetime:
    local = at.astimezone(SHANGHAI)
    today = datetime.combine(local.date(), DIGEST_AT, SHANGHAI)
    return today if local <= today else today + ONE_DAY


@action
def claim(*, codes: Sequence[str], by: Actor, at: datetime) -> list[Delivery]:
    """Claim what is due next: one delivery, or all of one post's digest; empty when nothing is.

    What is claimed is not due again before its lease has run out. It counts as an attempt.
    """
    require(by, "job.run")
    due = Delivery.objects.select_for_update(of=("self",)).filter(
        state="waiting", next_at__lte=at, channel__in=list(codes)
    )
    first = due.order_by("next_at", "id").first()
    if first is None:
        return []
    rows = [first]
    if first.daily:
        same = {name: getattr(first, name) for name in ("channel", "person_id", "post_id")}
        rows = list(due.filter(daily=True, **same).order_by("id"))
    for row in rows:
        row.attempts += 1
        row.next_at = at + LEASE
    Delivery.objects.bulk_update(rows, ["attempts", "next_at"])
    return rows


def _carry(channel: Channel, bundle: Sequence[Delivery]) -> str:
    """Send one bundle; return `sent`, `retry` or `failed`."""
    profile = Profile.objects.filter(person_id=bundle[0].person_id).first()
    address = channel.address_of(profile) if profile else ""
    if not address or (profile and profile.notices == "off"):
        return "failed"
    try:
        channel.carry(_message(bundle, address))
    except Undeliverable as fault:
        return "failed" if fault.lasting else "retry"
    return "sent"


def _message(bundle: Sequence[Delivery], address: str) -> Message:
    """Write the message: a subject with at most a case number, and one line for each notice."""
    ids = [one.notice_id for one in bundle]
    notices = list(Notice.objects.filter(pk__in=ids).select_related("case").order_by("id"))
    post = Post.objects.select_related("organisation").get(pk=bundle[0].post_id)
    if bundle[0].daily:
        subject = f"公枢每日通知（{len(notices)}条）"
    else:
        case = notices[0].case
        subject = f"公枢通知 {case.number}" if case else "公枢通知"
    lines = [
        f"{n.case.number if n.case else '通知'}　{plain(n.text).replace(chr(10), ' ')}"
        for n in notices[:MOST_LINES]
    ]
    if len(notices) > MOST_LINES:
        lines.append(f"另有{len(notices) - MOST_LINES}条，请登录后在收件箱查看。")
    head = plain(f"{post.organisation.name} {post.title}：").replace("\n", " ")
    foot = "请登录公枢办理。不再需要这类邮件时，请在“个人设置”里关闭。"
    text = "\n".join([head, "", *lines, "", foot])
    return Message(key=bundle[0].pk, to=address, subject=plain(subject), text=text)


@action
def note_delivery(
    *, delivery_ids: Sequence[str], outcome: str, by: Actor, at: datetime
) -> list[Delivery]:
    """Note what became of a bundle: sent, failed for good, or to be tried again later."""
    require(by, "job.run")
    locked = Delivery.objects.select_for_update(of=("self",))
    rows = list(locked.filter(pk__in=delivery_ids, state="waiting").order_by("id"))
    for row in rows:
        if outcome == "sent":
            row.state, row.sent_at = "sent", at
        elif outcome == "failed" or row.attempts >= MOST_ATTEMPTS:
            row.state = "failed"
        else:
            row.next_at = at + min(BACK_OFF * 2 ** (row.attempts - 1), MOST_BACK_OFF)
    Delivery.objects.bulk_update(rows, ["state", "sent_at", "next_at"])
    ended = [row.pk for row in rows if row.state != "waiting"]
    if ended:
        name = "notice.sent" if outcome == "sent" else "notice.undeliverable"
        event = Event(name, ("person", rows[0].person_id), "", {"deliveries": ended})
        journal(event, by=by, at=at)
    return rows
