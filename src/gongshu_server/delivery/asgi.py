"""The node's ASGI application: the data plane in front, Django behind it.

The server imports `application`; nothing is opened before it starts to serve.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import cast

import django
from django.conf import settings
from django.core.asgi import get_asgi_application

from gongshu_server.delivery.application import application as data_plane
from gongshu_server.delivery.bodies import bounded
from gongshu_server.delivery.web import Application
from gongshu_server.log_lines import report_discreetly
from gongshu_server.secrets_folder import secret

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gongshu_server.settings")
# The loader reads a few rows from the event loop's thread when a grant was revoked: the next
# answer must wait for it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
django.setup()
report_discreetly()

from gongshu_server.accounts import refusals  # noqa: E402 - needs the setup
from gongshu_server.delivery.database_source import DatabaseSource  # noqa: E402 - needs the setup


def _count_strangers(times: int, at: datetime) -> None:
    refusals.count(None, "no_key_for_product", at=at, times=times)


application = data_plane(
    Path(settings.HOME),
    secret=secret(Path(settings.HOME), "node.secret"),
    source=DatabaseSource(),
    otherwise=bounded(cast(Application, get_asgi_application())),
    refused=_count_strangers,
)
