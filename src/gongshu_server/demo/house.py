"""The demo's folder: made anew at each run, and never anything else."""

from __future__ import annotations

import shutil
from pathlib import Path

from gongshu.vocabulary.errors import Conflict

MARK = "DEMO"


def fresh_home(folder: Path) -> None:
    """Empty the demo's folder, or make it; a folder without the demo's mark is left alone.

    Raises Conflict when the folder holds anything that is not a demo.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise Conflict(
                f"“{folder}”里已有其他内容，演示不会覆盖它。请换一个 --home。",
                code="not_a_demo_folder",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("这是演示节点的目录，可以随时删除。\n", encoding="utf-8")
