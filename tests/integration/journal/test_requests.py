"""A request is done once under its key: repeats, other content, crashes, and what is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from gongshu.vocabulary.errors import Conflict, Invalid
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.journal import requests
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.models import Entry, Request
from gongshu_server.journal.recording import Event
from gongshu_server.journal.requests import Once, new_key, once
from integration.city import City, events

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "a-key-of-the-caller"


@action
def rename(*, organisation_id: str, name: str, by: Actor, at: datetime) -> Organisation:
    """Rename an organisation and say so; refuse the name 不."""
    Organisation.objects.filter(pk=organisation_id).update(name=name)
    journal(Event("organisation.renamed", ("organisation", organisation_id)), by=by, at=at)
    if name == "不":
        raise Conflict("现在不能改名。", code="not_now")
    return Organisation.objects.get(pk=organisation_id)


def ask(city: City, name: str, *, key: str = KEY, who: str = "water") -> Once:
    arguments = {"organisation_id": city.org("water"), "name": name}
    by, at = city.who(who), city.later()
    with once(
        key, action="x.rename", arguments=arguments, by=by, answer=lambda row: {"name": row.name}
    ) as request:
        rename(**arguments, by=by, at=at)
    return request


def renamed() -> int:
    return len(events("organisation.renamed"))


def test_a_repeat_is_answered_and_not_done(city: City) -> None:
    first, again = ask(city, "甲"), ask(city, "甲")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.answer == again.answer == {"name": "甲"}
    assert (renamed(), Request.objects.count()) == (1, 1)


def test_the_rest_of_the_body_is_left_out_by_a_repeat(city: City) -> None:
    ask(city, "甲")
    by, reached = city.actor("water"), []
    arguments = {"organisation_id": city.org("water"), "name": "甲"}
    with once(KEY, action="x.rename", arguments=arguments, by=by):
        rename(**arguments, by=by, at=city.later())
        reached.append("after")
    assert not reached


def test_another_content_is_refused_and_the_refusal_recorded(city: City) -> None:
    ask(city, "甲")
    with pytest.raises(Invalid, match="请求标识已用于") as caught:
        ask(city, "乙")
    assert caught.value.code == "key_reused"
    assert (renamed(), len(events("denied"))) == (1, 1)


def test_the_same_key_of_another_person_is_another_request(city: City) -> None:
    ask(city, "甲")
    assert not ask(city, "甲", who="water/head").replayed
    assert renamed() == 2


def test_without_a_key_every_request_is_done(city: City) -> None:
    assert [ask(city, "甲", key="").replayed for _ in range(2)] == [False, False]
    assert (renamed(), Request.objects.count()) == (2, 0)
    assert ask(city, "乙", key="").answer == {"name": "乙"}


def test_a_refusal_is_not_remembered(city: City) -> None:
    """Nothing was done: the same request may be in order later, and its key is still free."""
    for _ in range(2):
        with pytest.raises(Conflict, match="现在不能改名"):
            ask(city, "不")
    assert (renamed(), Request.objects.count()) == (0, 0)
    assert not ask(city, "甲").replayed


def test_done_and_remembered_together_or_neither(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks while the answer is being kept undoes the action, too."""

    def torn(self: Once, result: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Once, "after", torn)
    with pytest.raises(KeyboardInterrupt):
        ask(city, "甲")
    assert (renamed(), Request.objects.count()) == (0, 0)
    assert Organisation.objects.get(pk=city.org("water")).name != "甲"


def test_one_request_is_one_action(city: City) -> None:
    by = city.actor("water")
    arguments = {"organisation_id": city.org("water"), "name": "甲"}
    with (
        pytest.raises(RuntimeError, match="one request, one action"),
        once(KEY, action="x.rename", arguments=arguments, by=by),
    ):
        rename(**arguments, by=by, at=city.later())
        rename(**arguments, by=by, at=city.later())


@pytest.mark.parametrize("key", ["有中文", "with space", "x" * 201, "tab\t", "\x7f"])
def test_a_malformed_key_is_refused(city: City, key: str) -> None:
    with pytest.raises(Invalid) as caught:
        ask(city, "甲", key=key)
    assert (caught.value.code, renamed()) == ("key_malformed", 0)


def test_keys_of_our_own_making_are_sound_and_differ() -> None:
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(20 <= len(key) <= 200 and key.isascii() for key in made)


def test_no_argument_is_kept(city: City) -> None:
    """Only a digest under the node's secret: what was said cannot be found by trying."""
    ask(city, "秘密名称")
    row = Request.objects.get()
    assert "秘密名称" not in row.digest
    assert len(row.digest) == 64


def test_requests_are_forgotten_after_their_days(city: City) -> None:
    ask(city, "甲")
    old = city.at
    ask(city, "乙", key="another")
    Request.objects.filter(key="another").update(at=old + timedelta(days=3))
    with override_settings(GONGSHU_REQUEST_DAYS=7):
        assert requests.forget(at=old + timedelta(days=6)) == 0
        assert requests.forget(at=old + timedelta(days=8)) == 1
    assert [row.key for row in Request.objects.all()] == ["another"]
    assert not ask(city, "甲").replayed


def test_many_are_forgotten_in_batches(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_BATCH", 2)
    for number in range(5):
        ask(city, "甲", key=f"key-{number}")
    assert requests.forget(at=city.at + timedelta(days=30)) == 5


def test_an_action_inside_belongs_to_the_one_outside(city: City) -> None:
    """`found` and what follows it are one request; the journal has each entry once."""
    by = city.who("node")
    arguments = {"name": "新机构", "short_name": "新", "roles": ["provider"]}
    for _ in range(2):
        with once(KEY, action="accounts.found", arguments=arguments, by=by):
            accounts.found(**arguments, by=by, at=city.later())
    assert Entry.objects.filter(event="organisation.founded", body__contains="新机构").count() == 1
