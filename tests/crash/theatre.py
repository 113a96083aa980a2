"""Plays the story in processes that get killed; `conftest.py` starts this file as a script.

It reads one JSON command a line and answers each with one JSON line. The process itself opens no
database and starts no thread, so that every fork of it is a fresh process of the node: one plays a
scene and is killed with all it has started, the next one opens what was left (`examination.py`).

A rehearsal plays the whole story once and keeps the node's folder as it is before each scene, so
that a kill in a late scene does not have to play the earlier ones again.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

SEED = 20240921
SCALE = 0.01  # "a story over a 1 % city"


class Theatre:
    """The node's folder, the copies of it, and what is played in it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.copies = folder / "home", folder / "copies"
        self.home.mkdir(parents=True)
        os.environ["GONGSHU_HOME"] = str(self.home)
        os.environ["DJANGO_SETTINGS_MODULE"] = "gongshu_server.settings"
        sys.path.insert(0, str(Path(__file__).parents[1]))
        import django

        django.setup()
        from gongshu_server.demo import run
        from gongshu_server.demo.house import MARK
        from gongshu_server.demo.scenes.all import scenes

        (self.home / MARK).touch()
        self.run, self.scenes = run, scenes()
        self.end = len(self.scenes) + 2

    def rehearse(self, report: Callable[[Any], None]) -> None:
        """Play everything once; report how often each scene commits."""
        stage = None
        for number in range(self.end):
            self._keep(number, stage)
            counter = Commits()
            stage, outcome = self.play(number, stage)
            said = {"scene": self.name(number), "commits": counter.stop(), **outcome}
            report(said)
        self._keep(self.end, stage)

    def killed(
        self, report: Callable[[Any], None], *, scene: int, commit: int, delay: float
    ) -> None:
        """Play one scene and be killed `delay` seconds after its n-th commit, at its end if none.

        What has been acknowledged by then is reported: entries whose transaction has committed,
        uses whose receipt has come back over HTTP.
        """
        stage = pickle.loads(self._stage(scene).read_bytes()) if scene else None
        acknowledge(report)
        Commits(at=commit, delay=delay)
        if stage is not None:
            from gongshu_server.journal import clock

            clock.move_to(stage.time.at)
        self.play(scene, stage)
        die()

    def examined(
        self, report: Callable[[Any], None], *, entries: list[str], uses: list[str]
    ) -> None:
        """Open the folder as the next process of the node does, and report what is wrong."""
        from crash import examination

        for fault in examination.faults(self.home, entries=entries, uses=uses):
            report(fault)

    def ended(self, report: Callable[[Any], None]) -> None:
        """Report what callers need to know of the node at the end of the story."""
        stage = pickle.loads(self._stage(self.end).read_bytes())
        subjects = {name: one.id for name, one in stage.facts["subjects"].items()}
        report({"ids": stage.ids, "keys": stage.keys, "subjects": subjects})

    def on_a_full_disk(self, report: Callable[[Any], None], *, what: str, most: int) -> None:
        """Do one thing while no file may grow beyond `most` bytes; report how it was refused."""
        from crash import full_disk

        stage = pickle.loads(self._stage(self.end).read_bytes())
        report(full_disk.attempt(what, stage, most=most))

    def killed_receiving(self, report: Callable[[Any], None]) -> None:
        """Send a file over the API and be killed between its record and the queue."""
        from crash import receiving

        receiving.send(pickle.loads(self._stage(self.end).read_bytes()), report, killed=die)

    def picked_up(self, report: Callable[[Any], None], *, file: str) -> None:
        """Do what the worker does by itself, twice; report what became of the file."""
        from crash import receiving

        report(receiving.pick_up(file))

    def answer(self, what: str, options: dict[str, Any]) -> dict[str, Any]:
        """Do what was asked for, in a process of its own."""
        if what == "rehearse":
            return forked(self.rehearse)
        if what == "kill":
            self.restore(options["scene"])
            return forked(self.killed, **options)
        if what == "end":
            self.restore(self.end)
            return forked(self.ended)
        if what == "receive":
            return forked(self.killed_receiving)
        if what == "pick up":
            return forked(self.picked_up, **options)
        if what == "full":
            return forked(self.on_a_full_disk, **options)
        return forked(self.examined, **options)

    def name(self, number: int) -> str:
        """Return what is played under a number."""
        if 0 < number <= len(self.scenes):
            return self.scenes[number - 1].name
        return "收场" if number else "开场"

    def play(self, number: int, stage: Any) -> tuple[Any, dict[str, Any]]:
        """Play the opening (0), a scene, or the end; return the stage and how it went."""
        from gongshu_server.demo import keys
        from gongshu_server.demo.stage import perform
        from gongshu_server.journal import clock, sealing

        ok, said = True, ""
        if number == 0:
            stage = self.run.set_up(data=None, as_of="", scale=SCALE, seed=SEED)
        elif number <= len(self.scenes):
            outcome = perform(self.scenes[number - 1], stage)
            ok, said = outcome.ok, outcome.outcome
        else:
            keys.hand_out(stage)
        clock.move_to(stage.time.not_before(clock.last_entry()))
        sealing.seal_all(at=clock.now())
        return stage, {"ok": ok, "outcome": said}

    def restore(self, number: int) -> None:
        """Put the folder back to what it was before a scene."""
        shutil.rmtree(self.home)
        shutil.copytree(self.copies / str(number) / "home", self.home)

    def _stage(self, number: int) -> Path:
        return self.copies / str(number) / "stage.pickle"

    def _keep(self, number: int, stage: Any) -> None:
        from django.db import connections

        connections.close_all()  # Or the copy would lack what stands in the log of SQLite alone.
        shutil.copytree(self.home, self.copies / str(number) / "home")
        self._stage(number).write_bytes(pickle.dumps(stage))


