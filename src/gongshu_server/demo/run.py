"""The demo: build the city, play the story, say how each scene ended, then open the node."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from django.conf import settings
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from gongshu_server.commands.founding import prepare
from gongshu_server.demo import cast, keys, real, sql, tables
from gongshu_server.demo.city.build import build
from gongshu_server.demo.city.districts import write_shapes
from gongshu_server.demo.scenes.all import scenes
from gongshu_server.demo.stage import Outcome, Scene, Stage, perform
from gongshu_server.demo.timeline import ZONE, Timeline
from gongshu_server.journal import clock, sealing
from gongshu_server.portal.pages import STORY


def story(
    *,
    data: Path | None,
    json_file: Path | None,
    as_of: str,
    scale: float,
    seed: int,
    console: Console | None = None,
) -> bool:
    """Play the whole story; return whether every scene ended as it should."""
    console = console or Console()
    started = time.perf_counter()
    stage = set_up(data=data, as_of=as_of, scale=scale, seed=seed)
    outcomes = _play(scenes(), stage, console)
    ok = all(outcome.ok for outcome in outcomes)
    if ok:
        keys.hand_out(stage)
        clock.move_to(stage.time.at)
        sealing.seal_all(at=clock.now())
    _write(outcomes, stage, json_file)
    for note in stage.notes:
        console.print(f"  · {note}", style="dim", highlight=False)
    seconds = time.perf_counter() - started
    verdict = "每一幕都如期结束" if ok else "有的幕没有如期结束"
    console.print(f"\n共 {len(outcomes)} 幕，{seconds:.1f} 秒：{verdict}。", highlight=False)
    return ok


def set_up(*, data: Path | None, as_of: str, scale: float, seed: int) -> Stage:
    """Make the demo node, its city and its cast, at the story's first moment."""
    prepare(demo=True)
    timeline = Timeline(_end(as_of))
    home = Path(settings.HOME)
    write_shapes(home, seed=seed)
    city = build(home / "city", seed=seed, scale=scale, as_of=timeline.at.astimezone(ZONE).date())
    clock.move_to(timeline.at)
    found = tables.generated(city)
    notes: list[str] = []
    if data is not None:
        found, notes = real.replace(found, data)
    stage = Stage(cast=cast.record(timeline.at), city=city, time=timeline, tables=found, home=home)
    stage.notes += notes
    stage.facts |= sql.queries(found)
    stage.facts |= _subjects(stage)
    day = timeline.at.astimezone(ZONE).date().replace(day=1)
    stage.facts["day"] = day
    stage.facts["sql.service"] = stage.facts["sql.service"].format(day=day)
    return stage


def _subjects(stage: Stage) -> dict[str, Any]:
    """Return whom the story follows, and the file with which the source corrects itself."""
    examples = stage.city.examples
    people = {
        "licensed": examples.licensed,
        "expired": examples.expired,
        "unknown": examples.unknown,
        "objector": examples.objector,
    }
    return {
        "subjects": people,
        "checked": list(stage.city.uscc[:200]),
        "corrected": stage.city.corrected_licences.path,
    }


def _end(as_of: str) -> datetime:
    """Return when the story ends: now, or the present time of day on the day asked for."""
    now = datetime.now(UTC).replace(microsecond=0)
    if not as_of:
        return now
    day = date.fromisoformat(as_of)
    return datetime.combine(day, clock_time(17, 0), ZONE).astimezone(UTC)


def _play(scenes_: Sequence[Scene], stage: Stage, console: Console) -> list[Outcome]:
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("开场", total=len(scenes_))
        for scene in scenes_:
            progress.update(task, description=scene.name)
            outcome = perform(scene, stage)
            clock.move_to(stage.time.not_before(clock.last_entry()))
            sealing.seal_all(at=clock.now())
            outcomes.append(outcome)
            _say(outcome, stage, console)
            progress.advance(task)
    return outcomes


def _say(outcome: Outcome, stage: Stage, console: Console) -> None:
    mark = "[green]✓[/green]" if outcome.ok else "[red]✗[/red]"
    day = f"{stage.time.at.astimezone(ZONE):%Y-%m-%d}"
    clauses = "、".join(outcome.clauses)
    source = "真实数据" if outcome.data == "real" else "生成数据"
    console.print(
        f"{mark} {day}  [bold]{outcome.name}[/bold]  ({clauses}；{source})", highlight=False
    )
    console.print(Padding(Text(outcome.outcome), (0, 0, 0, 4), expand=False))


def _write(outcomes: Sequence[Outcome], stage: Stage, json_file: Path | None) -> None:
    body: dict[str, Any] = {"scenes": [outcome.as_json() for outcome in outcomes]}
    if json_file is not None:
        json_file.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
    ended = f"{stage.time.at.astimezone(ZONE):%Y年%m月%d日}"
    body |= {"ended": ended, "calls": stage.facts.get("calls", []), "notes": stage.notes}
    path = Path(settings.HOME) / STORY
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")


def say_what_to_try(*, port: int) -> None:
    """Print address, keys and calls to try; keys are shown this once."""
    console = Console()
    console.print(f"\n节点：http://localhost:{port}  （Ctrl-C 结束）", highlight=False)
    file = Path(settings.HOME) / keys.FILE
    if file.is_file():
        calls = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        for line in calls:
            console.print(f"\n# {line['zh']}", style="dim", highlight=False)
            console.print(
                line["command"].replace("{port}", str(port)),
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    console.file.flush()
