"""Below the doors time is an argument; the environment is read by the configuration alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from architecture import trees

NOW = {
    "clock.now",
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.localtime",
    "time.time",
    "time.time_ns",
    "timezone.localdate",
    "timezone.now",
}
# The doors, and what runs by itself.
KEEPS_TIME = {"portal", "api", "delivery", "commands", "demo", "jobs"}
# Doors that stand beside the contexts: what watches the node, and what times every request.
DOORS = {"gongshu_server/upkeep/doors.py", "gongshu_server/upkeep/requests.py"}
THE_CLOCK = "gongshu_server/journal/clock.py"
ENVIRONMENT = {"os.environ", "os.getenv", "os.putenv", "environ"}
# The one reader; the command line hands the folder down; a serving child gets its parent's.
READS_ENVIRONMENT = {"commands", "demo"}
THE_SETTINGS = {"gongshu_server/configuration.py", "gongshu_server/settings.py"}
# The server loads this module first: it names the settings, as a command does.
ENTRY = {"gongshu_server/delivery/asgi.py"}
# PostgreSQL's own programs get this process's environment, and the password in it.
HANDS_IT_ON = {"gongshu_server/upkeep/databases.py"}
# The locked child sets thread limits for itself before it loads anything.
SETS_ITS_OWN = {"gongshu/sandbox/locks.py"}


def clock_reads(module: trees.Module) -> Iterator[str]:
    """Yield every reading of a clock in a module that gets its time by argument."""
    if module.place in DOORS | {THE_CLOCK} or (
        module.place.startswith("gongshu_server/") and module.folder in KEEPS_TIME
    ):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = ".".join(trees.dotted(node.func).split(".")[-2:])
            if name in NOW:
                yield f"{module.place}:{node.lineno} reads {name}"


def environment_reads(module: trees.Module) -> Iterator[str]:
    """Yield every touch of the environment outside configuration, settings and commands."""
    node_folder = module.place.startswith("gongshu_server/") and module.folder
    if (
        module.place in THE_SETTINGS | ENTRY | HANDS_IT_ON | SETS_ITS_OWN
        or node_folder in READS_ENVIRONMENT
    ):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name) and trees.dotted(node) in ENVIRONMENT:
            yield f"{module.place}:{node.lineno} touches {trees.dotted(node)}"


def test_nothing_below_the_doors_reads_a_clock() -> None:
    """Contexts and library take `at`; nothing there asks what time it is."""
    found = [fault for module in trees.modules() for fault in clock_reads(module)]
    assert not found, "\n".join(found)


def test_only_the_configuration_reads_the_environment() -> None:
    """Neither library nor contexts know an environment variable."""
    found = [fault for module in trees.modules() for fault in environment_reads(module)]
    assert not found, "\n".join(found)


def test_planted_reads_are_found() -> None:
    """Each kind of reading is seen below the doors, and none of them in a door."""
    text = (
        "from datetime import UTC, datetime\n"
        "at = datetime.now(UTC)\n"
        "from gongshu_server.journal import clock\n"
        "at = clock.now()\n"
        "import datetime as dt\n"
        "at = dt.datetime.now(dt.UTC)\n"
        "import os\n"
        "home = os.environ['HOME']\n"
    )
    tree = ast.parse(text)
    below = trees.Module(trees.NODE / "market" / "planted.py", text, tree)
    assert [fault.split(" ", 1)[1] for fault in clock_reads(below)] == [
        "reads datetime.now",
        "reads clock.now",
        "reads datetime.now",
    ]
    assert len(list(environment_reads(below))) == 1
    door = trees.Module(trees.NODE / "commands" / "planted.py", text, tree)
    assert list(clock_reads(door)) == []
    assert list(environment_reads(door)) == []