class Commits:
    """Counts the transactions that this process commits, from where it is made until `stop`."""

    def __init__(self, *, at: int = 0, delay: float = 0.0) -> None:
        from django.db.backends.base.base import BaseDatabaseWrapper

        self.count, self._at, self._delay = 0, at, delay
        self._owner, self._original = BaseDatabaseWrapper, BaseDatabaseWrapper.set_autocommit

        def counted(connection: Any, autocommit: bool, **more: Any) -> None:
            committed = autocommit and connection.run_commit_hooks_on_set_autocommit_on
            self._original(connection, autocommit, **more)
            if committed:
                self._committed()

        BaseDatabaseWrapper.set_autocommit = counted

    def stop(self) -> int:
        """Stop counting and return the count."""
        self._owner.set_autocommit = self._original
        return self.count

    def _committed(self) -> None:
        self.count += 1
        if self.count == self._at:
            if self._delay == 0:
                die()
            threading.Thread(target=_die_later, args=(self._delay,), daemon=True).start()


def _die_later(delay: float) -> NoReturn:
    time.sleep(delay)
    die()


def die() -> NoReturn:
    """Kill this process and all servers that it has started, at once and without a word."""
    os.killpg(os.getpgrp(), signal.SIGKILL)
    signal.pause()
    raise AssertionError("still alive")


def acknowledge(report: Callable[[Any], None]) -> None:
    """Report each entry when its transaction has committed, each use when its receipt is back."""
    from django.db import transaction
    from django.db.models.signals import post_save

    from gongshu_server.demo.node import Reply, ServingNode
    from gongshu_server.journal.models import Entry

    def written(*, instance: Any, created: bool, **_: Any) -> None:
        if created:
            transaction.on_commit(partial(report, ["entry", instance.pk]))

    post_save.connect(written, sender=Entry, weak=False)
    call = ServingNode.call

    def called(node: ServingNode, *arguments: Any, **more: Any) -> Reply:
        reply = call(node, *arguments, **more)
        in_body = reply.body.get("receipt") if isinstance(reply.body, dict) else None
        if receipt := reply.headers.get("gongshu-receipt") or in_body:
            report(["use", receipt])
        return reply

    ServingNode.call = called


def forked(work: Callable[..., None], **arguments: Any) -> dict[str, Any]:
    """Do the work in a child of its own group; return what it reported and how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setpgid(0, 0)
        _in_child(writing, work, arguments)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        # A server may hold the pipe a moment longer than the child; a torn last line is nothing.
        whole = [line for line in lines if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    return {"reported": [json.loads(line) for line in whole], "status": status}


def _in_child(writing: int, work: Callable[..., None], arguments: dict[str, Any]) -> NoReturn:
    def report(value: Any) -> None:
        os.write(writing, json.dumps(value, ensure_ascii=False).encode() + b"\n")

    try:
        work(report, **arguments)
    except BaseException:  # noqa: BLE001 - the child must end here, whatever it is
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(folder: Path) -> None:
    """Answer commands until there are none."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Whatever the node prints belongs to the log.
    theatre = Theatre(folder)
    for line in sys.stdin:
        command = json.loads(line)
        what = command.pop("do")
        answer = theatre.answer(what, command)
        answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
