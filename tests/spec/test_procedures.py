"""Every procedure as a table: sound, granted, resting on clauses, with the statutory numbers."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from gongshu.procedures import all_clauses, all_procedures, clause, procedure
from gongshu.vocabulary.events import EVENTS
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu.workflow.limits import SHANGHAI, Limit, Unit, due
from gongshu.workflow.procedure import Procedure, Transition

PROCEDURES = all_procedures()
STEPS = [(p, t) for p in PROCEDURES for t in p.transitions]
SOURCES = Path(__file__).resolve().parents[2] / "src"

each_procedure = pytest.mark.parametrize("table", PROCEDURES, ids=lambda p: p.code)
each_step = pytest.mark.parametrize(
    ("table", "step"), STEPS, ids=[f"{p.code}.{t.name}" for p, t in STEPS]
)


@each_procedure
def test_the_table_is_sound(table: Procedure) -> None:
    assert table.check() == ()
    assert procedure(table.code) is table


@each_step
def test_a_step_is_permitted_journalled_and_founded(table: Procedure, step: Transition) -> None:
    assert step.permission in PERMISSIONS
    assert step.event in EVENTS
    assert clause(step.clause)
    assert step.zh


@each_procedure
def test_limits_and_documents_rest_on_clauses(table: Procedure) -> None:
    for limit in table.limits:
        assert clause(limit.clause)
    for kind in table.documents.values():
        assert clause(kind.clause)


@each_procedure
def test_names_in_chinese_are_unique(table: Procedure) -> None:
    assert len(set(table.states.values())) == len(table.states)
    assert len({t.zh for t in table.transitions}) == len(table.transitions)
    assert len({k.zh for k in table.documents.values()}) == len(table.documents)


def test_codes_are_unique_over_all_procedures() -> None:
    assert len({p.code for p in PROCEDURES}) == len({p.zh for p in PROCEDURES}) == len(PROCEDURES)
    events = Counter(t.event for _, t in STEPS)
    assert [event for event, times in events.items() if times > 1] == []
    limits = {limit.code: limit for p in PROCEDURES for limit in p.limits}
    assert all(limits[limit.code] is limit for p in PROCEDURES for limit in p.limits)


def test_an_unknown_procedure_raises_key_error() -> None:
    with pytest.raises(KeyError):
        procedure("nothing")


STATUTORY = {
    "reg.first.file": (20, Unit.working_day, "26-9"),
    "reg.accept": (3, Unit.working_day, "26-10"),
    "reg.review": (20, Unit.working_day, "26-11"),
    "reg.publicity": (10, Unit.working_day, "26-12"),
    "reg.validity": (3, Unit.year, "26-15"),
    "op.term": (5, Unit.year, "27-14"),
    "price.trial": (1, Unit.year, "65-2"),
    "price.review": (3, Unit.year, "65-4"),
    "cat.review": (2, Unit.working_day, "809-17"),
    "cat.update": (10, Unit.working_day, "809-17"),
    "share.correct": (10, Unit.working_day, "809-26"),
}


def test_the_statutory_numbers() -> None:
    found = {
        limit.code: (limit.amount, limit.unit, limit.clause)
        for p in PROCEDURES
        for limit in p.limits
    }
    assert found == STATUTORY


def _limit(code: str) -> Limit:
    return next(limit for p in PROCEDURES for limit in p.limits if limit.code == code)


@pytest.mark.clause("26-9", "26-10", "26-11", "26-12")
@pytest.mark.parametrize(
    ("code", "event", "last_day"),
    [
        ("reg.publicity", date(2025, 9, 26), date(2025, 10, 16)),
        ("reg.accept", date(2026, 2, 12), date(2026, 2, 24)),
        ("reg.review", date(2026, 2, 10), date(2026, 3, 16)),
        ("share.correct", date(2026, 9, 28), date(2026, 10, 16)),
    ],
)
def test_limits_end_where_the_calendar_says(code: str, event: date, last_day: date) -> None:
    start = datetime(event.year, event.month, event.day, 16, 30, tzinfo=SHANGHAI)
    ends = due(_limit(code), start)
    assert not ends.provisional
    assert (ends.at.date() - last_day).days == 1
    assert ends.at.hour == ends.at.minute == 0


def ways(table: Procedure, *, without: str) -> set[str]:
    """Return the states that can be reached without ever taking the step."""
    seen, ahead = set(), [table.initial]
    while ahead:
        state = ahead.pop()
        if state not in seen:
            seen.add(state)
            ahead += [t.target for t in table.available(state) if t.name != without]
    return seen


# What the law makes inevitable: the state on the left is not reached without the step.
INEVITABLE = [
    ("catalogue_entry", "published", "record_secrecy_review", "opinions-12.8"),
    ("catalogue_entry", "published", "confirm_levels", "opinions-4.3"),
    ("opening_review", "approved", "machine_check_pass", "opinions-2.2"),
    ("registration", "registered", "accept", "26-10"),
    ("registration", "registered", "pass_review", "26-11"),
    ("registration", "registered", "publicise", "26-12"),
    ("operation_plan", "approved", "record_decision", "27-11"),
    ("operation_plan", "approved", "file_record", "27-11"),
    ("agreement", "signed", "record_decision", "27-13"),
    ("agreement", "active", "file_record", "27-13"),
    ("release", "released", "both_passed", "opinions-12.5"),
    ("release", "released", "sign_off", "opinions-12.5"),
    ("price", "trial", "state_necessity", "opinions-6.3"),
    ("price", "ceilings_set", "fix_permitted_revenue", "65-2"),
    ("order", "active", "accept", "opinions-9.3"),
    ("objection", "upheld", "suspend_record", "opinions-4.6"),
    ("objection", "corrected", "uphold", "809-26"),
]


@pytest.mark.parametrize(("code", "state", "step", "basis"), INEVITABLE)
def test_what_the_law_makes_inevitable(code: str, state: str, step: str, basis: str) -> None:
    table = procedure(code)
    assert state in ways(table, without="")
    assert state not in ways(table, without=step)
    assert clause(basis)


@pytest.mark.clause("opinions-12.5")
def test_one_vote_leaves_the_release_where_it_was() -> None:
    table = procedure("release")
    for name in ("security_vote", "compliance_vote"):
        vote = table.transition(name)
        assert vote.source == (vote.target,)
        assert vote.once
        # A reason would stand in the timeline, where the second reviewer could read it.
        assert not vote.reason_required
    for name in ("both_passed", "reject"):
        assert set(table.transition(name).requires) == {"security_vote", "compliance_vote"}


@pytest.mark.clause("26-10")
def test_the_acceptance_clock_restarts_at_the_resubmission() -> None:
    table = procedure("registration")
    assert table.transition("notify_incomplete").stops == ("reg.accept",)
    assert table.transition("resubmit").starts == ("reg.accept",)


@pytest.mark.clause("26-12", "26-13")
def test_publicity_must_have_run_out_before_the_code_and_bounds_objections() -> None:
    table = procedure("registration")
    assert table.transition("assign_code").after == ("reg.publicity",)
    assert table.transition("object").within == ("reg.publicity",)
    assert "registered" not in {t.target for t in table.available("objected")}


@pytest.mark.clause("65-2")
def test_permitted_revenue_waits_for_a_full_year_of_trial() -> None:
    assert procedure("price").transition("fix_permitted_revenue").after == ("price.trial",)


@each_step
def test_a_refusal_carries_reasons(table: Procedure, step: Transition) -> None:
    negative = ("refuse", "reject", "return_", "terminate", "dismiss", "revoke", "withdraw", "fail")
    if step.name.startswith(negative) or step.name == "notify_incomplete":
        assert step.reason_required


@each_step
def test_what_is_at_will_starts_there_and_is_no_ones_turn(
    table: Procedure, step: Transition
) -> None:
    assert set(step.at_will) <= set(step.source)
    for state in step.source:
        assert (step in table.awaited(state)) == (state not in step.at_will)


def test_a_running_arrangement_waits_for_nobody() -> None:
    """An order in use, a listed product, an approved scenario stay out of everybody's inbox."""
    resting = {
        (table.code, state)
        for table in all_procedures()
        for state in table.states
        if state not in table.terminal
        and not [t for t in table.awaited(state) if t.permission != "agreement.expire"]
    }
    assert resting >= {
        ("agreement", "active"),
        ("catalogue_entry", "published"),
        ("order", "active"),
        ("product", "listed"),
        ("scenario_application", "approved"),
    }


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(SOURCES)}:{node.lineno}", node


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _texts(nodes: list[ast.expr]) -> list[str]:
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_every_clause_permission_and_event_named_in_code_exists() -> None:
    clauses = {one.code for one in all_clauses()}
    unknown, seen = [], Counter[str]()
    for where, call in _calls():
        named = _texts([k.value for k in call.keywords if k.arg == "clause"])
        seen["clause"] += len(named)
        unknown += [(where, code) for code in named if code and code not in clauses]
        if _name(call) == "require":
            seen["permission"] += len(_texts(call.args))
            unknown += [(where, code) for code in _texts(call.args) if code not in PERMISSIONS]
        if _name(call) == "Event":
            seen["event"] += len(_texts(call.args[:1]))
            unknown += [(where, code) for code in _texts(call.args[:1]) if code not in EVENTS]
    assert unknown == []
    # Without this the test would also pass if it no longer found the calls.
    assert min(seen["clause"], seen["permission"], seen["event"]) > 5
