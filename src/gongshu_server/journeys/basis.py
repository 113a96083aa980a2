"""What an action rests on: the steps that it takes, the permissions it asks for, the clauses.

Steps come from the table; what stands beside them is read from the action's own source, so that a
description cannot say anything else than the code does.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache

from gongshu.procedures import procedure
from gongshu.vocabulary.permissions import PERMISSIONS, scope_of
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.naming import function

_REQUIRED = re.compile(r'require\(\s*by,\s*"([a-z_.]+)"')
_SCOPED = re.compile(r'require_scope\(\s*by,\s*"([a-z_]+)"')
_CLAUSES = re.compile(r'clause="([a-z0-9.-]+)"')
# Actions that ask for no permission by name, in the words of officials.
_BY_OTHER_MEANS = {
    "accounts.confirm_handover": "接收移交的岗位",
    "cases.mark_substep": "办理本机构的内部环节",
    "accounts.revoke_delegation": "收回代办",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """What an action rests on; `zh` says what it does in the words of procedures."""

    zh: str
    steps: tuple[tuple[str, str], ...]
    permissions: tuple[str, ...]
    scopes: tuple[str, ...]
    clauses: tuple[str, ...]


@cache
def basis(name: str) -> Basis:
    """Return what the action `context.verb` rests on."""
    steps = tuple(step for step, action in ACTIONS.items() if action == name)
    taken = [procedure(code).transition(transition) for code, transition in steps]
    source = inspect.getsource(inspect.unwrap(function(name)))
    asked = _REQUIRED.findall(source)
    permissions = tuple(dict.fromkeys((*(step.permission for step in taken), *asked)))
    scopes = (*(scope_of(one) for one in permissions), *_SCOPED.findall(source))
    clauses = (*(step.clause for step in taken), *_CLAUSES.findall(source))
    words = "、".join(dict.fromkeys(step.zh for step in taken))
    subject = procedure(steps[0][0]).zh if steps else ""
    return Basis(
        zh=f"{subject}：{words}" if words else _words(name, permissions),
        steps=steps,
        permissions=permissions,
        scopes=tuple(dict.fromkeys(scopes)),
        clauses=tuple(dict.fromkeys(clauses)),
    )


def _words(name: str, permissions: tuple[str, ...]) -> str:
    told = _BY_OTHER_MEANS.get(name, "")
    return told or "、".join(PERMISSIONS[code].zh for code in permissions)
