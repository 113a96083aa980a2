"""Runs a command of the node and kills it before its n-th call to the disk; 0 lets it live.

    python cut.py NUMBER COMMAND …

A run that ends by itself writes how many calls it made, as the last line on stderr.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

made = 0


def counted(call: Callable[..., Any], number: int) -> Callable[..., Any]:
    """Return the call, which is the end of the process when it is the n-th."""

    def cut(*arguments: Any, **more: Any) -> Any:
        global made
        made += 1
        if made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    return cut


def main() -> None:
    """Run the command."""
    number = int(sys.argv[1])
    from gongshu_server.commands.main import main as command

    # What a backup and a restoring change the disk with.
    places = ((os, "fsync"), (os, "link"), (shutil, "copyfile"), (Path, "rename"), (Path, "mkdir"))
    for owner, name in places:
        setattr(owner, name, counted(getattr(owner, name), number))
    sys.argv = ["gongshu", *sys.argv[2:]]
    try:
        command()
    finally:
        sys.stderr.write(f"\n{made}\n")


if __name__ == "__main__":
    main()
