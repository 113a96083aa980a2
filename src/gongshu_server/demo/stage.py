"""The stage: who, what and when, shared by all scenes; and what a scene is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gongshu.procedures import clause
from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts.actors import Actor
from gongshu_server.demo.cast import Cast
from gongshu_server.demo.city.model import City
from gongshu_server.demo.tables import Table
from gongshu_server.demo.timeline import Timeline


@dataclass(slots=True)
class Stage:
    """Everything that scenes hand on to each other; `ids` and `keys` by speaking names."""

    cast: Cast
    city: City
    time: Timeline
    tables: dict[str, Table]
    home: Path
    ids: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def actor(self, code: str, duty: str = "handler") -> Actor:
        """Return a person of the cast, acting now."""
        return self.cast.actor(code, duty, self.time.at)

    def organisation(self, code: str) -> str:
        """Return the id of one of the cast's organisations."""
        return self.cast.organisation(code)

    def resource(self, key: str) -> str:
        """Return the id of the resource that was filed for a table."""
        return self.ids[f"resource.{key}"]


class Unexpected(Exception):
    """A scene did not end as it should; the message says what happened instead."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: what should happen, on which clauses, over which data, and how it is played."""

    name: str
    clauses: tuple[str, ...]
    expected: str
    play: Callable[[Stage], str]
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scene ended, as the JSON file and the front page show it."""

    name: str
    clauses: tuple[str, ...]
    expected: str
    outcome: str
    ok: bool
    seconds: float
    data: str

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as JSON-able values."""
        return asdict(self)


def perform(scene: Scene, stage: Stage) -> Outcome:
    """Play a scene; whatever is raised ends it as not ok, with its sentence as the outcome."""
    started = time.perf_counter()
    ok = True
    try:
        _in_force(scene, stage)
        outcome = scene.play(stage)
    except Unexpected as error:
        ok, outcome = False, str(error)
    except DomainError as error:
        ok, outcome = False, f"{type(error).__name__} {error.code}：{error.sentence}"
    used = [stage.tables[key] for key in scene.tables]
    return Outcome(
        name=scene.name,
        clauses=scene.clauses,
        expected=scene.expected,
        outcome=outcome,
        ok=ok,
        seconds=round(time.perf_counter() - started, 3),
        data="real" if used and all(table.real for table in used) else "generated",
    )


def _in_force(scene: Scene, stage: Stage) -> None:
    """No scene rests on a clause before it was in force."""
    day = stage.time.at.date()
    early = [code for code in scene.clauses if not clause(code).in_force_on(day)]
    assure(not early, f"这些条款在 {day} 还没有施行：{'、'.join(early)}")


def refused(
    attempt: Callable[[], object],
    code: str,
    *,
    clause: str | None = None,
    finding: str = "",
    naming: Sequence[str] = (),
) -> DomainError:
    """Check that an attempt is refused with this code and clause, its sentence naming all of these.

    `finding` is the code that one of the refusal's details must carry.

    Returns the refusal; raises Unexpected when it went through or was refused for another reason.
    """
    try:
        attempt()
    except DomainError as error:
        said = f"{error.sentence}{''.join(str(d) for d in error.details)}"
        missing = [word for word in naming if word not in said]
        codes = {getattr(detail, "code", "") for detail in error.details}
        missing += [finding] if finding and finding not in codes else []
        if error.code != code or (clause and error.clause != clause) or missing:
            raise Unexpected(
                f"拒绝的理由不对：{error.code}（{error.clause}）{error.sentence} 缺少 {missing}"
            ) from error
        return error
    raise Unexpected("本应拒绝，却办成了")


def assure(condition: bool, otherwise: str) -> None:
    """Raise Unexpected with the sentence unless the condition holds."""
    if not condition:
        raise Unexpected(otherwise)
