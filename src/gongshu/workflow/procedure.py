"""A procedure is a frozen table: states, transitions with their basis, limits, kinds of documents.

No state-machine library: one engine reads the table. The structural check walks every way through
the table with the limits that run on it, so that no state is a trap and no limit runs for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from gongshu.vocabulary.errors import InvalidTransition
from gongshu.workflow.limits import Limit

Running = frozenset[str]


APPLICANT: Final = "applicant"
"""The party that opened the case, among those who may hand a document in."""


class DocumentKind(NamedTuple):
    """A kind of document that a case carries: its Chinese name and the clause that asks for it.

    `givers` names who hands it in besides those whose step asks for it: `APPLICANT`, or the role
    of an organisation that takes part. `identified` names what the document of a body outside must
    carry, so that it is found again: those of `number`, `issuer`, `dated`, `receipt`.
    """

    zh: str
    clause: str
    givers: tuple[str, ...] = ()
    identified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One statutory step.

    `permission`, `event` and `clause` are codes of the vocabularies. `starts`, `stops`, `pauses`
    and `resumes` name limits. `documents` are the kinds that must lie in the case beforehand.
    `after` names limits that, where they run, must have run out before this step; `within` names
    limits that must not have run out yet. `requires` names steps that must have been taken since
    the case came into the present state; `once` allows the step one time in that stay. `at_will`
    names the source states in which the step may be taken but nobody waits for it.
    """

    name: str
    zh: str
    source: tuple[str, ...]
    target: str
    permission: str
    event: str
    clause: str
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    reason_required: bool = False
    after: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    once: bool = False
    at_will: tuple[str, ...] = ()

    def awaited_limits(self) -> frozenset[str]:
        """Return the limits that the step finds running: all that it names but does not start."""
        return frozenset(self.stops + self.pauses + self.resumes + self.after + self.within)

    def named_limits(self) -> frozenset[str]:
        """Return every limit that the step names."""
        return self.awaited_limits() | frozenset(self.starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A statutory procedure.

    `subject` is the kind of thing a case is about. `opens` names limits that may already run when
    the case is opened, counted from the fact that its opener names (a delivery, for instance).
    """

    code: str
    zh: str
    en: str
    subject: str
    initial: str
    states: Mapping[str, str]
    terminal: frozenset[str]
    transitions: tuple[Transition, ...]
    limits: tuple[Limit, ...] = ()
    documents: Mapping[str, DocumentKind] = field(default_factory=dict)
    opens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "states", MappingProxyType(dict(self.states)))
        object.__setattr__(self, "documents", MappingProxyType(dict(self.documents)))

    def transition(self, name: str) -> Transition:
        """Return the transition; raises KeyError for a name that the procedure does not have."""
        for transition in self.transitions:
            if transition.name == name:
                return transition
        raise KeyError(f"{self.code} has no transition {name}")

    def limit(self, code: str) -> Limit:
        """Return the limit; raises KeyError for a code that the procedure does not have."""
        for limit in self.limits:
            if limit.code == code:
                return limit
        raise KeyError(f"{self.code} has no limit {code}")

    def available(self, state: str) -> tuple[Transition, ...]:
        """Return the transitions that lead on from the state."""
        return tuple(t for t in self.transitions if state in t.source)

    def awaited(self, state: str) -> tuple[Transition, ...]:
        """Return the transitions that somebody has to take in the state: its turn."""
        return tuple(t for t in self.available(state) if state not in t.at_will)

    def asking(self, kind: str) -> tuple[Transition, ...]:
        """Return the transitions that ask for documents of the kind."""
        return tuple(t for t in self.transitions if kind in t.documents)

    def follow(self, state: str, name: str) -> Transition:
        """Return the transition if the state allows it.

        Raises InvalidTransition with a sentence that names the steps that are possible instead.
        """
        transition = self.transition(name)
        if state in transition.source:
            return transition
        possible = "、".join(t.zh for t in self.available(state))
        hint = f"现在可以办理：{possible}" if possible else "办件已经办结，需要时请另行提出"
        raise InvalidTransition(
            f"“{self.zh}”现处于“{self.states[state]}”，不能“{transition.zh}”。{hint}。",
            clause=transition.clause,
        )

    def check(self) -> tuple[str, ...]:
        """Return every structural fault of the table; a sound table has none."""
        names = tuple(self._names())
        # A walk over unknown names would only repeat the same faults.
        return names or (*self._ways(), *self._clocks())

    def _names(self) -> Iterator[str]:
        known = frozenset(self.states)
        for name in _repeated(t.name for t in self.transitions):
            yield f"transition {name} is defined twice"
        for code in _repeated(limit.code for limit in self.limits):
            yield f"limit {code} is defined twice"
        for state in sorted(({self.initial} | self.terminal) - known):
            yield f"state {state} is not defined"
        for code in sorted(set(self.opens) - {limit.code for limit in self.limits}):
            yield f"the procedure opens with unknown limit {code}"
        for transition in self.transitions:
            yield from self._names_of(transition)

    def _names_of(self, transition: Transition) -> Iterator[str]:
        name = transition.name
        for state in sorted({*transition.source, transition.target} - set(self.states)):
            yield f"{name} names unknown state {state}"
        for code in sorted(transition.named_limits() - {limit.code for limit in self.limits}):
            yield f"{name} names unknown limit {code}"
        for kind in sorted(set(transition.documents) - set(self.documents)):
            yield f"{name} names unknown document {kind}"
        for state in sorted(set(transition.source) & self.terminal):
            yield f"{name} leaves terminal state {state}"
        for state in sorted(set(transition.at_will) - set(transition.source)):
            yield f"{name} is at will in {state}, where it does not start"
        if not transition.source:
            yield f"{name} starts nowhere"
        for required in transition.requires:
            if not self._loops(required, transition.source):
                yield f"{name} requires {required}, which does not stay in its state"

    def _loops(self, name: str, sources: tuple[str, ...]) -> bool:
        return any(
            t.name == name and t.target in t.source and set(sources) <= set(t.source)
            for t in self.transitions
        )

    def _ways(self) -> Iterator[str]:
        reached = {state for state, _ in self._walk()}
        for state in self.states:
            if state not in reached:
                yield f"state {state} is never reached"
            leaving = [t for t in self.available(state) if t.target != state]
            if state not in self.terminal and not leaving:
                yield f"state {state} is never left"
        for kind in self.documents:
            if not self.asking(kind):
                yield f"document {kind} is asked for by no step"

    def _clocks(self) -> Iterator[str]:
        standing = {limit.code for limit in self.limits if limit.standing}
        ways = self._walk()
        for state, running in sorted(ways, key=lambda way: (way[0], sorted(way[1]))):
            if state in self.terminal:
                for code in sorted(running - standing):
                    yield f"limit {code} still runs in terminal state {state}"
            for transition in self.available(state):
                for code in sorted(running & set(transition.starts) - set(transition.stops)):
                    yield f"{transition.name} starts limit {code}, which already runs"
        started = set(self.opens).union(*(t.starts for t in self.transitions))
        for limit in self.limits:
            if limit.code not in started:
                yield f"limit {limit.code} is never started"
        for transition in self.transitions:
            running_here = {c for s, running in ways if s in transition.source for c in running}
            for code in sorted(transition.awaited_limits() - running_here):
                yield f"{transition.name} names limit {code}, which cannot run there"

    def _walk(self) -> frozenset[tuple[str, Running]]:
        """Return every pair of a state and the limits that can run when the case stands in it."""
        seen: set[tuple[str, Running]] = set()
        ahead = [(self.initial, frozenset[str]()), (self.initial, frozenset(self.opens))]
        while ahead:
            way = ahead.pop()
            if way in seen:
                continue
            seen.add(way)
            for transition in self.available(way[0]):
                running = (way[1] - set(transition.stops)) | set(transition.starts)
                ahead.append((transition.target, running))
        return frozenset(seen)


def _repeated(names: Iterator[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
