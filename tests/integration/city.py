"""The cast of the demo city as rows, and short ways to what the tests of one context rest on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gongshu.procedures.registration import MATERIALS
from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts.actors import Actor, node
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Party
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.catalogue.actions import Confirmation, Entry, File, Version
from gongshu_server.catalogue.models import Resource
from gongshu_server.demo.cast import Cast
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Entry as JournalEntry
from gongshu_server.market.models import Product
from gongshu_server.operation.models import Agreement, Plan, Scenario
from gongshu_server.registration import actions as registration
from gongshu_server.registration.actions import Application
from gongshu_server.registration.models import Registration
from gongshu_server.usage.models import Change
from gongshu_server.workshop.models import Query, Release, Run, Task

BEIJING = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 9, 1, 9, tzinfo=BEIJING)
YEARS = timedelta(days=365)
ITEMS = ("统一社会信用代码", "许可状态")
USCC = "91110000100000000X"


@dataclass(slots=True)
class City:
    """Who there is and what time it is; time only moves forward."""

    cast: Cast
    at: datetime = START
    filed: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def later(self, **step: int) -> datetime:
        """Let time pass (a minute unless said otherwise) and return it."""
        self.at += timedelta(**(step or {"minutes": 1}))
        return self.at

    def org(self, code: str) -> str:
        """Return the id of an organisation of the cast."""
        return self.cast.organisation(code)

    def actor(self, code: str, duty: str = "handler") -> Actor:
        """Return the person with that duty there, acting now; `node` is the platform itself."""
        return node() if code == "node" else self.cast.actor(code, duty, self.at)

    def who(self, by: str) -> Actor:
        """Return the actor named "organisation" (its handler) or "organisation/duty"."""
        code, _, duty = by.partition("/")
        return self.actor(code, duty or "handler")

    def do(self, action: Callable[..., Any], by: str, **arguments: Any) -> Any:
        """Perform an action a minute later, as the actor that `who` finds."""
        at = self.later()
        return action(**arguments, by=self.who(by), at=at)


def papers(*kinds: str) -> list[Paper]:
    """Return one document of each kind."""
    return [Paper(kind=kind, title=kind, text="见正文。") for kind in kinds]


def entry(city: City, *, items: Sequence[str] = ITEMS, **changes: Any) -> Entry:
    """Return a sound catalogue entry with a table name of its own."""
    city.filed += 1
    sound: dict[str, Any] = {
        "title": f"安全生产许可证{city.filed}",
        "table": f"licences_{city.filed}",
        "summary": "持证企业",
        "items": tuple(items),
        "update_cycle": "每月",
    }
    return Entry(**sound | changes)


def filed(city: City, provider: str = "emergency", **changes: Any) -> Resource:
    """Return a filed entry of the provider."""
    return city.do(
        catalogue.file_resource,
        provider,
        entry=entry(city, **changes),
        authority=city.org("bureau"),
    )


def reviewed(city: City, provider: str = "emergency", **changes: Any) -> Resource:
    """Return an entry whose secrecy review is recorded."""
    resource = filed(city, provider, **changes)
    return city.do(
        catalogue.record_secrecy_review,
        f"{provider}/head",
        resource_id=resource.pk,
        papers=papers("secrecy_review"),
    )


def version(
    items: Sequence[str] = ITEMS,
    *,
    number: int = 1,
    findings: Mapping[str, list[dict[str, Any]]] | None = None,
) -> Version:
    """Return what reading a file of 1,000 rows has made, with the findings on its columns."""
    proposal = {
        "category": "企业监管",
        "level": "general",
        "grade": 1,
        "identifier": "other",
        "subject": "enterprise",
    }
    columns = [
        {
            "name": name,
            "rows": 1000,
            "nulls": 0,
            "proposal": proposal,
            "findings": list((findings or {}).get(name, ())),
        }
        for name in items
    ]
    return Version(
        number=number,
        location="nowhere/rows",
        rows=1000,
        rejects=0,
        bytes=1,
        schema=dict.fromkeys(items, "text"),
        digest=f"{number:064x}",
        understood={},
        match=None,
        profile={"columns": columns},
    )


def versioned(city: City, resource: Resource, made: Version | None = None) -> str:
    """Let the provider hand in a file and the node record its version; return the snapshot."""
    provider = next(c for c, pk in city.cast.organisations.items() if pk == resource.provider_id)
    file = File(id=ulid(city.at), name="数据.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    city.do(catalogue.receive, provider, resource_id=resource.pk, file=file)
    snapshot = city.do(
        catalogue.record_snapshot, "node", file_id=file.id, version=made or version()
    )
    return str(snapshot.pk)


def published(city: City, provider: str = "emergency", made: Version | None = None) -> Resource:
    """Return a published entry with one version of data."""
    made = made or version()
    resource = reviewed(city, provider, items=tuple(made.schema))
    versioned(city, resource, made)
    everything: dict[str, Confirmation] = {}
    city.do(catalogue.confirm_levels, provider, resource_id=resource.pk, confirmations=everything)
    city.do(catalogue.publish, "bureau/head", resource_id=resource.pk)
    resource.refresh_from_db()
    return resource


def application(city: City, resource: Resource, **changes: Any) -> Application:
    """Return the implementing body's application to register the resource."""
    sound: dict[str, Any] = {
        "kind": "resource",
        "subject_id": resource.pk,
        "title": resource.title,
        "summary": "持证企业的安全生产许可",
        "body": city.org("registry"),
    }
    return Application(**sound | changes)


