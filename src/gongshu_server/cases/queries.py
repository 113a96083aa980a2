"""Reads on cases: lists, one case with its way so far, and what may come next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu.vocabulary.permissions import PERMISSIONS, POST_DUTIES
from gongshu.workflow.limits import Light, Limit, light
from gongshu.workflow.procedure import Procedure, Transition
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation, Person, Post
from gongshu_server.cases.documents import of_case
from gongshu_server.cases.models import Case, CaseQuerySet, Clock, Document, Party, Step, SubStep
from gongshu_server.cases.substeps import Within, waiting_substeps
from gongshu_server.journal.models import Entry

NOT_FOUND = "没有这个办件，或您所在机构不是办件的当事方。"


@dataclass(frozen=True, slots=True)
class ClockView:
    """A running, paused or stopped limit of a case as a reader sees it.

    `paused_for` names the steps that pause it, empty while it is not paused.
    """

    limit: Limit
    started_at: datetime
    due: datetime
    provisional: bool
    paused_at: datetime | None
    stopped_at: datetime | None
    light: Light
    paused_for: str = ""

    @property
    def running(self) -> bool:
        """Tell whether the limit still runs (a paused one does not)."""
        return self.paused_at is None and self.stopped_at is None


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of the timeline with the names that its ids had when it is read."""

    transition: str
    zh: str
    source: str
    target: str
    at: datetime
    organisation: str
    post: str
    person: str
    delegated: bool
    clause: str
    reason: str
    documents: tuple[str, ...]
    entry: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that leads on from the case's state: who may take it, and whether the reader may.

    `barred` says why the reader, whose step it is, cannot take it yet (a period still runs).
    `duties` are those of the reader's own organisation that take the step; empty where another
    organisation takes it.
    """

    transition: Transition
    mine: bool
    awaited: bool
    barred: str
    whose: tuple[str, ...]
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastEntry:
    """The ledger entry of a case's last step, and whether it is sealed yet."""

    id: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class CaseHead:
    """Where one case stands: its clocks, and the steps that lead on, the reader's own first."""

    case: Case
    table: Procedure
    clocks: list[ClockView]
    steps: tuple[NextStep, ...]
    entry: LastEntry | None

    @property
    def state(self) -> str:
        """The state in words."""
        return self.table.states[self.case.state]

    @property
    def mine(self) -> tuple[NextStep, ...]:
        """The steps that the reader may take, those whose turn it is first."""
        return tuple(step for step in self.steps if step.mine)

    def of(self, by: Actor) -> list[Transition]:
        """Return the steps that the actor's organisation takes, whoever does it there."""
        return [step.transition for step in self.steps if by.roles & set(step.whose)]

    @property
    def others(self) -> tuple[NextStep, ...]:
        """The steps that others have to take, when it is not the reader's turn."""
        if any(step.mine and step.awaited for step in self.steps):
            return ()
        return tuple(step for step in self.steps if step.awaited)

    @property
    def closed(self) -> bool:
        """Tell whether the case has ended."""
        return self.case.state in self.table.terminal


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its way so far: what the page about it shows.

    `parties` are (organisation, part) in words; `substeps` go with their organisation's name;
    `within` are the reader's steps that wait for a sub-step; `involved` tells a party's reader.
    """

    head: CaseHead
    timeline: tuple[StepView, ...]
    documents: tuple[Document, ...]
    parties: tuple[tuple[str, str], ...]
    substeps: tuple[tuple[SubStep, str], ...]
    within: tuple[Within, ...]
    involved: bool


def case(case_id: str, *, by: Actor) -> Case:
    """Return one case that the actor may see; NotFound otherwise."""
    found = Case.objects.visible_to(by).filter(pk=case_id).first()
    if found is None:
        raise NotFound(NOT_FOUND, code="case_not_found")
    return found


def cases(*, by: Actor, open_only: bool = False, procedure_code: str = "") -> CaseQuerySet:
    """Return the cases that the actor may see, of one procedure or of all."""
    rows = Case.objects.listed_for(by)
    if procedure_code:
        rows = rows.filter(procedure=procedure_code)
    return rows.filter(closed_at__isnull=True) if open_only else rows


def states(case_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the state of each case as code and in words, in one query."""
    rows = Case.objects.filter(pk__in=list(case_ids)).values_list("pk", "procedure", "state")
    return {pk: (state, procedure(code).states[state]) for pk, code, state in rows}


