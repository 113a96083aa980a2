"""Sub-steps that an organisation puts inside a statutory step (经办 → 科室负责人 → 分管领导)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotPermitted
from gongshu.workflow.procedure import Transition
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case, Party, SubStep, SubStepRule
from gongshu_server.journal.actions import journal
from gongshu_server.journal.recording import Event


@dataclass(frozen=True, slots=True)
class Within:
    """A step of the reader's that waits for a sub-step: which is next, and which come after."""

    transition: Transition
    code: str
    next: str
    later: tuple[str, ...]


def configured(case: Case, transition: str, organisation: str) -> list[tuple[str, str]]:
    """Return the (code, 中文) sub-steps that the organisation puts before the transition."""
    rule = SubStepRule.objects.filter(
        organisation_id=organisation, procedure=case.procedure, transition=transition
    ).first()
    return [(code, zh) for code, zh in rule.steps] if rule else []


def open_steps(case: Case, transition: str, organisation: str) -> list[tuple[str, str]]:
    """Return the configured sub-steps that are not yet agreed since the case came into its state.

    Only the organisation's own marks count: another party's people sign nothing here.
    """
    agreed = {mark.step for mark in _standing(case, transition, organisation)}
    return [s for s in configured(case, transition, organisation) if s[0] not in agreed]


def _standing(case: Case, transition: str, organisation: str) -> list[SubStep]:
    """Return the agreed marks that count: of this stay, since the last refusal (退回)."""
    marks = SubStep.objects.filter(
        case=case,
        organisation_id=organisation,
        transition=transition,
        state=case.state,
        at__gte=case.entered_at,
    )
    standing: list[SubStep] = []
    for mark in marks.order_by("id"):
        standing = [*standing, mark] if mark.agreed else []
    return standing


def rules(organisation: str) -> list[SubStepRule]:
    """Return the rules of an organisation that name any sub-step."""
    rows = SubStepRule.objects.filter(organisation_id=organisation)
    return [rule for rule in rows.order_by("procedure", "transition") if rule.steps]


def waiting_substeps(
    case: Case, steps: Sequence[Transition], marks: Sequence[SubStep], *, by: Actor
) -> tuple[Within, ...]:
    """Return those of the steps that wait for a sub-step of the actor's own organisation.

    `marks` are the case's, in order. One query; none where there are no steps.
    """
    if not steps:
        return ()
    rules = dict(
        SubStepRule.objects.filter(
            organisation_id=by.organisation, procedure=case.procedure
        ).values_list("transition", "steps")
    )
    waiting = []
    for step in steps:
        name = step.name
        agreed: set[str] = set()
        for mark in marks:
            if mark.organisation_id == by.organisation and _counts(mark, case, name):
                agreed = {*agreed, mark.step} if mark.agreed else set()
        first, *later = [s for s in rules.get(name, ()) if s[0] not in agreed] or [None]
        if first is not None:
            waiting.append(Within(step, first[0], first[1], tuple(zh for _, zh in later)))
    return tuple(waiting)


def _counts(mark: SubStep, case: Case, transition: str) -> bool:
    """Tell whether a mark was made for the step since the case came into its state."""
    here = mark.transition == transition and mark.state == case.state
    return here and mark.at >= case.entered_at


def mark(
    case: Case,
    transition: str,
    *,
    step: str,
    agreed: bool,
    opinion: str = "",
    by: Actor,
    at: datetime,
) -> SubStep:
    """Record one sub-step, in the configured order, by different people.

    Raises Conflict out of order, NotPermitted when the same person signed an earlier sub-step,
    Invalid for a refusal without an opinion.
    """
    _refuse_out_of_turn(case, transition, step, by=by)
    if not agreed and not opinion.strip():
        raise Invalid("退回必须写明意见。", code="reason_required")
    row = SubStep.objects.create(
        case=case,
        organisation_id=by.organisation,
        transition=transition,
        step=step,
        state=case.state,
        agreed=agreed,
        opinion=opinion,
        at=at,
        actor=by.text_id,
        person=by.person,
    )
    details = {"case": case.pk, "transition": transition, "step": step, "agreed": agreed}
    event = Event("case.substep", (case.subject_kind, case.subject_id), "", details)
    journal(event, by=by, at=at)
    return row


def _refuse_out_of_turn(case: Case, transition: str, step: str, *, by: Actor) -> None:
    if not Party.objects.filter(case=case, organisation_id=by.organisation).exists():
        raise NotPermitted("只有本办件的当事机构可以办理内部环节。", code="not_a_party")
    waiting = open_steps(case, transition, by.organisation)
    if not waiting or waiting[0][0] != step:
        expected = waiting[0][1] if waiting else "无"
        raise Conflict(f"现在轮到的内部环节是“{expected}”。", code="substep_order")
    # One person may hold two posts or a delegation: whoever acts is the person.
    if any(mark.person == by.person for mark in _standing(case, transition, by.organisation)):
        raise NotPermitted("同一人不能办理两个内部环节。", code="substep_same_person")


def require_done(case: Case, transition: Transition, *, by: Actor) -> None:
    """Raise Conflict while the acting organisation's own sub-steps are open."""
    waiting = open_steps(case, transition.name, by.organisation)
    if waiting:
        names = "、".join(zh for _, zh in waiting)
        raise Conflict(f"内部环节尚未办完：{names}。", code="substeps_open")
