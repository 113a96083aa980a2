"""Clicks while a large file is imported: milliseconds a person waits for a page, on SQLite.

Two people walk lists and sign in again and again (a sign-in writes a session and an entry of the
journal), first alone, then while `gongshu import` reads a file of a million rows into the lake.
`python -m benchmarks.clicks HOME --key` prints who may send the file and the key to do so.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.verdicts import Browser, found

ROWS = int(os.environ.get("GONGSHU_CLICK_ROWS", "1500000"))
ALONE_SECONDS = 15.0
PEOPLE = 2
PAUSE = 0.05
PORT = 8698
PAGES = ("/catalogue/", "/market/products/", "/disclosure/", "/inbox/", "/cases/")
GONGSHU = (sys.executable, "-m", "gongshu_server.commands")


def measure() -> dict[str, float]:
    """Return what clicks cost before and during an import, and how long that took."""
    home = Path(tempfile.mkdtemp(prefix="gongshu-clicks-"))
    try:
        demo = home / "demo"
        played = [*GONGSHU, "demo", "--no-serve", "--scale", "0.1", "--home", str(demo)]
        subprocess.run(played, check=True, stdout=subprocess.DEVNULL)
        sender = subprocess.run(
            [sys.executable, "-m", "benchmarks.clicks", str(demo), "--key"],
            check=True,
            capture_output=True,
            text=True,
        )
        return _beside(demo, json.loads(sender.stdout), _file(home / "large.csv"))
    finally:
        shutil.rmtree(home)


def _beside(demo: Path, sender: dict[str, str], file: Path) -> dict[str, float]:
    served = [*GONGSHU, "serve", "--home", str(demo), "--port", str(PORT)]
    node = subprocess.Popen(served, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        _wait()
        ends = time.monotonic() + ALONE_SECONDS
        alone = _clicked(lambda: time.monotonic() < ends)
        command = [*GONGSHU, "import", str(file), "--home", str(demo)]
        command += ["--resource", sender["resource"], "--key", sender["key"]]
        started = time.monotonic()
        import_ = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        during = _clicked(lambda: import_.poll() is None)
        taken = time.monotonic() - started
        if import_.returncode:
            raise RuntimeError("the import failed")
    finally:
        os.kill(node.pid, signal.SIGTERM)
        node.wait(30)
    size = file.stat().st_size / 1e6
    return {
        "file imported, MB": size,
        "import with people at work, s": taken,
        **_figures("alone", alone),
        **_figures("during the import", during),
    }


def _figures(name: str, taken: dict[str, list[float]]) -> dict[str, float]:
    figures = {}
    for what, seconds in taken.items():
        values = np.array(seconds) * 1000
        figures[f"{what}, {name}: clicks"] = float(len(values))
        figures[f"{what}, {name}: median, ms"] = float(np.median(values))
        figures[f"{what}, {name}: p99, ms"] = float(np.percentile(values, 99))
    return figures


def _clicked(going_on: Callable[[], bool]) -> dict[str, list[float]]:
    """Let people click as long as it goes on; return the seconds of each page and sign-in."""
    taken: dict[str, list[float]] = {"page": [], "sign-in (writes)": []}

    def person() -> None:
        browser = Browser(PORT)
        while going_on():
            page = browser.get("/sign-in/")
            said = {
                name: found(f'name="{name}" value="([^"]+)"', page)
                for name in ("csrfmiddlewaretoken", "person", "post")
            }
            _timed(
                taken["sign-in (writes)"], lambda said=said: browser.post("/sign-in/as/", **said)
            )
            for path in PAGES:
                _timed(taken["page"], partial(browser.get, path))

    people = [threading.Thread(target=person) for _ in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return taken


def _timed(taken: list[float], click: Callable[[], object]) -> None:
    started = time.perf_counter()
    click()
    taken.append(time.perf_counter() - started)
    time.sleep(PAUSE)


def _wait() -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            Browser(PORT).get("/sign-in/")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _file(path: Path) -> Path:
    """Write hourly levels of reservoirs, as their department sends them."""
    draw = np.random.default_rng(5)
    levels = draw.normal(60, 8, ROWS)
    with path.open("w", encoding="gb18030") as out:
        out.write("水库名称,时间,水位(m),蓄水量(万立方米)\n")
        for number, level in enumerate(levels.tolist()):
            hour = number // 300
            day = f"2026-{hour // 24 % 12 + 1:02d}-{hour // 288 % 28 + 1:02d} {hour % 24:02d}:00"
            out.write(f"第{number % 300}水库,{day},{level:.2f},{level * 31.7:.2f}\n")
    return path


def _key() -> dict[str, str]:
    """Return the resource of reservoir levels and a key of its department's handler."""
    from gongshu.vocabulary.permissions import EVERYTHING
    from gongshu_server.accounts import actions, demonstration
    from gongshu_server.accounts.actors import acting
    from gongshu_server.catalogue.models import Resource
    from gongshu_server.journal import clock

    at = clock.now()
    resource = Resource.objects.select_related("provider").filter(title__contains="水库").first()
    if resource is None:
        raise RuntimeError("the story files no reservoir levels")
    sender = next(
        one
        for one in demonstration.roles(at=at)
        if one.organisation == resource.provider.name and "经办" in one.title
    )
    by = acting(person_id=sender.person, post_id=sender.post, at=at)
    issued = actions.issue_key(label="大文件", scopes=(EVERYTHING,), by=by, at=at)
    return {"resource": resource.pk, "key": issued.clear}


def main() -> None:
    """Print the sender of the node at the folder that is named."""
    os.environ["GONGSHU_HOME"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "gongshu_server.settings"
    import django

    django.setup()
    print(json.dumps(_key()))


if __name__ == "__main__":
    if "--key" in sys.argv:
        main()
    else:
        for figure_name, figure in measure().items():
            print(f"{figure_name:60} {figure:>12,.2f}")