def clocks(row: Case, *, at: datetime) -> list[ClockView]:
    """Return the case's limits, those that run first, the nearest end first."""
    table = procedure(row.procedure)
    views = [clock_view(clock, table, at) for clock in Clock.objects.filter(case=row)]
    return sorted(views, key=lambda view: (view.stopped_at is not None, view.due))


def clock_view(row: Clock, table: Procedure, at: datetime) -> ClockView:
    """Return a limit of a case of that procedure as a reader sees it at `at`."""
    limit = table.limit(row.limit)
    pausing = [step.zh for step in table.transitions if row.limit in step.pauses]
    until = row.stopped_at or row.paused_at or at
    return ClockView(
        limit=limit,
        started_at=row.started_at,
        due=row.due,
        provisional=row.provisional,
        paused_at=row.paused_at,
        stopped_at=row.stopped_at,
        light=light(row.started_at, row.due, until),
        paused_for="、".join(pausing) if row.paused_at else "",
    )


def _timeline(
    row: Case, steps: Sequence[Step], organisations: Mapping[str, str]
) -> tuple[StepView, ...]:
    table = procedure(row.procedure)
    names = names_of(step.actor for step in steps)
    return tuple(
        StepView(
            transition=step.transition,
            zh=table.transition(step.transition).zh,
            source=table.states[step.source],
            target=table.states[step.target],
            at=step.at,
            organisation=organisations.get(step.organisation, "节点"),
            post=names[step.actor].post,
            person=names[step.actor].person,
            delegated=names[step.actor].delegated,
            clause=step.clause,
            reason=step.reason,
            documents=tuple(d["id"] for d in step.documents),
            entry=step.entry,
        )
        for step in steps
    )


@dataclass(frozen=True, slots=True)
class Name:
    """Who an actor's text id stands for: post, person, and whether they acted for somebody."""

    post: str
    person: str
    delegated: bool


def names_of(actors: Iterable[str]) -> dict[str, Name]:
    """Return the names behind actors' text ids (post/person/delegation); the node is 节点."""
    parts = {text: [*text.split("/"), "", ""][:3] for text in set(actors)}
    posts = Post.objects.filter(pk__in={p[0] for p in parts.values()}).values_list("id", "title")
    people = Person.objects.filter(pk__in={p[1] for p in parts.values()}).values_list("id", "name")
    # ULIDs are unique over both tables: one query for two kinds of names.
    names = dict(posts.union(people))
    return {
        text: Name(names.get(post, "节点"), names.get(person, ""), bool(delegation))
        for text, (post, person, delegation) in parts.items()
    }


def organisation_names(ids: Iterable[str]) -> dict[str, str]:
    """Return the organisations' full names by id."""
    return dict(Organisation.objects.filter(pk__in=set(ids)).values_list("id", "name"))


def heading(case_id: str, *, by: Actor, at: datetime) -> CaseHead | None:
    """Return where a case stands, for a page about its subject; None for who may not see it.

    Three queries.
    """
    party = Party.objects.filter(case=OuterRef("pk"), organisation_id=by.organisation)
    seen = Case.objects.visible_to(by).annotate(involved=Exists(party))
    row = seen.filter(pk=case_id).first()
    if row is None:
        return None
    done = list(_with_index(Step.objects.filter(case=row, at__gte=row.entered_at)).order_by("id"))
    return _head(row, done, by=by if row.involved else None, at=at)


def _head(row: Case, done: Sequence[Any], *, by: Actor | None, at: datetime) -> CaseHead:
    running = clocks(row, at=at)
    steps = _next_steps(row, done, running, by=by, at=at)
    last = done[-1] if done else None
    return CaseHead(
        case=row,
        table=procedure(row.procedure),
        clocks=running,
        steps=steps,
        entry=LastEntry(last.entry, last.index is not None) if last else None,
    )


