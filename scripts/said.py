"""What the library and the node say in Chinese, collected from their source and their tables.

`terms()` are the words of the tables: steps, states, limits, documents, roles, duties, permissions,
events, levels, clauses. `sentences()` are all other literals: an f-string's pieces and a template's
names become the placeholders {0}, {1}, … in order.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"
CHINESE = re.compile("[\u4e00-\u9fff]")
NAMED = re.compile(r"\{[a-z_]*(?:![rs])?(?::[^{}]*)?\}")
# Pages mark their own words; commands and the API's documents speak Chinese only. Of the demo the
# scenes are told on the front page, the rest makes names and data.
TOLD = "gongshu_server/demo/scenes/"
SILENT = (
    "gongshu_server/portal/",
    "gongshu_server/demo/",
    "gongshu_server/commands/",
    "gongshu_server/api/",
    "gongshu_server/upkeep/",
    "gongshu_server/configuration.py",
    "gongshu_server/settings.py",
    "gongshu_server/secrets_folder.py",
    "gongshu/cleanroom/forms.py",  # Told on the command line only.
    "gongshu/sdc/columns.py",
    "gongshu/sdc/crossed.py",
    "gongshu/sdc/tables.py",
    "gongshu/procedures/reference.py",
    "gongshu/procedures/diagrams.py",
    "gongshu/procedures/matrix.py",
    "gongshu/vocabulary/regions.py",  # Names of places.
    "gongshu/profile/lexicon.py",  # Surnames and the like.
)
# What is no sentence: patterns, formats of dates, sample data, names and numbers of the demo.
PATTERN = re.compile(r"'s |^临|^省数|^回执-|号$|^[(^\[%]|\||\\[dsb]|-鿿|^[^，。]*,[^，。]*,|\.csv$")


def terms() -> set[str]:
    """Return every Chinese word of the tables, and the demo's post titles."""
    return {word for word in _words() if CHINESE.search(word)}


def _words() -> Iterator[str]:
    from gongshu.cleanroom.lattices import LatticeKind
    from gongshu.lake.schema import ColumnType
    from gongshu.procedures import all_clauses, all_procedures, duties
    from gongshu.vocabulary import actions, events, levels, permissions, purposes

    for table in all_procedures():
        yield table.zh
        yield from table.states.values()
        yield from (step.zh for step in table.transitions)
        yield from (limit.zh for limit in table.limits)
        yield from (kind.zh for kind in table.documents.values())
    for module in (actions, levels, purposes):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Enum):
                yield from (one.zh for one in kind)
    yield from (one.zh for one in (*ColumnType, *LatticeKind))
    yield from permissions.ORGANISATION_ROLES.values()
    yield from permissions.POST_DUTIES.values()
    yield from (one.zh for one in permissions.PERMISSIONS.values())
    yield from (one if isinstance(one, str) else one.zh for one in events.EVENTS.values())
    for clause in all_clauses():
        yield from (clause.short, clause.instrument, clause.note or "")
    yield from (one.zh for one in duties())
    yield from _post_titles()


def _post_titles() -> Iterator[str]:
    """Yield the titles in the demo's tables of posts: (duty, title, (duties, …))."""
    cast = SOURCE / "gongshu_server" / "demo" / "cast.py"
    for node in ast.walk(ast.parse(cast.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple) and len(node.elts) == 3:
            duty, title, duties = node.elts
            if isinstance(duty, ast.Constant) and isinstance(duties, ast.Tuple):
                yield str(getattr(title, "value", ""))


def sentences() -> set[str]:
    """Return every Chinese literal outside the tables, with numbered placeholders."""
    known = terms()
    return {text for path in _modules() for text in _literals(path) if text not in known}


def _modules() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        spoken = place.startswith(TOLD) or not place.startswith(SILENT)
        if spoken and "/migrations/" not in place and path.name != "apps.py":
            yield path


def _literals(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen = {id(part) for node in ast.walk(tree) for part in _unsaid(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in seen:
            seen.update(id(part) for part in node.values)
            yield from _said(_joined(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in seen:
            yield from _said(numbered(node.value))


def _unsaid(node: ast.AST) -> Iterator[ast.AST]:
    """Yield docstrings, those of constants too, and what is compiled as a pattern."""
    if isinstance(node, ast.Expr):
        yield node.value
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "compile":
        yield from ast.walk(node)


def _said(text: str) -> Iterator[str]:
    if CHINESE.search(text) and not PATTERN.search(text):
        yield text


def _joined(node: ast.JoinedStr) -> str:
    count = itertools.count()
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(count)}}}"
        for part in node.values
    )


def numbered(text: str) -> str:
    """Return a template with its names as numbers, in order."""
    count = itertools.count()
    return NAMED.sub(lambda _match: f"{{{next(count)}}}", text)
