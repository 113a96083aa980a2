"""Each folder of the library may import the third-party packages of this table and no others."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from architecture import trees

# A change of this table needs a decision record (docs/adr): a dependency is argued, not added.
ALLOWED: Mapping[str, frozenset[str]] = {
    "": frozenset(),
    "cleanroom": frozenset({"duckdb", "sqlglot"}),
    "engines": frozenset({"duckdb", "pyarrow", "sqlglot"}),
    "formats": frozenset(),
    "lake": frozenset({"deltalake", "numpy", "pyarrow", "python_calamine"}),
    "ledger": frozenset({"cryptography"}),
    "policy": frozenset(),
    "pricing": frozenset(),
    "procedures": frozenset(),
    "products": frozenset({"pyarrow"}),
    "profile": frozenset({"numpy", "pyarrow"}),
    "quality": frozenset({"numpy", "pyarrow"}),
    "risk": frozenset({"numpy", "pyarrow"}),
    "sandbox": frozenset({"pyarrow"}),
    "sdc": frozenset({"highspy", "numpy", "pyarrow"}),
    "vocabulary": frozenset({"numpy", "pyarrow"}),
    "workflow": frozenset({"chinese_calendar"}),
}


def strangers(module: trees.Module) -> list[str]:
    """Return every import of the module that its folder's line does not allow."""
    own = ALLOWED[module.folder] | {"gongshu"}
    return [
        f"{module.place}:{line} imports {name}"
        for line, name in trees.imports(module.tree)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names and top not in own
    ]


def test_the_library_imports_only_what_its_folders_may() -> None:
    """No folder reaches for a package beyond its line."""
    assert [fault for m in trees.modules(trees.LIBRARY) for fault in strangers(m)] == []


def test_no_line_of_the_table_is_wider_than_the_folder() -> None:
    """A package that a folder has stopped using leaves its line."""
    used: dict[str, set[str]] = {}
    for module in trees.modules(trees.LIBRARY):
        tops = {name.split(".")[0] for _, name in trees.imports(module.tree)}
        used.setdefault(module.folder, set()).update(tops)
    unused = {folder: ALLOWED[folder] - names for folder, names in used.items()}
    assert {folder: left for folder, left in unused.items() if left} == {}


def test_a_planted_import_is_found() -> None:
    """The check sees an import inside a function, and what is allowed elsewhere is not allowed."""
    path = trees.LIBRARY / "policy" / "planted.py"
    text = "def late():\n    import numpy.linalg\n    from pathlib import Path\n"
    module = trees.Module(Path(path), text, trees.ast.parse(text))
    assert strangers(module) == ["gongshu/policy/planted.py:2 imports numpy.linalg"]