def _with_index(steps: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate steps with their entries' places in the ledger, None while not sealed."""
    return steps.annotate(
        index=Subquery(Entry.objects.filter(pk=OuterRef("entry")).values("index"))
    )


def overview(case_id: str, *, by: Actor, at: datetime) -> CaseView:
    """Return one case with everything that its page shows; NotFound for who may not see it.

    Eight queries, however long the case's way was.
    """
    row = case(case_id, by=by)
    bodies = Organisation.objects.filter(pk=OuterRef("organisation")).values("name")
    way = _with_index(Step.objects.filter(case=row)).annotate(body=Subquery(bodies))
    steps = list(way.order_by("id"))
    names = {step.organisation: step.body for step in steps if step.body}
    parties = sorted(
        Party.objects.filter(case=row).select_related("organisation").order_by("id"),
        key=lambda party: ("applicant", "handler", "consulted").index(party.part),
    )
    marks = list(SubStep.objects.filter(case=row).select_related("organisation").order_by("id"))
    names |= {party.organisation_id: party.organisation.name for party in parties}
    names |= {mark.organisation_id: mark.organisation.name for mark in marks}
    involved = any(party.organisation_id == by.organisation for party in parties)
    head = _head(row, steps, by=by if involved else None, at=at)
    return CaseView(
        head=head,
        timeline=_timeline(row, steps, names),
        documents=tuple(of_case(row)),
        parties=tuple((names.get(p.organisation_id, ""), p.get_part_display()) for p in parties),
        substeps=tuple((mark, names.get(mark.organisation_id, "")) for mark in marks),
        within=waiting_substeps(row, head.of(by) if involved else (), marks, by=by),
        involved=involved,
    )


def within(case_id: str, *, by: Actor, at: datetime) -> tuple[Case, tuple[Within, ...]]:
    """Return a case and its steps that wait for a sub-step of the actor's organisation."""
    head = heading(case_id, by=by, at=at)
    if head is None:
        raise NotFound(NOT_FOUND, code="case_not_found")
    marks = list(SubStep.objects.filter(case=head.case).order_by("id"))
    return head.case, waiting_substeps(head.case, head.of(by), marks, by=by)


def _next_steps(
    row: Case,
    done: Sequence[Step],
    running: Sequence[ClockView],
    *,
    by: Actor | None,
    at: datetime,
) -> tuple[NextStep, ...]:
    """Return every step that leads on from here, the reader's own first."""
    periods = {view.limit.code: view for view in running if view.running}
    taken = {s.transition for s in done if s.at >= row.entered_at and s.source == row.state}
    steps = [
        NextStep(
            transition=transition,
            mine=by is not None and by.may(transition.permission),
            awaited=row.state not in transition.at_will,
            barred=_barred(transition, periods, at=at),
            whose=tuple(sorted(PERMISSIONS[transition.permission].organisation_roles)),
            duties=_duties(transition, by),
        )
        for transition in procedure(row.procedure).available(row.state)
        if not (transition.once and transition.name in taken)
    ]
    return tuple(
        sorted(steps, key=lambda step: (not step.mine, not step.awaited, bool(step.barred)))
    )


def _duties(transition: Transition, by: Actor | None) -> tuple[str, ...]:
    """Return which duties take the step in the reader's organisation, as it lists its posts."""
    permission = PERMISSIONS[transition.permission]
    if by is None or permission.organisation_roles.isdisjoint(by.roles):
        return ()
    return tuple(duty for duty in POST_DUTIES if duty in permission.duties)


def _barred(transition: Transition, periods: dict[str, ClockView], *, at: datetime) -> str:
    for code in transition.after:
        if code in periods and at < periods[code].due:
            return f"“{periods[code].limit.zh}”届满前不能办理"
    for code in transition.within:
        if code in periods and at >= periods[code].due:
            return f"“{periods[code].limit.zh}”已经届满"
    return ""


def states_of(case_ids: Iterable[str]) -> dict[str, str]:
    """Return each case's state in words; one query."""
    return {pk: zh for pk, (_, zh) in states(case_ids).items()}
