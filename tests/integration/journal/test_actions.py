"""The one door for writes: one transaction, one denial, effects inside and hooks after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from gongshu.vocabulary.errors import Conflict, Invalid, Unavailable
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import FormerName, Organisation
from gongshu_server.journal import actions
from gongshu_server.journal.actions import action, after_commit, journal
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.recording import Event, Recorded
from integration.city import City, details, events, refused

RENAMED = "organisation.renamed"
seen: list[str] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    seen.clear()
    yield
    seen.clear()


@action
def touch(
    *, organisation_id: str, name: str, fails: bool = False, by: Actor, at: datetime
) -> Organisation:
    """Rename an organisation, journal it, and fail afterwards if asked to."""
    row = Organisation.objects.get(pk=organisation_id)
    row.name = name
    row.save(update_fields=["name"])
    journal(Event(RENAMED, ("organisation", row.pk), "", {"to": name}), by=by, at=at)
    after_commit(lambda: seen.append(name))
    if fails:
        raise Invalid("名称不合规范。", code="bad_name", clause="809-13", details=("name",))
    return row


@action
def touch_twice(*, organisation_id: str, by: Actor, at: datetime) -> None:
    """Call another action inside an action; the second call fails."""
    touch(organisation_id=organisation_id, name="甲", by=by, at=at)
    touch(organisation_id=organisation_id, name="乙", fails=True, by=by, at=at)


@action
def found_double(*, organisation_id: str, by: Actor, at: datetime) -> None:
    """Break a uniqueness constraint, as the slower of two would."""
    Organisation.objects.create(id=organisation_id, name="x", short_name="x", control_group="x")


@action
def leave_out(*, organisation_id: str, by: Actor, at: datetime) -> None:
    """Break a constraint that has nothing to do with who was first."""
    FormerName.objects.create(organisation_id=organisation_id, name=None, until=at)


def test_a_change_and_its_entry_are_one(city: City) -> None:
    city.do(touch, "bureau", organisation_id=city.org("sector"), name="工业局")
    assert Organisation.objects.get(pk=city.org("sector")).name == "工业局"
    (entry,) = events(RENAMED)
    assert entry.outcome == "done"
    assert entry.actor == city.actor("bureau").text_id
    assert entry.organisation == city.org("bureau")
    assert details(entry) == {"to": "工业局"}
    assert seen == ["工业局"]


def test_a_refusal_rolls_back_and_is_recorded(city: City) -> None:
    before = Organisation.objects.get(pk=city.org("sector")).name
    arguments = {"organisation_id": city.org("sector"), "name": "x", "fails": True}
    error = refused(city, touch, "bureau", "bad_name", **arguments)
    assert error.clause == "809-13"
    assert Organisation.objects.get(pk=city.org("sector")).name == before
    assert events(RENAMED) == []
    (denial,) = events("denied")
    assert (denial.subject_kind, denial.subject_id) == ("organisation", city.org("sector"))
    assert details(denial)["reasons"] == ["name"]
    # What had to follow the commit did not follow a rollback.
    assert seen == []


def test_only_the_outermost_action_records_the_denial(city: City) -> None:
    refused(city, touch_twice, "bureau", "bad_name", organisation_id=city.org("sector"))
    assert len(events("denied")) == 1
    assert details(events("denied")[0])["action"].endswith(".touch_twice")
    assert events(RENAMED) == []


def test_arguments_have_names(city: City) -> None:
    with pytest.raises(TypeError):
        touch(city.org("sector"))  # type: ignore[misc, call-arg] # that is the point
    assert Entry.objects.filter(event="denied").count() == 0


def test_a_denial_that_cannot_be_stored_is_unavailable(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No silent refusal: the caller learns that nothing was done and to come back."""
    real = actions.record

    def failing(event: Event, **rest: Any) -> Recorded:
        if event.name == "denied":
            raise DatabaseError("disk full")
        return real(event, **rest)

    monkeypatch.setattr(actions, "record", failing)
    with pytest.raises(Unavailable) as caught:
        city.do(touch, "bureau", organisation_id=city.org("sector"), name="x", fails=True)
    assert caught.value.code == "denial_not_recorded"
    assert isinstance(caught.value.__cause__, DatabaseError)
    assert events("denied", RENAMED) == []


