"""Event → effects: what follows in other contexts, in the same transaction as the event.

This table is the only way in which something low moves something high, and the only place where
grants are issued.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from django.db.models import Exists, Model, OuterRef, QuerySet

from gongshu.policy import PUBLIC, Grant
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.cases.models import Case, Party
from gongshu_server.catalogue import actions as catalogue_actions
from gongshu_server.catalogue import queries as catalogue_queries
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.journal.recording import Recorded
from gongshu_server.journeys import standing
from gongshu_server.market import actions as market_actions
from gongshu_server.market import queries as market_queries
from gongshu_server.market.models import Order, Product
from gongshu_server.opening import checking
from gongshu_server.operation import queries as operation_queries
from gongshu_server.operation.models import Agreement, Plan, ReviewingBody, Scenario
from gongshu_server.oversight import audit_access
from gongshu_server.oversight.models import AuditAccess, Complaint, Objection
from gongshu_server.registration.models import Registration
from gongshu_server.usage import actions as usage_actions
from gongshu_server.usage import changes, compilation
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop.models import Release, ReleaseSource, Task

Effect = Callable[..., None]
# Whose organisation changes with a succession: rows that never end, and rows of open cases.
HELD: Mapping[type[Model], tuple[str, ...]] = MappingProxyType(
    {
        Resource: ("provider_id",),
        Plan: ("implementing_body_id",),
        Task: ("developer_id",),
        Registration: ("registrant_id", "body_id"),
    }
)
HELD_WHILE_OPEN: Mapping[type[Model], tuple[str, ...]] = MappingProxyType(
    {
        Agreement: ("operator_id", "implementing_body_id"),
        Scenario: ("applicant_id", "developer_id"),
        Release: ("developer_id", "operator_id", "implementing_body_id"),
        Product: ("operator_id",),
        Order: ("buyer_id",),
        Objection: ("provider_id", "raiser_id"),
        Complaint: ("handler_id",),
        AuditAccess: ("provider_id", "auditor_id"),
    }
)


def _issue(grants: list[Grant], *, giver: str, by: Actor, at: datetime) -> None:
    for grant in grants:
        usage_actions.issue(grant=grant, giver=giver, by=by, at=at)


def grants_at_filing(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A filed entry: the node may type and profile it, the owner may look on."""
    resource = Resource.objects.get(pk=recorded.event.subject[1])
    grants = standing.at_filing(
        provider=resource.provider_id, resource_id=resource.pk, case=resource.case, at=at
    )
    _issue(grants, giver=resource.provider_id, by=by, at=at)


