"""Actions are the one door for writes: their form, their permission checks, and the two tables."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from architecture import trees
from gongshu.procedures import all_clauses, all_procedures
from gongshu.vocabulary.events import EVENTS
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.effects import EFFECTS

# Steps whose name the action puts together; everywhere else it stands in the action as written.
COMPOSED = {("release", "security_vote"), ("release", "compliance_vote")}
# Actions that ask for no permission by name, and what stands in its place.
WITHOUT_REQUIRE: Mapping[str, str] = {
    "accounts.count_passkey": "the passkey's signature is the permission, checked just before",
    "accounts.end_session": "one's own, and nobody else's are even looked for",
    "accounts.move_time": "a demo's own, on its own machine; a real node refuses",
    "accounts.note_failure": "who has not come in has no permissions; it only takes a note",
    "accounts.note_sign_in": "who signs in has no post yet; it only takes a note",
    "accounts.open_link": "the link is the permission, once and for a day",
    "accounts.set_password_by_link": "the link is the permission, once and for a day",
    "usage.issue": "effects alone call it; the case that yields the grant was permitted",
    "usage.use": "`policy.decide` is the permission",
    "accounts.confirm_handover": "the taker named in it, and nobody else",
    "catalogue.mark_closed": "the effect of a version that may not be open alone calls it",
    "catalogue.mark_opened": "the effect of an approved opening alone calls it",
    "cases.mark_substep": "the party's own internal order; only its people, each once",
    "workshop.finish_run": "the person who started the run, and nobody else",
    "workshop.view_release": "the bodies that review or sign, by any of their permissions",
}
# What only effects may call: there is no other path to a yes.
EFFECTS_ONLY = {
    "usage.actions": {"issue", "withdraw", "move"},
    "catalogue.actions": {"mark_closed", "mark_opened"},
    "catalogue.entries": {"mark_closed", "mark_opened"},
}


def is_action(node: ast.AST) -> bool:
    """Tell whether the node is a function under `@action`."""
    return isinstance(node, ast.FunctionDef) and any(
        trees.dotted(d) == "action" for d in node.decorator_list
    )


@cache
def written() -> dict[str, tuple[trees.Module, ast.FunctionDef]]:
    """Return every action of the node's source by its name `context.verb`."""
    found: dict[str, tuple[trees.Module, ast.FunctionDef]] = {}
    for module in trees.modules(trees.NODE):
        for node in ast.walk(module.tree):
            if is_action(node):
                assert isinstance(node, ast.FunctionDef)
                found[f"{module.folder}.{node.name}"] = (module, node)
    return found


def malformed(name: str, function: ast.FunctionDef) -> Iterator[str]:
    """Yield what is wrong with the form of an action."""
    given = function.args
    if given.args or given.posonlyargs or given.vararg or given.kwarg:
        yield f"{name} takes more than keyword arguments"
    hints = {a.arg: trees.dotted(a.annotation) for a in given.kwonlyargs if a.annotation}
    defaulted = {
        a.arg for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is not None
    }
    for argument, hint in (("by", "Actor"), ("at", "datetime")):
        if hints.get(argument) != hint or argument in defaulted:
            yield f"{name} lacks {argument}: {hint}"
    if not ast.get_docstring(function):
        yield f"{name} has no docstring"


def test_every_action_has_the_form() -> None:
    """An action is keyword-only, with by= and at= that nobody may leave out, and documented."""
    actions = written()
    assert len(actions) > 90
    assert [f for name, (_, node) in actions.items() for f in malformed(name, node)] == []


def test_every_action_is_at_its_context_door() -> None:
    """`<context>.actions` holds each action of the context, under the name that denials carry."""
    for name in written():
        context, verb = name.split(".")
        door = importlib.import_module(f"gongshu_server.{context}.actions")
        assert getattr(door, verb, None) is not None, f"{name} is not in {context}/actions.py"
        assert getattr(door, verb).action_name == name


def test_a_malformed_action_is_found() -> None:
    """The check of the form sees a positional argument, a missing `at` and a default actor."""
    text = "@action\ndef take(thing: str, *, by: Actor = node()) -> None: ...\n"
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert list(malformed("a.take", function)) == [
        "a.take takes more than keyword arguments",
        "a.take lacks by: Actor",
        "a.take lacks at: datetime",
        "a.take has no docstring",
    ]


def test_each_step_is_performed_by_exactly_one_action() -> None:
    """The table names every (procedure, transition) once, and nothing else."""
    steps = {(p.code, t.name) for p in all_procedures() for t in p.transitions}
    assert set(ACTIONS) == steps
    keys = [
        tuple(key.value for key in pair.elts if isinstance(key, ast.Constant))
        for node in ast.walk(trees.parse(trees.NODE / "journeys" / "actions.py").tree)
        if isinstance(node, ast.Dict)
        for pair in node.keys
        if isinstance(pair, ast.Tuple)
    ]
    assert [pair for pair, times in Counter(keys).items() if times > 1] == []


@pytest.mark.parametrize(("step", "name"), sorted(ACTIONS.items()))
def test_the_action_takes_the_step(step: tuple[str, str], name: str) -> None:
    """The named action exists and its source names the transition that it is to take."""
    module, function = written()[name]
    source = ast.get_source_segment(module.text, function)
    assert source is not None
    assert step in COMPOSED or f'"{step[1]}"' in source


