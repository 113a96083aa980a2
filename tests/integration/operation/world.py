"""A small city for the tests of operation and workshop: bodies, people, three resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gongshu.policy import Grant, Undertaking
from gongshu.procedures.agreement import MANDATORY_ITEMS as AGREEMENT_ITEMS
from gongshu.procedures.operation_plan import MANDATORY_ITEMS as PLAN_ITEMS
from gongshu_server.accounts.actors import Actor, acting, node
from gongshu_server.accounts.models import Holding, Organisation, OrganisationRole, Person, Post
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource, Snapshot
from gongshu_server.journal.ids import ulid
from gongshu_server.operation import actions, queries
from gongshu_server.operation.actions import Application, ScopeEntry, Terms
from gongshu_server.operation.models import Agreement, Plan, Scenario
from gongshu_server.usage import actions as usage

BEIJING = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 9, 1, 9, tzinfo=BEIJING)
FULL_PLAN = dict.fromkeys(PLAN_ITEMS, "见正文")
FULL_AGREEMENT = dict.fromkeys(AGREEMENT_ITEMS, "见正文")
EVERYBODY = ("handler", "head", "reviewer", "developer")

BODIES: Mapping[str, tuple[str, ...]] = {
    "bureau": ("data_authority", "implementing_body"),
    "other_bureau": ("implementing_body",),
    "government": ("authorising_body",),
    "other_government": ("authorising_body",),
    "emergency": ("provider",),
    "tax": ("provider",),
    "industry": ("provider",),
    "cyberspace": ("security_reviewer",),
    "secrecy": ("security_reviewer",),
    "other_security": ("security_reviewer",),
    "sector": ("sector_authority",),
    "operator": ("operator",),
    "other_operator": ("operator",),
    "lab": ("developer",),
    "other_lab": ("developer",),
    "audit": ("audit_office",),
}

# item -> type, identifier, lattice; every item is about enterprises, general data of grade 2.
TABLES: Mapping[str, tuple[str, str, Mapping[str, tuple[str, str, Any]]]] = {
    "licences": (
        "emergency",
        "安全生产许可证",
        {
            "统一社会信用代码": ("text", "direct", None),
            "行政区划代码": (
                "text",
                "other",
                {"kind": "values", "values": ["139901", "139902", "139903"]},
            ),
            "许可状态": ("text", "other", {"kind": "values", "values": ["有效", "注销"]}),
        },
    ),
    "arrears": (
        "tax",
        "欠税",
        {
            "统一社会信用代码": ("text", "direct", None),
            "税种": ("text", "other", {"kind": "values", "values": ["增值税", "印花税"]}),
        },
    ),
    "smes": (
        "industry",
        "科技型中小企业",
        {
            "统一社会信用代码": ("text", "direct", None),
            "企业名称": ("text", "direct", None),
        },
    ),
}
SUBJECT = "主体_企业"


@dataclass(slots=True)
class World:
    """Who and what there is; `at` only moves forward."""

    at: datetime = START
    organisations: dict[str, str] = field(default_factory=dict)
    people: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)

    def later(self, **step: int) -> datetime:
        """Let time pass (a minute unless said otherwise) and return it."""
        self.at += timedelta(**(step or {"minutes": 1}))
        return self.at

    def actor(self, code: str, duty: str = "handler") -> Actor:
        """Return the person with that duty in that body."""
        person, post = self.people[code, duty]
        return acting(person_id=person, post_id=post, at=self.at)

    def do(self, action: Any, *, by: tuple[str, str] | str, **arguments: Any) -> Any:
        """Perform an action a minute later."""
        who = (by, "handler") if isinstance(by, str) else by
        at = self.later()
        return action(**arguments, by=self.actor(*who), at=at)

    def scope(self, *tables: str, exits: tuple[str, ...] = ("export",)) -> tuple[ScopeEntry, ...]:
        """Return whole tables as the scope of an agreement or scenario."""
        return tuple(
            ScopeEntry(self.resources[table], tuple(TABLES[table][2]), exits) for table in tables
        )


def found(world: World) -> World:
    """Record every body, each with one person for every duty (rows: the actions are not tested)."""
    bodies, roles, posts, people, holdings = [], [], [], [], []
    for code, held in BODIES.items():
        body_id = ulid(world.at)
        world.organisations[code] = body_id
        bodies.append(
            Organisation(id=body_id, name=f"{code}单位", short_name=code, control_group=body_id)
        )
        roles += [
            OrganisationRole(organisation_id=body_id, role=role, valid_from=world.at)
            for role in held
        ]
        for duty in (*EVERYBODY, "auditor"):
            person, post = ulid(world.at), ulid(world.at)
            world.people[code, duty] = (person, post)
            people.append(Person(id=person, name=f"{code}-{duty}"))
            posts.append(Post(id=post, organisation_id=body_id, title=duty, duties=[duty]))
            holdings.append(Holding(post_id=post, person_id=person, valid_from=world.at))
    for rows in (bodies, roles, people, posts, holdings):
        type(rows[0]).objects.bulk_create(rows)
    return world


def catalogue(world: World) -> World:
    """Publish the three resources, each with one version of data; `smes` is lawfully opened."""
    for key, (provider, table, items) in TABLES.items():
        resource = Resource.objects.create(
            id=ulid(world.at),
            title=table,
            table=table,
            provider_id=world.organisations[provider],
            level="general",
            grade=2,
            update_cycle="每月",
            state="published",
            open_attribute="unconditional" if key == "smes" else "closed",
            created_at=world.at,
        )
        world.resources[key] = resource.pk
        for position, (name, (kind, identifier, lattice)) in enumerate(items.items()):
            Item.objects.create(
                resource=resource,
                name=name,
                position=position,
                type=kind,
                level="general",
                grade=1 if key == "smes" else 2,
                identifier=identifier,
                subject="enterprise",
                opened=key == "smes",
                lattice=lattice,
                confirmed_by="someone",
            )
        version(world, key)
    return world


def version(world: World, key: str, *, number: int = 0) -> Snapshot:
    """Record one version of a resource's data (its rows lie in the lake or nowhere)."""
    resource = Resource.objects.get(pk=world.resources[key])
    received = ReceivedFile.objects.create(
        id=ulid(world.at),
        resource=resource,
        name="数据.csv",
        bytes=1,
        digest="0" * 64,
        salt="0" * 64,
        received_at=world.at,
        received_by="someone",
    )
    return Snapshot.objects.create(
        id=ulid(world.at),
        resource=resource,
        received=received,
        version=number,
        location=f"{resource.pk}/rows",
        rows=1,
        rejects=0,
        bytes=1,
        schema={name: said[0] for name, said in TABLES[key][2].items()} | {SUBJECT: "text"},
        digest="0" * 64,
        understood={},
        as_of=date(2025, 8, 31),
        created_at=world.at,
    )