def submitted(city: City, resource: Resource | None = None) -> Registration:
    """Return a complete application for registration."""
    return city.do(
        registration.submit,
        "bureau",
        application=application(city, resource or published(city)),
        papers=papers("business_review", *MATERIALS),
    )


def publicised(city: City) -> Registration:
    """Return a registration whose publicity period has just begun."""
    row = submitted(city)
    for action, by in (
        (registration.accept, "registry"),
        (registration.pass_review, "registry/head"),
        (registration.publicise, "registry"),
    ):
        city.do(action, by, registration_id=row.pk)
    return row


def finished_case(city: City, procedure: str, state: str, parties: Sequence[str]) -> Case:
    """Return a case of a lower context in the state that a test starts from, as a bare row."""
    city.filed += 1
    case = Case.objects.create(
        id=ulid(city.at),
        number=f"T-{city.filed:06d}",
        procedure=procedure,
        subject_kind=procedure,
        subject_id="x",
        title=procedure,
        state=state,
        opened_at=city.at,
        entered_at=city.at,
        closed_at=city.at if state == "released" else None,
    )
    Party.objects.bulk_create(
        Party(case=case, organisation_id=city.org(code), part="applicant") for code in parties
    )
    return case


def agreed(city: City) -> Agreement:
    """Return an agreement in force between the bureau and the operator, as bare rows."""
    approved = finished_case(city, "operation_plan", "approved", ("bureau",))
    Party.objects.create(case=approved, organisation_id=city.org("government"), part="handler")
    plan = Plan.objects.create(
        id=ulid(city.at),
        title="方案",
        mode="scenario",
        implementing_body_id=city.org("bureau"),
        contents={},
        case=approved.pk,
        created_at=city.at,
    )
    return Agreement.objects.create(
        id=ulid(city.at),
        plan=plan,
        operator_id=city.org("operator"),
        implementing_body_id=city.org("bureau"),
        selection="open_tender",
        selection_record="临数〔2025〕1号",
        contents={},
        scope=[],
        purposes=["industry", "public_governance"],
        businesses=["resource_development"],
        regions=[],
        minimum=10,
        products=[],
        valid_from=city.at,
        valid_until=city.at + 4 * YEARS,
        case=finished_case(city, "agreement", "active", ("bureau", "operator")).pk,
        created_at=city.at,
    )


