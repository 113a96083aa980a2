"""The application that the live tests give to a real server; the folder comes from outside."""

from __future__ import annotations

import os
from pathlib import Path

from gongshu_server.delivery import Tuning, application
from gongshu_server.delivery.sqlite_source import SqliteSource
from gongshu_server.delivery.web import Application


def make() -> Application:
    """Return the data plane over the folder that the test prepared."""
    folder = Path(os.environ["DELIVERY_TEST_FOLDER"])
    return application(
        folder,
        secret=bytes.fromhex(os.environ["DELIVERY_TEST_SECRET"]),
        source=SqliteSource(folder / "entitlements.sqlite"),
        tuning=Tuning(most_records=50, most_seconds=0.5),
    )