def paper(kind: str) -> Paper:
    """Return a document of a body outside with everything that identifies it."""
    return Paper(
        kind=kind,
        title="文件",
        text="正文",
        number="临政〔2025〕17号",
        issuer="市政府",
        dated=date(2025, 9, 2),
        receipt="回执-17",
    )


def terms(world: World, **changed: Any) -> Terms:
    """Return complete terms of three years; `changed` replaces fields."""
    complete = Terms(
        operator=world.organisations["operator"],
        selection="open_tender",
        selection_record="临公资〔中标〕2025-88号",
        # One body for each review: where there is a choice, lots are drawn (`test_drawing.py`).
        security_bodies=(world.organisations["cyberspace"],),
        compliance_bodies=(world.organisations["sector"],),
        contents=FULL_AGREEMENT,
        scope=(
            *world.scope("licences", exits=("export", "service")),
            *world.scope("arrears"),
        ),
        purposes=("industry", "public_governance"),
        businesses=("resource_development", "product_operation"),
        products=({"title": "企业安全生产风险画像"},),
        valid_from=world.at,
        valid_until=world.at + timedelta(days=3 * 365),
    )
    return replace(complete, **changed)


def application(world: World, **changed: Any) -> Application:
    """Return a scenario that fits the agreement of `terms`; `changed` replaces fields."""
    fitting = Application(
        title="企业安全生产风险画像",
        developer=world.organisations["lab"],
        purpose="industry",
        scope=(
            *world.scope("licences", exits=("export", "service")),
            *world.scope("arrears"),
        ),
        valid_until=world.at + timedelta(days=365),
        undertakings=(Undertaking("purpose", "只用于本场景", "27-21"),),
    )
    return replace(fitting, **changed)


