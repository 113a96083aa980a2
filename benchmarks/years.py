"""What a large city's node holds after years, written straight into a played demo's database.

Nothing here passes an action or the ledger: the rows are for measuring pages only, and the node's
own watch would find every one of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models

BATCH = 5_000
ITEMS = 20
USES_A_ROW = 10
SECTORS = (
    "安全生产",
    "市场监管",
    "卫生健康",
    "水务",
    "住房",
    "人社",
    "税务",
    "交通",
    "教育",
    "文旅",
)


def load(*, resources: int, cases: int, uses: int) -> None:
    """Add resources with items, cases with parties, steps, clocks and entries, and metered uses.

    The first cases are those of the resources, one each; there are more cases than resources.
    """
    at = _last_moment()
    rng = random.Random(7)
    _resources(resources, at, rng)
    _cases(cases, resources, at, rng)
    _entries(cases, at, rng)
    _uses(uses, at, rng)


def _last_moment() -> datetime:
    from gongshu_server.journal import clock

    return clock.now() - timedelta(days=1)


def _write(model: type[models.Model], rows: Iterator[models.Model]) -> None:
    batch: list[models.Model] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            model._default_manager.bulk_create(batch)
            batch = []
    model._default_manager.bulk_create(batch)


def _id(prefix: str, number: int) -> str:
    """Return an id that sorts before every real one, so that the newest stay the story's own."""
    return f"00{prefix}{number:0{24 - len(prefix)}d}"


def _resources(count: int, at: datetime, rng: random.Random) -> None:
    from gongshu_server.accounts.models import OrganisationRole
    from gongshu_server.catalogue.models import Item, Resource

    providers = list(
        OrganisationRole.objects.filter(role="provider").values_list("organisation_id", flat=True)
    )
    _write(
        Resource,
        (
            Resource(
                id=_id("R", n),
                title=f"{rng.choice(SECTORS)}业务数据第{n}号",
                table=f"许多年的数据_{n}",
                summary="测量页面用的数据资源",
                provider_id=rng.choice(providers),
                category="测量",
                level="general",
                grade=1 + n % 3,
                update_cycle="每月",
                state="published",
                case=_id("C", n),
                created_at=at,
            )
            for n in range(count)
        ),
    )
    _write(
        Item,
        (
            Item(
                resource_id=_id("R", n // ITEMS),
                name=f"数据项{n % ITEMS}",
                position=n % ITEMS,
                type="text",
                level="general",
                grade=1,
                identifier="other",
                confirmed_by="测量",
            )
            for n in range(count * ITEMS)
        ),
    )


def _cases(count: int, of_resources: int, at: datetime, rng: random.Random) -> None:
    from gongshu_server.accounts.models import Organisation
    from gongshu_server.cases.models import Case, Clock, Party, Step
    from gongshu_server.registration.models import Registration

    bodies = list(Organisation.objects.values_list("id", flat=True))
    states = ("submitted", "incomplete", "accepted", "review_passed", "registered")
    chosen = [rng.choices(states, (2, 2, 2, 1, 93))[0] for _ in range(count)]
    chosen[:of_resources] = ["published"] * of_resources

    def case(n: int) -> Any:
        opened = at - timedelta(minutes=5 * (count - n))
        closed = opened + timedelta(days=20) if chosen[n] == "registered" else None
        entry = n < of_resources
        return Case(
            id=_id("C", n),
            number=f"YEARS-{n:07d}",
            procedure="catalogue_entry" if entry else "registration",
            subject_kind="resource" if entry else "registration",
            subject_id=_id("R" if entry else "G", n),
            title=f"{rng.choice(SECTORS)}业务数据第{n}号",
            state=chosen[n],
            opened_at=opened,
            entered_at=opened,
            closed_at=closed,
        )

    _write(Case, (case(n) for n in range(count)))
    _write(
        Party,
        (
            Party(case_id=_id("C", n // 2), organisation_id=rng.choice(bodies), part=part)
            for n in range(count * 2)
            for part in (("applicant", "handler")[n % 2],)
        ),
    )
    _write(
        Step,
        (
            Step(
                case_id=_id("C", n),
                transition="submit",
                source="draft",
                target="submitted",
                at=at,
                actor="测量",
                organisation=rng.choice(bodies),
                clause="26-8",
                entry="",
            )
            for n in range(count)
        ),
    )
    _write(
        Registration,
        (
            Registration(
                id=_id("G", n),
                kind="resource",
                subject_id=_id("R", n % of_resources),
                title=f"业务数据第{n}号",
                summary="测量页面用的登记",
                registrant_id=rng.choice(bodies),
                body_id=rng.choice(bodies),
                case=_id("C", n),
                open=False,
            )
            for n in range(of_resources, count)
        ),
    )
    running = (n for n in range(count) if chosen[n] in {"submitted", "accepted"})
    _write(
        Clock,
        (
            Clock(
                case_id=_id("C", n),
                limit="reg.accept" if chosen[n] == "submitted" else "reg.review",
                started_at=at - timedelta(days=n % 40),
                due=at + timedelta(days=20 - n % 40),
            )
            for n in running
        ),
    )


def _entries(count: int, at: datetime, rng: random.Random) -> None:
    """Add the entries of the cases' submissions, as sealed ones, behind what is there."""
    from django.db.models import Max

    from gongshu_server.accounts.models import Organisation
    from gongshu_server.journal.ids import ulid
    from gongshu_server.journal.models import Entry, Head

    bodies = list(Organisation.objects.values_list("id", flat=True))
    times = [at - timedelta(minutes=5 * (count - n)) for n in range(count)]
    last = Entry.objects.aggregate(sequence=Max("sequence"), index=Max("index"))
    _write(
        Entry,
        (
            Entry(
                id=ulid(times[n]),
                sequence=last["sequence"] + 1 + n,
                at=times[n],
                event="registration.submitted",
                outcome="refused" if n % 50 == 0 else "done",
                actor="测量",
                organisation=rng.choice(bodies),
                subject_kind="registration",
                subject_id=_id("G", n),
                clause="26-8",
                commitment=bytes(32),
                index=last["index"] + 1 + n,
            )
            for n in range(count)
        ),
    )
    Head.objects.update(sequence=last["sequence"] + count)


def _uses(count: int, at: datetime, rng: random.Random) -> None:
    from gongshu_server.market.models import Order
    from gongshu_server.usage.models import Metered, Segment

    orders = list(Order.objects.exclude(grant="").values("grant", "product", "buyer"))
    rows = count // USES_A_ROW
    segments = rows // len(orders)
    _write(
        Segment,
        (
            Segment(id=_id("S", n), root="0" * 64, records=USES_A_ROW, collected_at=at, entry="")
            for n in range(segments)
        ),
    )
    first = date(2026, 1, 1)
    _write(
        Metered,
        (
            Metered(
                segment_id=_id("S", n % segments),
                grant=order["grant"],
                product=order["product"],
                party=order["buyer"],
                day=first + timedelta(days=rng.randrange(300)),
                allowed=USES_A_ROW,
                refused=0,
                amount=USES_A_ROW,
            )
            for n in range(rows)
            for order in (orders[n % len(orders)],)
        ),
    )