def test_an_action_before_the_last_entry_changes_nothing(city: City) -> None:
    """Journal time never runs backwards; not even the denial can be recorded then."""
    city.do(accounts.rename, "bureau/system_admin", organisation_id=city.org("sector"), name="甲")
    by, at = city.actor("bureau"), city.at - timedelta(minutes=5)
    with pytest.raises(Unavailable) as caught:
        accounts.rename(organisation_id=city.org("sector"), name="乙", by=by, at=at)
    assert caught.value.code == "denial_not_recorded"
    assert Organisation.objects.get(pk=city.org("sector")).name == "甲"
    assert Head.objects.get(pk=1).last_at == city.at


def test_whoever_was_second_meets_a_conflict(city: City) -> None:
    """A uniqueness constraint ends as one plain sentence, recorded like any refusal."""
    error = refused(
        city, found_double, "bureau", "simultaneous", organisation_id=city.org("sector")
    )
    assert isinstance(error, Conflict)


def test_another_broken_constraint_is_a_defect_and_stays_one(city: City) -> None:
    with pytest.raises(IntegrityError):
        city.do(leave_out, "bureau", organisation_id=city.org("sector"))
    assert events("denied") == []


class Sqlstate(Exception):
    """What the driver says beneath Django's error."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@action
def stumble(*, organisation_id: str, states: list[str], by: Actor, at: datetime) -> str:
    """Journal, and be stopped by the database as often as `states` says."""
    touch(organisation_id=organisation_id, name=f"还有{len(states)}次", by=by, at=at)
    if states:
        raise OperationalError("stopped") from Sqlstate(states.pop())
    return "done"


@pytest.mark.django_db(transaction=True)
def test_whoever_lost_a_deadlock_is_done_again(city: City) -> None:
    """It left nothing behind, and what follows the commit follows once."""
    arguments = {"organisation_id": city.org("sector"), "states": ["40P01", "40001", "40P01"]}
    assert city.do(stumble, "bureau", **arguments) == "done"
    assert [details(e)["to"] for e in events(RENAMED)] == ["还有0次"]
    assert seen == ["还有0次"]
    assert events("denied") == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("states", [["53100"], ["40P01"] * 4])
def test_a_database_that_stays_in_the_way_is_unavailable(city: City, states: list[str]) -> None:
    with pytest.raises(Unavailable) as caught:
        city.do(stumble, "bureau", organisation_id=city.org("sector"), states=list(states))
    assert caught.value.code == "database_unavailable"
    assert events(RENAMED) == []
    assert seen == []


def rename_the_operator(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """Follow one rename with another, once."""
    if recorded.event.details["to"] != "随后":
        organisation = Organisation.objects.exclude(pk=recorded.event.subject[1]).first()
        assert organisation is not None
        touch(organisation_id=organisation.pk, name="随后", by=by, at=at)
    else:
        seen.append("the effect of the effect")


def refuse_to_follow(*, recorded: Recorded, by: Actor, at: datetime) -> None:
    """Refuse what the event brings about."""
    raise Conflict("上级许可已收回，请重新申请。", code="cannot_follow")


FOLLOWING = MappingProxyType({RENAMED: (rename_the_operator,)})
REFUSING = MappingProxyType({RENAMED: (refuse_to_follow,)})


def test_effects_follow_in_the_same_transaction(city: City, settings: Any) -> None:
    settings.GONGSHU_EFFECTS = f"{__name__}.FOLLOWING"
    city.do(touch, "bureau", organisation_id=city.org("sector"), name="工业局")
    assert [details(e)["to"] for e in events(RENAMED)] == ["工业局", "随后"]
    assert seen == ["the effect of the effect", "工业局", "随后"]


def test_an_effect_that_is_refused_takes_the_action_along(city: City, settings: Any) -> None:
    settings.GONGSHU_EFFECTS = f"{__name__}.REFUSING"
    refused(
        city, touch, "bureau", "cannot_follow", organisation_id=city.org("sector"), name="工业局"
    )
    assert events(RENAMED) == []


@pytest.mark.django_db
def test_outside_an_action_nothing_is_journalled(city: City) -> None:
    event = Event(RENAMED, ("organisation", "x"))
    with pytest.raises(RuntimeError):
        journal(event, by=city.actor("bureau"), at=city.at)
    with pytest.raises(RuntimeError):
        after_commit(seen.clear)
    assert seen == []