def drafted_plan(world: World, contents: Mapping[str, str] = FULL_PLAN) -> Plan:
    """Return a plan in draft."""
    plan: Plan = world.do(
        actions.draft_plan,
        by="bureau",
        title="授权运营实施方案",
        mode="scenario",
        contents=contents,
        authority=world.organisations["government"],
    )
    return plan


def approved_plan(world: World) -> Plan:
    """Return a plan that went the whole way."""
    plan = drafted_plan(world)
    world.do(actions.submit_plan, by="bureau", plan_id=plan.pk)
    decision = [paper("collective_decision")]
    world.do(actions.record_plan_decision, by="government", plan_id=plan.pk, papers=decision)
    world.do(actions.file_plan, by="bureau", plan_id=plan.pk, papers=[paper("filing_receipt")])
    world.do(actions.approve_plan, by=("government", "head"), plan_id=plan.pk)
    return plan


def drafted_agreement(world: World, **changed: Any) -> Agreement:
    """Return an agreement in draft under an approved plan."""
    agreement: Agreement = world.do(
        actions.draft_agreement,
        by="bureau",
        plan_id=approved_plan(world).pk,
        terms=terms(world, **changed),
    )
    return agreement


def filed_agreement(world: World, **changed: Any) -> Agreement:
    """Return an agreement that is filed and waits to come into force."""
    agreement = drafted_agreement(world, **changed)
    named = {"agreement_id": agreement.pk}
    world.do(
        actions.record_agreement_decision, by="bureau", papers=[paper("body_decision")], **named
    )
    world.do(
        actions.sign_agreement, by=("bureau", "head"), papers=[paper("signed_agreement")], **named
    )
    world.do(actions.file_agreement, by="bureau", papers=[paper("filing_receipt")], **named)
    return agreement


def active_agreement(world: World, **changed: Any) -> Agreement:
    """Return an agreement in force."""
    agreement = filed_agreement(world, **changed)
    world.do(actions.activate_agreement, by="bureau", agreement_id=agreement.pk)
    return agreement


def submitted_scenario(world: World, agreement: Agreement, **changed: Any) -> Scenario:
    """Return a scenario that waits for the providers' opinions."""
    scenario: Scenario = world.do(
        actions.submit_scenario,
        by="operator",
        agreement_id=agreement.pk,
        application=application(world, **changed),
    )
    return scenario


def approved_scenario(world: World, agreement: Agreement, **changed: Any) -> Scenario:
    """Return a scenario with its grants."""
    scenario = submitted_scenario(world, agreement, **changed)
    asked = {entry["resource"] for entry in scenario.scope}
    for key, (provider, _, _) in TABLES.items():
        if world.resources[key] in asked:
            world.do(actions.give_opinion, by=provider, scenario_id=scenario.pk, agreed=True)
    world.do(actions.approve_scenario, by=("bureau", "head"), scenario_id=scenario.pk)
    return scenario


def quick_agreement(world: World, **changed: Any) -> Agreement:
    """Return an agreement in force with its ceilings, by the shortest way to the same rows."""
    plan = drafted_plan(world)
    Case.objects.filter(pk=plan.case).update(state="approved")
    agreement: Agreement = world.do(
        actions.draft_agreement, by="bureau", plan_id=plan.pk, terms=terms(world, **changed)
    )
    Case.objects.filter(pk=agreement.case).update(state="active")
    _issue(world, queries.ceiling_grants(agreement, world.later()))
    return agreement


def quick_scenario(world: World, agreement: Agreement, **changed: Any) -> Scenario:
    """Return an approved scenario with its grants, by the shortest way to the same rows."""
    scenario = submitted_scenario(world, agreement, **changed)
    Case.objects.filter(pk=scenario.case).update(state="approved")
    _issue(world, queries.scenario_grants(scenario, world.later()))
    return scenario


def _issue(world: World, grants: list[Grant]) -> None:
    for grant in grants:
        usage.issue(grant=grant, giver=world.organisations["bureau"], by=node(), at=world.at)


def utc(at: datetime) -> datetime:
    """Return the time as the database gives it back."""
    return at.astimezone(UTC)
