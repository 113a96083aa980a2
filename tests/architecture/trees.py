"""Reading the source: its files, their syntax trees, and the order of the layers."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
LIBRARY, NODE = SOURCE / "gongshu", SOURCE / "gongshu_server"
CONTRACTS = ROOT / ".importlinter"


@dataclass(frozen=True, slots=True)
class Module:
    """One source file with its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """Return the file's path below `src`, for messages."""
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def folder(self) -> str:
        """Return the first folder below the package; empty for a file of the package itself."""
        parts = self.path.relative_to(SOURCE).parts
        return parts[1] if len(parts) > 2 else ""


def parse(path: Path) -> Module:
    """Return the file as a module."""
    text = path.read_text(encoding="utf-8")
    return Module(path, text, ast.parse(text))


@cache
def modules(package: Path = SOURCE) -> tuple[Module, ...]:
    """Return every module below the folder but generated migrations."""
    paths = (p for p in sorted(package.rglob("*.py")) if "migrations" not in p.parts)
    return tuple(parse(path) for path in paths)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every absolute import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (outer := dotted(node.value)):
        return f"{outer}.{node.attr}"
    return ""


def layers() -> list[frozenset[str]]:
    """Return the node's layers from top to bottom, as the contract lists them."""
    contracts = configparser.ConfigParser()
    contracts.read(CONTRACTS, encoding="utf-8")
    lines = contracts["importlinter:contract:node"]["layers"].split("\n")
    return [frozenset(re.findall(r"[a-z_]+", line)) for line in lines if line.strip()]


def depth(context: str) -> int:
    """Return how far down the context's layer lies; KeyError when it is in no layer."""
    for place, names in enumerate(layers()):
        if context in names:
            return place
    raise KeyError(context)