def grants_at_publication(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A published entry: the owner may read its confirmed items."""
    resource = Resource.objects.get(pk=recorded.event.subject[1])
    grants = standing.at_publication(
        provider=resource.provider_id,
        resource_id=resource.pk,
        items=[item.name for item in catalogue_queries.items(resource.pk)],
        case=resource.case,
        at=at,
    )
    _issue(grants, giver=resource.provider_id, by=by, at=at)


def open_items(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An approved opening: the items are open, and the public has its grants."""
    details = recorded.event.details
    resource_id, items = recorded.event.subject[1], details["items"]
    catalogue_actions.mark_opened(resource_id=resource_id, items=items, by=by, at=at)
    grants = standing.at_opening(resource_id=resource_id, items=items, case=details["case"], at=at)
    provider = Resource.objects.get(pk=resource_id).provider_id
    _issue(grants, giver=provider, by=by, at=at)


def close_items(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A new version with personal values in opened items: they are closed before anybody reads it.

    Whole grants end, so the harmless items beside them are closed, too, until they are applied for
    again.
    """
    resource_id = recorded.event.subject[1]
    snapshot = Snapshot.objects.get(pk=recorded.event.details["snapshot"])
    items = [item for item in catalogue_queries.items(resource_id) if item.opened]
    findings = checking.from_content(items, snapshot.profile)
    if not findings:
        return
    flagged = {finding.item for finding in findings}
    public = GrantRow.objects.filter(grantee=PUBLIC, object=f"resource:{resource_id}")
    closed: set[str] = set()
    for row in public.filter(revoked_at__isnull=True):
        granted = set(compilation.journalled(row.pk).items)
        if granted & flagged:
            usage_actions.withdraw(row, reason=recorded.event.name, by=node(), at=at)
            closed |= granted
    if closed:
        catalogue_actions.mark_closed(
            resource_id=resource_id,
            items=sorted(closed),
            reason="；".join(finding.sentence for finding in findings),
            by=node(),
            at=at,
        )


def ceilings(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An agreement in force: the ceiling under which scenario applications get their grants."""
    agreement = Agreement.objects.get(pk=recorded.event.subject[1])
    grants = operation_queries.ceiling_grants(agreement, at=at)
    _issue(grants, giver=agreement.implementing_body_id, by=by, at=at)


def scenario_grants(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An approved scenario: the developer's grants, each inside its ceiling."""
    scenario = Scenario.objects.select_related("agreement").get(pk=recorded.event.subject[1])
    grants = operation_queries.scenario_grants(scenario, at=at)
    _issue(grants, giver=scenario.agreement.implementing_body_id, by=by, at=at)


def order_grant(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An accepted order: the buyer's grant on the product."""
    grant, giver = market_queries.order_grant(recorded.event.subject[1], at=at)
    _issue([grant], giver=giver, by=by, at=at)


def audit_grant(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An acknowledged audit access: the auditor's grant to read, until its period ends."""
    row = AuditAccess.objects.get(pk=recorded.event.subject[1])
    _issue([audit_access.grant(row, at=at)], giver=row.provider_id, by=by, at=at)


def end_case_grants(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A case that ended: every grant that came from it, and what hangs under it, is revoked."""
    _revoke(GrantRow.objects.filter(case=recorded.event.details["case"]), recorded, by=by, at=at)


def end_resource_grants(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A resource that is gone: every grant on it is revoked, whichever case it came from."""
    gone = f"resource:{recorded.event.subject[1]}"
    _revoke(GrantRow.objects.filter(object=gone), recorded, by=by, at=at)


def _revoke(rows: QuerySet[GrantRow], recorded: Recorded, *, by: Actor, at: datetime) -> None:
    for row in rows.filter(revoked_at__isnull=True):
        # Revoking one takes those under it along.
        row.refresh_from_db()
        if row.revoked_at is None:
            usage_actions.withdraw(row, reason=recorded.event.name, by=by, at=at)


def end_agreement_products(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An agreement that ended: its products leave the shelf, and every order on them ends."""
    agreement = recorded.event.subject[1]
    releases = Release.objects.filter(run__query__task__scenario__agreement_id=agreement)
    _end_products(releases, reason="授权运营协议已终止或到期", at=at)


def end_resource_products(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A resource that is gone: no product that rests on it goes on."""
    sources = ReleaseSource.objects.filter(resource_id=recorded.event.subject[1])
    releases = Release.objects.filter(pk__in=sources.values("release_id"))
    _end_products(releases, reason="所依据的数据资源已撤下或因涉密终止", at=at)


def _end_products(releases: QuerySet[Release], *, reason: str, at: datetime) -> None:
    """Delist and revoke in the platform's own name: nobody decides it, it follows."""
    by = node()
    products = Product.objects.filter(release__in=releases.values("pk"))
    for product in products.filter(state__in=("filed", "listed")):
        market_actions.delist_product(product_id=product.pk, reason=reason, by=by, at=at)
    running = Case.objects.filter(pk=OuterRef("case"), state__in=("accepted", "active"))
    for order in Order.objects.filter(Exists(running), product__in=products):
        market_actions.revoke_order(order_id=order.pk, reason=reason, by=by, at=at)


def tell_hosts(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """A key or product changed: serving hosts look before their next answer."""
    kind, object_id = recorded.event.subject
    changes.note(kind, object_id, at=at)


def move_to_successor(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """An organisation was succeeded: what it holds, open cases and grants move to the successor.

    What has ended stays with the old organisation; its history keeps the old name.
    """
    old, new = recorded.event.subject[1], str(recorded.event.details["successor"])
    for model, names in HELD.items():
        for name in names:
            model._default_manager.filter(**{name: old}).update(**{name: new})
    ended = Case.objects.filter(pk=OuterRef("case"), closed_at__isnull=False)
    for model, names in HELD_WHILE_OPEN.items():
        for name in names:
            model._default_manager.filter(~Exists(ended), **{name: old}).update(**{name: new})
    # A body reviews once for an agreement: where the successor already does, nothing moves.
    already = ReviewingBody.objects.filter(organisation_id=new).values("agreement_id")
    reviewing = ReviewingBody.objects.filter(organisation_id=old)
    reviewing.exclude(agreement_id__in=already).update(organisation_id=new)
    for party in Party.objects.filter(organisation_id=old, case__closed_at__isnull=True):
        Party.objects.get_or_create(case_id=party.case_id, organisation_id=new, part=party.part)
    for row in GrantRow.objects.filter(grantee=old, revoked_at__isnull=True):
        usage_actions.move(row, grantee=new, by=node(), at=at)
    GrantRow.objects.filter(giver=old).update(giver=new)


EFFECTS: Mapping[str, tuple[Effect, ...]] = MappingProxyType(
    {
        "catalogue.filed": (grants_at_filing,),
        "catalogue.published": (grants_at_publication,),
        "catalogue.withdrawn": (end_resource_grants, end_resource_products),
        "catalogue.stopped_as_secret": (end_resource_grants, end_resource_products),
        "opening.approved": (open_items,),
        "resource.versioned": (close_items,),
        "agreement.activated": (ceilings,),
        "agreement.terminated": (end_case_grants, end_agreement_products),
        "agreement.expired": (end_case_grants, end_agreement_products),
        "scenario.approved": (scenario_grants,),
        "scenario.ended": (end_case_grants,),
        "order.accepted": (order_grant,),
        "order.revoked": (end_case_grants,),
        "order.completed": (end_case_grants,),
        "key.issued": (tell_hosts,),
        "key.revoked": (tell_hosts,),
        "product.listed": (tell_hosts,),
        "product.delisted": (tell_hosts,),
        "audit.acknowledged": (audit_grant,),
        "audit.closed": (end_case_grants,),
        "audit.expired": (end_case_grants,),
        "organisation.succeeded": (move_to_successor,),
    }
)
