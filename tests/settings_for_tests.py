"""The node's settings over a temporary home that is gone after the run."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_home = tempfile.mkdtemp(prefix="gongshu-test-")
os.environ["GONGSHU_HOME"] = _home
atexit.register(shutil.rmtree, _home, ignore_errors=True)

# PostgreSQL is chosen by the environment; its test database gets a name of its own.
os.environ["GONGSHU_DATABASE"] = os.environ.get("GONGSHU_TEST_DATABASE", "")

from gongshu_server.settings import *  # noqa: E402, F403 - the environment comes first.
from gongshu_server.settings import DATABASES  # noqa: E402 - see above.

if os.environ["GONGSHU_DATABASE"]:
    DATABASES["default"]["ENGINE"] = "races.emptying"
else:
    # A file, not memory: tests race two connections.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_home) / "test.sqlite3")}
    # What a test leaves need not outlive a power cut; tests of that start nodes of their own.
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
