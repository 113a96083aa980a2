"""The epoch in shared memory is advanced after the commit and before the answer returns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from gongshu_server.usage import actions, changes, queries
from gongshu_server.usage.epoch import Epoch
from gongshu_server.usage.models import Change
from integration.city import City, refused
from integration.usage.conftest import Granting


@pytest.fixture
def epoch() -> Iterator[Epoch]:
    """Return the host's epoch as a serving process sees it: mapped once, then only read."""
    with Epoch(Path(settings.HOME)) as shared:
        yield shared


def test_it_has_advanced_when_the_answer_returns(
    city: City, granting: Granting, epoch: Epoch
) -> None:
    before = epoch.value()
    row = granting.issue(granting.ceiling())
    issued = epoch.value()
    assert issued > before
    city.do(actions.revoke, "bureau", grant_id=row.pk, reason="违约")
    assert epoch.value() > issued


def test_a_refusal_leaves_it_alone(city: City, granting: Granting, epoch: Epoch) -> None:
    before = epoch.value(), Change.objects.count()
    refused(
        city,
        actions.issue,
        "bureau/head",
        "no_grant_without_case",
        grant=granting.ceiling(case="nothing"),
        giver=city.org("bureau"),
    )
    assert (epoch.value(), Change.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_whoever_sees_the_new_epoch_sees_the_revocation(
    city: City, granting: Granting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that looks at that very moment, over its own connection, finds it committed."""
    row = granting.issue(granting.ceiling())
    seen: list[Any] = []
    real = changes.tell_hosts

    def look() -> None:
        try:
            seen.append(queries.live_grant(row.pk, at=city.at).revoked_at)
        finally:
            connections.close_all()

    def advance_and_look() -> None:
        real()
        host = threading.Thread(target=look)
        host.start()
        host.join(10)

    monkeypatch.setattr(changes, "tell_hosts", advance_and_look)
    city.do(actions.revoke, "bureau", grant_id=row.pk, reason="违约")
    assert seen == [city.at]
