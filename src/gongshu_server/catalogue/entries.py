"""Writes on catalogue entries: filing, secrecy review, confirmation of levels, publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.levels import ShareAttribute
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.notices import notify
from gongshu_server.catalogue import confirming
from gongshu_server.catalogue.confirming import Confirmation
from gongshu_server.catalogue.models import Item, Resource, Snapshot
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Head
from gongshu_server.journal.recording import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalogue entry as a department files it (809号 第13条 names the fields)."""

    title: str
    table: str
    summary: str
    items: tuple[str, ...]
    update_cycle: str
    share_attribute: str = "conditional"
    share_basis: str = ""
    keeping_years: int = 10
    synthetic: bool = True


@action
def file_resource(*, entry: Entry, authority: str, by: Actor, at: datetime) -> Resource:
    """File a catalogue entry; its effect issues the owner's and the node's standing grants.

    Raises Invalid with every fault at once, Conflict when the SQL name is taken.
    """
    _faults(entry)
    if Resource.objects.filter(table=entry.table).exists():
        raise Conflict(f"表名“{entry.table}”已被其他资源使用，请换一个。", code="table_taken")
    resource = Resource(
        id=ulid(at),
        title=entry.title,
        table=entry.table,
        summary=entry.summary,
        provider_id=by.organisation,
        share_attribute=entry.share_attribute,
        share_basis=entry.share_basis,
        update_cycle=entry.update_cycle,
        keeping_years=entry.keeping_years,
        synthetic=entry.synthetic,
        created_at=at,
    )
    case = engine.open_case(
        "catalogue_entry",
        subject=("resource", resource.pk),
        title=f"目录编制：{entry.title}",
        handler=authority,
        by=by,
        at=at,
    )
    resource.case = case.pk
    resource.save(force_insert=True)
    Item.objects.bulk_create(
        Item(resource=resource, name=name, position=k, type="text")
        for k, name in enumerate(entry.items)
    )
    details = {"title": entry.title, "items": list(entry.items)}
    engine.advance(case, "file", by=by, at=at, details=details)
    _mirror(resource, case.state)
    return resource


def _faults(entry: Entry) -> None:
    faults = [
        f"缺少“{zh}”"
        for zh, given in (
            ("目录名称", entry.title),
            ("表名", entry.table),
            ("摘要", entry.summary),
            ("数据项", entry.items),
            ("更新频率", entry.update_cycle),
        )
        if not given
    ]
    if len(set(entry.items)) != len(entry.items):
        faults.append("数据项名称有重复")
    if entry.share_attribute not in set(ShareAttribute):
        faults.append("共享属性应为无条件共享、有条件共享或不予共享")
    if entry.share_attribute == "closed" and not entry.share_basis:
        faults.append("不予共享必须写明法律、行政法规或国务院决定的依据")
    if faults:
        raise Invalid("；".join(faults) + "。", code="incomplete", clause="809-13")


def _mirror(resource: Resource, state: str) -> None:
    resource.state = state
    resource.save(update_fields=["state"])


def locked(resource_id: str, *, by: Actor) -> Resource:
    """Return the resource, locked; NotFound when the actor may not see it."""
    resource = Resource.objects.visible_to(by).locked().filter(pk=resource_id).first()
    if resource is None:
        raise NotFound("没有这个数据资源。", code="resource_not_found")
    return resource


def owned(resource_id: str, *, by: Actor) -> Resource:
    resource = locked(resource_id, by=by)
    if resource.provider_id != by.organisation:
        raise NotPermitted("只有数据提供单位可以办理。", code="not_the_provider", clause="809-13")
    return resource


