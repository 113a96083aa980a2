"""The cast of the demo city, recorded once by its own actions and copied into each test."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import models, transaction

from gongshu.ledger.notes import Signer
from integration.city import START, City


@pytest.fixture(scope="session")
def recorded_cast(django_db_setup: None, django_db_blocker: Any) -> tuple[City, list[models.Model]]:
    """Return the cast and every row that recording it has made; the rows are rolled back here."""
    from django.apps import apps

    from gongshu_server.demo import cast
    from gongshu_server.journal.models import Head

    wanted = [m for m in apps.get_models() if m._meta.app_label in {"journal", "accounts"}]
    with django_db_blocker.unblock(), transaction.atomic():
        Head.objects.create(pk=1)
        city = City(cast.record(START))
        rows = [row for model in wanted for row in model._default_manager.all()]
        transaction.set_rollback(True)
    return city, rows


def put_back(city: City, rows: list[models.Model]) -> City:
    """Write the rows of the cast into the present database and return a city of its own."""
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        fresh = copy(row)
        if isinstance(fresh._meta.pk, models.AutoField):
            # The database numbers them: an explicit number would leave its sequence behind.
            fresh.pk = None
        by_model.setdefault(type(row), []).append(fresh)
    for model, fresh_rows in by_model.items():
        model._default_manager.bulk_create(fresh_rows)
    cast = replace(
        city.cast, organisations=dict(city.cast.organisations), people=dict(city.cast.people)
    )
    return City(cast)


@pytest.fixture
def city(recorded_cast: tuple[City, list[models.Model]], db: None) -> City:
    """Return the city a moment after its founding, on a node that is not a demo."""
    return put_back(*recorded_cast)


@pytest.fixture
def demo_city(city: City) -> City:
    """Return the same city on a demo node."""
    from gongshu_server.journal.models import Head

    Head.objects.update(demo=True)
    return city


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """Return a fresh node's folder with nothing but the ledger key and the secret of the rows."""
    from gongshu_server.journal import sealing
    from gongshu_server.secrets_folder import make_once, secret

    of_the_rows = secret(Path(settings.HOME), "node.secret")
    settings.HOME = tmp_path
    make_once(tmp_path / "keys" / "node.secret", of_the_rows)
    signer = Signer.generate(settings.LEDGER_ORIGIN).secret
    (tmp_path / "keys" / sealing.KEY_FILE).write_text(signer + "\n", encoding="ascii")
    return tmp_path