def released(city: City, exit: str = "service", state: str = "released") -> Release:
    """Return a release of the developer's run under an agreement, as bare rows."""
    agreement = agreed(city)
    scenario = Scenario.objects.create(
        id=ulid(city.at),
        agreement=agreement,
        applicant_id=city.org("operator"),
        developer_id=city.org("developer"),
        title="场景",
        purpose="industry",
        businesses=["resource_development"],
        regions=[],
        minimum=10,
        scope=[],
        valid_until=city.at + YEARS,
        undertakings=[],
        case=finished_case(city, "scenario_application", "approved", ("operator",)).pk,
        created_at=city.at,
    )
    task = Task.objects.create(
        id=ulid(city.at),
        scenario=scenario,
        developer_id=city.org("developer"),
        title="任务",
        opened_at=city.at,
        opened_by="x",
    )
    query = Query.objects.create(
        id=ulid(city.at),
        task=task,
        sql="",
        exit=exit,
        verdict={},
        sql_final="",
        drafted_at=city.at,
        author="x",
    )
    run = Run.objects.create(
        id=ulid(city.at),
        query=query,
        state="finished",
        actor="x",
        snapshots={},
        started_at=city.at,
        finished_at=city.at,
        digest="0" * 64,
    )
    parties = ("developer", "operator", "bureau")
    return Release.objects.create(
        id=ulid(city.at),
        run=run,
        exit=exit,
        question={"authorisation": True} if exit == "service" else {},
        author="x",
        developer_id=city.org("developer"),
        operator_id=city.org("operator"),
        implementing_body_id=city.org("bureau"),
        case=finished_case(city, "release", state, parties).pk,
        salt="0" * 64,
        content_digest="0" * 64,
        submitted_at=city.at,
    )


def listed(city: City, form: str = "verification") -> Product:
    """Return a product of the operator on the shelf."""
    from gongshu_server.market import actions as market
    from gongshu_server.market.products import Built, Offer

    exit = "service" if form == "verification" else "export"
    offer = Offer("许可证核验", form, ("industry", "public_governance"))
    product = city.do(
        market.file_product,
        "operator",
        release_id=released(city, exit).pk,
        offer=offer,
        authority=city.org("bureau"),
    )
    built = Built("a.sqlite", "0" * 64, ("许可状态",), 3, date(2025, 9, 1))
    city.do(market.record_built, "node", product_id=product.pk, built=built)
    city.do(market.list_product, "operator", product_id=product.pk)
    product.refresh_from_db()
    return product


def refused(
    city: City, action: Callable[..., Any], by: str, code: str, **arguments: Any
) -> DomainError:
    """Perform an action that must be refused with this code; return the refusal.

    The denial is the journal's last entry, says who was refused what and why, and nothing else
    was written.
    """
    before = JournalEntry.objects.count()
    with pytest.raises(DomainError) as caught:
        city.do(action, by, **arguments)
    assert caught.value.code == code, f"{caught.value.code}: {caught.value.sentence}"
    assert re.search("[\u4e00-\u9fff].*。$", caught.value.sentence), caught.value.sentence
    last = JournalEntry.objects.order_by("sequence").last()
    assert last is not None
    assert JournalEntry.objects.count() == before + 1
    assert (last.event, last.outcome) == ("denied", "refused")
    assert last.actor == city.who(by).text_id
    assert last.clause == (caught.value.clause or "")
    details = json.loads(last.body or "")["details"]
    assert details["code"] == code
    assert details["action"] == action.action_name  # type: ignore[attr-defined] # set by @action
    return caught.value


def events(*names: str) -> list[JournalEntry]:
    """Return the journal's entries of these events in order; of all without a name."""
    rows = JournalEntry.objects.order_by("sequence")
    return list(rows.filter(event__in=names) if names else rows)


def details(row: JournalEntry) -> dict[str, Any]:
    """Return the details of an entry."""
    said: dict[str, Any] = json.loads(row.body or "")["details"]
    return said


def noted() -> int:
    """Return how many changes hosts have been told of."""
    return Change.objects.count()
