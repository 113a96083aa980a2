"""The one door for writes: `@action` opens the transaction, journals, and records denials.

Order inside an action: see and lock, step, permit, change, record, notify. The outermost action
runs what follows in other contexts (the effects table of `journeys`), then commits. On a
`DomainError` everything is rolled back, the denial is journalled in a transaction of its own (on
SQLite a second connection inside the first would lock), and the error goes on to the caller. If
the denial cannot be stored the answer is `Unavailable`, never a silent refusal. Two actions that
were first at the same time end as one done and one refused: the database's constraint decides. Two
that wait for each other's rows are told apart by PostgreSQL, and the one it stops is done again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from decimal import InvalidOperation
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction
from django.utils.module_loading import import_string

from gongshu.vocabulary.errors import Conflict, DomainError, Invalid, Unavailable
from gongshu_server.journal.recording import ByWhom, Event, Recorded, plain, record

P = ParamSpec("P")
R = TypeVar("R")
Effect = Callable[..., None]
# Deadlock and serialisation failure, by SQLSTATE: undone by the database, and worth another try.
REPEATABLE = frozenset({"40P01", "40001"})
ATTEMPTS = 4
# What PostgreSQL (by SQLSTATE) and SQLite (by name) call a broken uniqueness constraint.
UNIQUENESS = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


@dataclass(slots=True)
class _Run:
    """What the outermost action has recorded so far and must do after the commit."""

    recorded: list[Recorded] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)


class Attendant(Protocol):
    """What takes part in the transaction of an action that a door calls, first and last in it.

    Either may refuse; then the whole action is undone. `requests.once` and `staleness.expecting`
    are the two there are.
    """

    def before(self, *, at: datetime) -> None: ...

    def after(self, result: Any) -> None: ...


_run: ContextVar[_Run | None] = ContextVar("gongshu_action", default=None)
_attendants: ContextVar[tuple[Attendant, ...]] = ContextVar("gongshu_attendants", default=())


@contextmanager
def attending(one: Attendant) -> Iterator[None]:
    """Let one more attendant take part in the action that the body of `with` performs."""
    token = _attendants.set((*_attendants.get(), one))
    try:
        yield
    finally:
        _attendants.reset(token)


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Make a keyword-only function with `by=` and `at=` an action."""
    name = f"{function.__module__.split('.')[1]}.{function.__name__}"
    # Keyword-only by the check below: the parameter specification allows positions, too.
    call = cast(Callable[..., R], function)

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError(f"{name} takes keyword arguments only")
        if _run.get() is not None:
            return call(**kwargs)
        return _outermost(name, call, kwargs)

    run.action_name = name  # type: ignore[attr-defined] # read by the tests over all actions
    return run


def journal(event: Event, *, by: ByWhom, at: datetime) -> Recorded:
    """Record what an action has changed and let its effects follow before the commit."""
    recorded = record(event, by=by, at=at)
    run = _run.get()
    if run is None:
        raise RuntimeError("only an action journals")
    run.recorded.append(recorded)
    return recorded


def after_commit(hook: Callable[[], None]) -> None:
    """Run `hook` after the outermost action has committed and before its answer returns."""
    run = _run.get()
    if run is None:
        raise RuntimeError("only an action has something to do after its commit")
    run.after_commit.append(hook)


def _outermost(name: str, function: Callable[..., R], kwargs: Mapping[str, Any]) -> R:
    by, at = kwargs["by"], kwargs["at"]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            result, run = _transaction(function, kwargs)
            break
        except DomainError as error:
            _record_denial(name, error, by=by, at=at, subject=_subject(name, kwargs))
            raise
        except OperationalError as fault:
            if attempt == ATTEMPTS or not _to_be_repeated(fault):
                raise Unavailable(
                    "数据库现在写不进去，本次请求没有办理；"
                    "请稍后再试，仍不行时请运行单位检查磁盘和数据库。",
                    code="database_unavailable",
                ) from fault
    for hook in run.after_commit:
        hook()
    return result


def _transaction(function: Callable[..., R], kwargs: Mapping[str, Any]) -> tuple[R, _Run]:
    run = _Run()
    token = _run.set(run)
    try:
        with _first_come(), transaction.atomic():
            attendants = _attendants.get()
            for one in attendants:
                one.before(at=kwargs["at"])
            result = function(**kwargs)
            _follow(run, by=kwargs["by"])
            for one in attendants:
                one.after(result)
    finally:
        _run.reset(token)
    return result, run


def _to_be_repeated(fault: OperationalError) -> bool:
    """Tell whether the whole transaction was undone only because another one was in its way."""
    if transaction.get_connection().in_atomic_block:
        return False
    return getattr(fault.__cause__, "sqlstate", None) in REPEATABLE


@contextmanager
def _first_come() -> Iterator[None]:
    """Let a uniqueness constraint that another transaction was first to meet end as a Conflict.

    What does not fit its column (a text too long, a number too large) ends as Invalid.
    """
    try:
        yield
    except (DataError, OverflowError, InvalidOperation) as fault:
        raise Invalid(
            "有内容过长或数字过大，无法保存，请缩短或改小后重试。", code="does_not_fit"
        ) from fault
    except IntegrityError as fault:
        if not _of_uniqueness(fault):
            raise
        raise Conflict(
            "同一事项刚刚已由他人办理，请刷新后查看结果。", code="simultaneous"
        ) from fault


def _of_uniqueness(fault: IntegrityError) -> bool:
    cause = fault.__cause__
    said = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return said in UNIQUENESS


def _follow(run: _Run, *, by: ByWhom) -> None:
    """Run the effects of each recorded event, and of the events that they record in turn."""
    effects: Mapping[str, tuple[Effect, ...]] = import_string(settings.GONGSHU_EFFECTS)
    done = 0
    while done < len(run.recorded):
        recorded = run.recorded[done]
        done += 1
        for effect in effects.get(recorded.event.name, ()):
            effect(recorded=recorded, by=by, at=recorded.at)


def _subject(name: str, kwargs: Mapping[str, Any]) -> tuple[str, str]:
    """Return what the refused action was about: its first `…_id` argument, else the action."""
    for key, value in kwargs.items():
        if key.endswith("_id") and isinstance(value, str):
            return key.removesuffix("_id"), value[:64]
    return "action", name


def _record_denial(
    name: str, error: DomainError, *, by: ByWhom, at: datetime, subject: tuple[str, str]
) -> None:
    details = {
        "action": name,
        "code": error.code,
        "sentence": error.sentence,
        "reasons": [plain(d) for d in error.details],
    }
    event = Event("denied", subject, error.clause or "", details, outcome="refused")
    try:
        with transaction.atomic():
            record(event, by=by, at=at)
        error.recorded = True
    except (DatabaseError, DomainError) as fault:
        raise Unavailable(
            "拒绝未能写入存证日志，本次请求没有办理，请稍后再试。", code="denial_not_recorded"
        ) from fault
