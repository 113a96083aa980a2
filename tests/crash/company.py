"""The company: the process of `theatre.py`, told what to play, whom to kill and what to examine."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LONGEST_DELAY = 0.2


@dataclass(slots=True)
class Kill:
    """One kill: in which scene, at which of its commits, how long after, and what was left."""

    scene: int
    commit: int
    delay: float
    died: bool = False
    faults: list[str] = field(default_factory=list)


class Company:
    """The process of `theatre.py`, and what the rehearsal has told."""

    def __init__(self, folder: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
        self.home, self._log = folder / "home", folder.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "theatre.py"), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=kept,
                text=True,
                encoding="utf-8",
            )
        rehearsed = self._ask(do="rehearse")
        assert rehearsed["status"] == 0, self.log()
        self.scenes = rehearsed["reported"]

    def kill(self, scene: int, commit: int, *, delay: float = 0.0) -> Kill:
        """Kill the node there, then let its next process look at what was left."""
        played = self._ask(do="kill", scene=scene, commit=commit, delay=delay)
        said: dict[str, list[str]] = {"entry": [], "use": []}
        for kind, name in played["reported"]:
            said[kind].append(name)
        faults = self.examine(entries=said["entry"], uses=said["use"])
        died = os.WIFSIGNALED(played["status"])
        return Kill(scene, commit, delay, died=died, faults=faults)

    def after_the_story(self) -> dict[str, Any]:
        """Put the node back to the end of the story; return ids, keys and subjects by name."""
        told = self._ask(do="end")["reported"]
        facts: dict[str, Any] = told[0]
        return facts

    def examine(self, *, entries: Sequence[str] = (), uses: Sequence[str] = ()) -> list[str]:
        """Let the node's next process look at what there is; return what is wrong."""
        seen = self._ask(do="examine", entries=list(entries), uses=list(uses))
        assert seen["status"] == 0, self.log()
        faults: list[str] = seen["reported"]
        return faults

    def uses(self) -> list[str]:
        """Return the receipts of all uses in closed segments."""
        found = []
        for path in sorted((self.home / "uses").glob("*.closed")):
            lines = path.read_text(encoding="utf-8").splitlines()[1:-1]
            found += [json.loads(line)["body"]["receipt"] for line in lines]
        return found

    def full(self, what: str, **options: Any) -> dict[str, Any]:
        """Do one thing at the end of the story on a disk that is full; return how it went."""
        return self._ask(do="full", what=what, **options)

    def killed_receiving(self) -> str:
        """Kill the node when a file's record has committed; return the file's id."""
        told = self._ask(do="receive")
        assert os.WIFSIGNALED(told["status"]), self.log()
        file: str = told["reported"][0]
        return file

    def picked_up(self, file: str) -> dict[str, Any]:
        """Let the worker run its periodic work and its tasks twice; return what it made."""
        told = self._ask(do="pick up", file=file)
        assert told["status"] == 0, self.log()
        made: dict[str, Any] = told["reported"][0]
        return made

    def places(self) -> list[tuple[int, int]]:
        """Return every (scene, commit) of the story."""
        numbered = enumerate(self.scenes)
        return [(n, k + 1) for n, scene in numbered for k in range(scene["commits"])]

    def seeded(self, seed: int) -> tuple[int, int, float]:
        """Return a place and a delay that follow from the seed.

        Every second kill comes right after the write, the others some time later, wherever it hits.
        """
        dice = random.Random(seed)
        scene, commit = dice.choice(self.places())
        return scene, commit, dice.uniform(0, LONGEST_DELAY) if seed % 2 else 0.0

    def log(self) -> str:
        """Return the end of what the theatre has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def close(self) -> None:
        """Let the theatre end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.log()
        answer: dict[str, Any] = json.loads(line)
        return answer
