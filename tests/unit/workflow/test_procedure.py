"""The structural check: a sound table has no fault, and each planted fault is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gongshu.vocabulary.errors import InvalidTransition
from gongshu.workflow.limits import Limit, Unit
from gongshu.workflow.procedure import DocumentKind, Procedure, Transition

CLOCK = Limit("clock", "时限", 3, Unit.working_day, "26-10")


def step(name: str, source: tuple[str, ...], target: str, **more: object) -> Transition:
    return Transition(  # type: ignore[arg-type] # `more` are the dataclass's own keywords
        name=name,
        zh=name,
        source=source,
        target=target,
        permission=f"p.{name}",
        event=f"e.{name}",
        clause="26-10",
        **more,
    )


SUBMIT = step("submit", ("draft",), "submitted", starts=("clock",))
NOTE = step("note", ("submitted",), "submitted")
ACCEPT = step(
    "accept",
    ("submitted",),
    "accepted",
    stops=("clock",),
    documents=("paper",),
    requires=("note",),
)
SOUND = Procedure(
    code="sound",
    zh="示例",
    en="Example",
    subject="thing",
    initial="draft",
    states={"draft": "拟稿", "submitted": "已申请", "accepted": "已受理"},
    terminal=frozenset({"accepted"}),
    transitions=(SUBMIT, NOTE, ACCEPT),
    limits=(CLOCK,),
    documents={"paper": DocumentKind("材料", "26-9")},
)


def with_steps(*steps: Transition) -> Procedure:
    return replace(SOUND, transitions=steps)


def test_a_sound_table_has_no_fault() -> None:
    assert SOUND.check() == ()


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        (with_steps(SUBMIT, NOTE, ACCEPT, SUBMIT), "transition submit is defined twice"),
        (replace(SOUND, limits=(CLOCK, CLOCK)), "limit clock is defined twice"),
        (replace(SOUND, initial="nowhere"), "state nowhere is not defined"),
        (replace(SOUND, terminal=frozenset({"gone"})), "state gone is not defined"),
        (replace(SOUND, opens=("x",)), "the procedure opens with unknown limit x"),
        (with_steps(replace(SUBMIT, target="x"), ACCEPT), "submit names unknown state x"),
        (with_steps(replace(SUBMIT, starts=("x",)), ACCEPT), "submit names unknown limit x"),
        (with_steps(SUBMIT, replace(ACCEPT, documents=("x",))), "accept names unknown document x"),
        (
            with_steps(SUBMIT, NOTE, ACCEPT, step("again", ("accepted",), "draft")),
            "again leaves terminal state accepted",
        ),
        (with_steps(SUBMIT, NOTE, ACCEPT, step("x", (), "accepted")), "x starts nowhere"),
        (
            with_steps(replace(SUBMIT, at_will=("x",)), ACCEPT),
            "submit is at will in x, where it does not start",
        ),
        (
            with_steps(SUBMIT, NOTE, replace(ACCEPT, requires=("submit",))),
            "accept requires submit, which does not stay in its state",
        ),
        (
            replace(SOUND, states={**SOUND.states, "island": "孤岛"}),
            "state island is never reached",
        ),
        (
            with_steps(SUBMIT, NOTE, ACCEPT, step("park", ("submitted",), "draft")),
            "submit starts limit clock, which already runs",
        ),
        (replace(SOUND, terminal=frozenset()), "state accepted is never left"),
        (
            with_steps(SUBMIT, NOTE, replace(ACCEPT, documents=())),
            "document paper is asked for by no step",
        ),
        (
            with_steps(SUBMIT, NOTE, replace(ACCEPT, stops=())),
            "limit clock still runs in terminal state accepted",
        ),
        (with_steps(replace(SUBMIT, starts=()), NOTE, ACCEPT), "limit clock is never started"),
        (
            with_steps(replace(SUBMIT, within=("clock",)), NOTE, ACCEPT),
            "submit names limit clock, which cannot run there",
        ),
    ],
)
def test_each_planted_fault_is_named(planted: Procedure, fault: str) -> None:
    assert fault in planted.check()


def test_a_state_with_a_loop_only_is_a_trap() -> None:
    trap = replace(
        SOUND,
        states={**SOUND.states, "stuck": "卡住"},
        transitions=(
            SUBMIT,
            NOTE,
            ACCEPT,
            step("park", ("submitted",), "stuck", stops=("clock",)),
            step("wait", ("stuck",), "stuck"),
        ),
    )
    assert trap.check() == ("state stuck is never left",)


def test_a_standing_limit_may_outlive_the_case() -> None:
    standing = replace(
        SOUND,
        limits=(replace(CLOCK, standing=True),),
        transitions=(SUBMIT, NOTE, replace(ACCEPT, stops=())),
    )
    assert standing.check() == ()


def test_a_limit_that_runs_from_the_opening_must_be_stopped_too() -> None:
    opened = replace(
        SOUND,
        opens=("clock",),
        transitions=(replace(SUBMIT, starts=()), NOTE, replace(ACCEPT, stops=())),
    )
    assert opened.check() == ("limit clock still runs in terminal state accepted",)
    stopped = replace(opened, transitions=(replace(SUBMIT, starts=()), NOTE, ACCEPT))
    assert stopped.check() == ()


def test_follow_leads_on_or_names_what_is_possible() -> None:
    assert SOUND.follow("draft", "submit") is SUBMIT
    with pytest.raises(InvalidTransition) as refused:
        SOUND.follow("draft", "accept")
    assert refused.value.clause == "26-10"
    assert "拟稿" in refused.value.sentence
    assert "submit" in refused.value.sentence
    with pytest.raises(InvalidTransition, match="已经办结"):
        SOUND.follow("accepted", "submit")


def test_unknown_names_raise_key_error() -> None:
    with pytest.raises(KeyError):
        SOUND.transition("x")
    with pytest.raises(KeyError):
        SOUND.limit("x")


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SOUND.states["x"] = "y"  # type: ignore[index] # the refusal is what is tested
    with pytest.raises(AttributeError):
        SOUND.code = "x"  # type: ignore[misc] # the refusal is what is tested