@action
def record_secrecy_review(
    *, resource_id: str, papers: Sequence[Paper], by: Actor, at: datetime
) -> Resource:
    """Record the secrecy review of an entry; no file is stored before it (《意见》十二)."""
    resource = owned(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    engine.advance(case, "record_secrecy_review", by=by, at=at, papers=papers)
    _mirror(resource, case.state)
    return resource


@action
def confirm_levels(
    *,
    resource_id: str,
    confirmations: Mapping[str, Confirmation],
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Resource:
    """Confirm category, level, grade and identifier class of every item; the strictest wins.

    What is left empty is the stricter of the machine's proposal and of what was confirmed before.
    Raises Conflict before a first profile exists, Invalid for an item that the resource lacks, for
    values that do not exist, and for less than the machine proposes without a reason.
    """
    resource = owned(resource_id, by=by)
    items = list(Item.objects.filter(resource=resource).order_by("position"))
    if not Snapshot.objects.filter(resource=resource).exists():
        raise Conflict("还没有任何数据版本，无法确认分类分级。", code="no_snapshot")
    unknown = set(confirmations) - {i.name for i in items}
    if unknown:
        raise Invalid(f"没有这些数据项：{'、'.join(sorted(unknown))}。", code="unknown_items")
    confirming.refuse_faults(confirmations)
    _refuse_unseen(items, confirmations)
    confirming.refuse_unexplained(items, confirmations, reason)
    for item in items:
        confirming.confirm(item, confirmations.get(item.name, Confirmation()), by=by)
    Item.objects.bulk_update(
        items,
        ["category", "level", "grade", "identifier", "subject", "lattice", "confirmed_by"],
    )
    _strictest(resource, items)
    case = engine.locked(resource.case, by=by)
    details = {"level": resource.level, "grade": resource.grade, "items": confirming.said(items)}
    engine.advance(case, "confirm_levels", by=by, at=at, reason=reason.strip(), details=details)
    _mirror(resource, case.state)
    return resource


def _refuse_unseen(items: Sequence[Item], said: Mapping[str, Confirmation]) -> None:
    """Refuse to confirm an item that no profile has seen, unless a person says everything."""
    unseen = [
        item.name
        for item in items
        if not item.proposal and not said.get(item.name, Confirmation()).stands_alone()
    ]
    if unseen:
        raise Invalid(
            f"还没有探查过这些数据项：{'、'.join(unseen)}。请先报送含有它们的数据版本，"
            "或逐项写明级别、分级、标识类型和涉及对象。",
            code="items_not_profiled",
            clause="opinions-4.3",
        )


def _strictest(resource: Resource, items: Sequence[Item]) -> None:
    resource.level = max((i.level for i in items), key=confirming.LEVELS.index)
    resource.grade = max(i.grade or 1 for i in items)
    resource.category = max(
        (i.category for i in items if i.category), key=lambda c: (c, ""), default=""
    )
    resource.save(update_fields=["level", "grade", "category"])


@action
def publish(*, resource_id: str, by: Actor, at: datetime) -> Resource:
    """Publish an entry after the authority's review (within 2 working days, 809号 第17条)."""
    resource = locked(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    if Item.objects.filter(resource=resource, confirmed_by="").exists():
        raise Conflict("还有数据项没有确认分类分级，请数据提供单位先确认。", code="not_confirmed")
    engine.advance(case, "publish", by=by, at=at)
    _mirror(resource, case.state)
    return resource


@action
def return_entry(*, resource_id: str, reason: str, by: Actor, at: datetime) -> Resource:
    """Send an entry back to the department, with reasons."""
    resource = locked(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    engine.advance(case, "return_", by=by, at=at, reason=reason)
    _mirror(resource, case.state)
    return resource


@action
def stop_as_secret(*, resource_id: str, reason: str, by: Actor, at: datetime) -> Resource:
    """Stop an entry because it is a state or work secret; it never enters here (809号 第2条)."""
    resource = locked(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    engine.advance(case, "stop_as_secret", by=by, at=at, reason=reason)
    _mirror(resource, case.state)
    return resource


@action
def note_change(*, resource_id: str, reason: str, by: Actor, at: datetime) -> Resource:
    """Note that the entry must be updated (within 10 working days, 809号 第17条)."""
    resource = locked(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    engine.advance(case, "note_change", by=by, at=at, reason=reason)
    _mirror(resource, case.state)
    return resource


@action
def amend(*, resource_id: str, entry: Entry, by: Actor, at: datetime) -> Resource:
    """File an update of a published entry; new items need confirmation, dropped ones are kept."""
    _faults(entry)
    resource = owned(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    known = set(Item.objects.filter(resource=resource).values_list("name", flat=True))
    added = [name for name in entry.items if name not in known]
    Item.objects.bulk_create(
        Item(resource=resource, name=name, position=len(known) + k, type="text")
        for k, name in enumerate(added)
    )
    resource.title, resource.summary = entry.title, entry.summary
    resource.update_cycle = entry.update_cycle
    resource.save(update_fields=["title", "summary", "update_cycle"])
    engine.advance(case, "amend", by=by, at=at, details={"title": entry.title, "added": added})
    _mirror(resource, case.state)
    return resource


@action
def withdraw(*, resource_id: str, reason: str, by: Actor, at: datetime) -> Resource:
    """Withdraw an entry; its effect revokes every grant on the resource."""
    resource = owned(resource_id, by=by)
    case = engine.locked(resource.case, by=by)
    engine.advance(case, "withdraw", by=by, at=at, reason=reason)
    _mirror(resource, case.state)
    return resource


@action
def mark_opened(*, resource_id: str, items: Sequence[str], by: Actor, at: datetime) -> Resource:
    """Mark items as lawfully opened; called by the effect of an approved opening review."""
    resource = Resource.objects.select_for_update(of=("self",)).get(pk=resource_id)
    Item.objects.filter(resource=resource, name__in=list(items)).update(opened=True)
    resource.open_attribute = "unconditional"
    resource.save(update_fields=["open_attribute"])
    event = Event(
        "resource.opened", ("resource", resource.pk), "opinions-2.1", {"items": list(items)}
    )
    journal(event, by=by, at=at)
    return resource


@action
def mark_closed(
    *, resource_id: str, items: Sequence[str], reason: str, by: Actor, at: datetime
) -> Resource:
    """Mark items as no longer opened; called by the effect of a version that may not be open."""
    resource = Resource.objects.select_for_update(of=("self",)).get(pk=resource_id)
    Item.objects.filter(resource=resource, name__in=list(items)).update(opened=False)
    if not Item.objects.filter(resource=resource, opened=True).exists():
        resource.open_attribute = "closed"
        resource.save(update_fields=["open_attribute"])
    details = {"items": list(items), "reason": reason}
    event = Event("resource.closed", ("resource", resource.pk), "opinions-2.2", details)
    journal(event, by=by, at=at)
    text = f"《{resource.title}》的新版本不得开放，已停止开放：{reason}。请核对后重新申请开放。"
    notify([resource.provider_id], case=None, text=text, at=at)
    return resource


@action
def mark_published_elsewhere(
    *, resource_id: str, items: Sequence[str], opened: bool, by: Actor, at: datetime
) -> Resource:
    """Record that a run treats items of a published table as opened or as not opened.

    Only on demo nodes: real tables were published, and the story needs some that are not. Raises
    Invalid on any other node, where nothing is opened without its review.
    """
    require(by, "catalogue.file")
    if not Head.objects.filter(pk=1, demo=True).exists():
        raise Invalid("只有演示节点可以指定开放状态。请办理开放审查。", code="not_a_demo")
    resource = owned(resource_id, by=by)
    Item.objects.filter(resource=resource, name__in=list(items)).update(opened=opened)
    details = {"items": list(items), "opened": opened}
    event = Event("resource.treated_as", ("resource", resource.pk), "opinions-2.1", details)
    journal(event, by=by, at=at)
    return resource