def calls_in(modules: Iterable[trees.Module]) -> dict[str, set[str]]:
    """Return, for each function of the modules, the last names of what it calls."""
    calls: dict[str, set[str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                named = {
                    trees.dotted(c.func).split(".")[-1]
                    for c in ast.walk(node)
                    if isinstance(c, ast.Call)
                }
                calls.setdefault(node.name, set()).update(named - {""})
    return calls


def asks_permission(verb: str, calls: Mapping[str, set[str]]) -> bool:
    """Tell whether the action, or what it calls in its context or the engine, requires one."""
    ahead, seen = [verb], {verb}
    while ahead:
        called = calls.get(ahead.pop(), set())
        if "require" in called:
            return True
        ahead += called - seen
        seen |= called
    return False


def test_no_action_without_its_permission_check() -> None:
    """Each action requires a permission; the few that cannot say why, and are still without."""
    node = trees.modules(trees.NODE)
    contexts = {name.split(".")[0] for name in written()}
    calls = {c: calls_in(m for m in node if m.folder in {c, "cases"}) for c in contexts}
    pairs = [name.split(".") for name in written()]
    without = {f"{c}.{verb}" for c, verb in pairs if not asks_permission(verb, calls[c])}
    assert without == set(WITHOUT_REQUIRE)


def test_an_action_without_a_check_is_found() -> None:
    """The search follows calls, and finds none where there is none."""
    text = (
        "def open_door(*, by, at): look(by)\n"
        "def look(by): pass\n"
        "def step(*, by, at): locked(by)\n"
        "def locked(by): require(by, 'x')\n"
    )
    calls = calls_in([trees.Module(trees.NODE / "market" / "planted.py", text, ast.parse(text))])
    assert not asks_permission("open_door", calls)
    assert asks_permission("step", calls)


def reaching_past(module: trees.Module) -> Iterator[str]:
    """Yield uses of what only effects may call, outside the module that defines it."""
    aliases: dict[str, set[str]] = {}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for alias in node.names:
            inner = f"{node.module}.{alias.name}".removeprefix("gongshu_server.")
            origin = node.module.removeprefix("gongshu_server.")
            if inner in EFFECTS_ONLY:
                aliases[alias.asname or alias.name] = EFFECTS_ONLY[inner]
            if alias.name in EFFECTS_ONLY.get(origin, set()):
                yield f"{module.place}:{node.lineno} imports {alias.name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in aliases.get(
            trees.dotted(node.value), set()
        ):
            yield f"{module.place}:{node.lineno} uses {node.attr}"


def test_only_effects_issue_grants() -> None:
    """No grant without a case: nobody but the effects table issues, moves or opens."""
    allowed = {
        "gongshu_server/journeys/effects.py",
        "gongshu_server/catalogue/actions.py",
    }
    found = [
        f for m in trees.modules(trees.NODE) if m.place not in allowed for f in reaching_past(m)
    ]
    assert found == []


def test_a_planted_path_to_a_grant_is_found() -> None:
    """The check sees the function imported by name and the module imported under another one."""
    text = (
        "from gongshu_server.usage.actions import issue\n"
        "from gongshu_server.usage import actions as doors\n"
        "doors.issue(grant=None)\n"
        "doors.use(uses=())\n"
    )
    module = trees.Module(trees.NODE / "market" / "planted.py", text, ast.parse(text))
    assert list(reaching_past(module)) == [
        "gongshu_server/market/planted.py:1 imports issue",
        "gongshu_server/market/planted.py:3 uses issue",
    ]


def constants(name: str, place: int | str) -> Iterator[tuple[str, str]]:
    """Yield (where, text) of one literal argument of every call of the function in the node."""
    for module in trees.modules(trees.NODE):
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            if name and trees.dotted(node.func).split(".")[-1] != name:
                continue
            given = (
                [k.value for k in node.keywords if k.arg == place]
                if isinstance(place, str)
                else node.args[place : place + 1]
            )
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield f"{module.place}:{value.lineno}", value.value


def test_events_permissions_and_clauses_are_in_the_vocabularies() -> None:
    """What the code names exists: events, permissions and clauses."""
    events = {text: where for where, text in constants("Event", 0)}
    assert {text: where for text, where in events.items() if text not in EVENTS} == {}
    # The demo's `require` is another one: it checks that a scene ended as it should.
    asked = {text: where for where, text in constants("require", 1) if "/demo/" not in where}
    assert len(asked) > 20
    assert {text: where for text, where in asked.items() if text not in PERMISSIONS} == {}
    known = {one.code for one in all_clauses()} | {""}
    clauses = {text: where for where, text in constants("", "clause")}
    clauses |= {text: where for where, text in constants("Event", 2)}
    assert len(clauses) > 20
    assert {text: where for text, where in clauses.items() if text not in known} == {}


def test_the_effects_table_is_sound() -> None:
    """Each event is one of the vocabulary, each effect takes recorded=, by= and at= alone."""
    assert set(EFFECTS) <= set(EVENTS)
    effects: list[Callable[..., Any]] = [one for line in EFFECTS.values() for one in line]
    for effect in effects:
        given = inspect.signature(effect).parameters.values()
        assert [p.name for p in given] == ["recorded", "by", "at"], effect.__name__
        assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in given), effect.__name__
