"""The tail is budgeted: no file over 400 lines, no function over 40, unless its line says why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from architecture import trees

LINES_A_FILE, LINES_A_FUNCTION = 400, 40
# The reason stands on the line: on the function's first, or on the file's first.
REASON = re.compile(r"#.*\blong: \S+ \S+")


def too_long(module: trees.Module) -> Iterator[str]:
    """Yield the module and each function of it that is over its budget without a reason."""
    lines = module.text.splitlines()
    if len(lines) > LINES_A_FILE and not REASON.search(lines[0]):
        yield f"{module.place} has {len(lines)} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_A_FUNCTION and not REASON.search(lines[node.lineno - 1]):
                yield f"{module.place}:{node.lineno} {node.name} has {length} lines"


def test_nothing_is_too_long() -> None:
    """Every file and function of the source is within its budget."""
    found = [fault for module in trees.modules() for fault in too_long(module)]
    assert not found, "\n".join(found)


def test_what_is_too_long_is_found() -> None:
    """A function of 41 lines is found, one of 40 is not, and a reason lets it be."""
    sizes = {"right": 38, "long": 39, "argued": 60}
    text = "".join(
        f"def {name}():{'  # long: one table of cases' if name == 'argued' else ''}\n"
        "    x = 0\n" + "    x += 1\n" * size
        for name, size in sizes.items()
    )
    path = trees.NODE / "market" / "planted.py"
    said = list(too_long(trees.Module(path, text, ast.parse(text))))
    assert said == ["gongshu_server/market/planted.py:41 long has 41 lines"]
    text = "x = 1\n" * 401
    said = list(too_long(trees.Module(path, text, ast.parse(text))))
    assert said == ["gongshu_server/market/planted.py has 401 lines"]
