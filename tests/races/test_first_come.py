"""The same thing twice at once: one is done, one is refused and recorded, nothing is double."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gongshu.procedures.registration import MATERIALS
from gongshu.vocabulary.errors import Conflict, InvalidTransition
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.models import Organisation
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.models import Entry, Head
from gongshu_server.journal.requests import Once, once
from gongshu_server.market import actions as market
from gongshu_server.market.models import Bill, Product
from gongshu_server.market.products import Offer
from gongshu_server.oversight import actions as oversight
from gongshu_server.oversight.actions import Complaint
from gongshu_server.oversight.models import Suspension
from gongshu_server.registration import actions as registration
from gongshu_server.registration.models import Registration
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop.models import ReleaseSource
from integration.city import (
    USCC,
    City,
    application,
    entry,
    events,
    listed,
    papers,
    publicised,
    published,
    released,
)
from integration.market.test_orders import accepted, placed
from races.racing import Gate, at_once, split

pytestmark = pytest.mark.django_db(transaction=True)


def twice(city: City, action: Any, who: str, **arguments: Any) -> tuple[list[Any], list[Any]]:
    """Perform the same action twice at once; return what was done and what was refused."""
    at = city.later()
    call = partial(action, **arguments, by=city.who(who), at=at)
    done, refused = split(at_once(call, call))
    denials = [e for e in events("denied") if e.at == at]
    assert len(denials) == len(refused)
    return done, refused


def numbers_are_whole() -> None:
    """Check that the journal has no gap, whatever was rolled back."""
    numbers = list(Entry.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Head.objects.get(pk=1).sequence == len(numbers)


def test_one_code_for_one_registration(city: City) -> None:
    row = publicised(city)
    city.at += timedelta(days=25)
    done, refused = twice(city, registration.assign_code, "registry", registration_id=row.pk)
    assert [type(error) for error in refused] == [InvalidTransition]
    assert Registration.objects.get(pk=row.pk).code == done[0].code
    assert len(events("registration.code_assigned")) == 1
    numbers_are_whole()


def test_one_code_is_never_given_twice(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two registrations draw the same number: the second gets a Conflict, not the code."""
    rows = [publicised(city), publicised(city)]
    city.at += timedelta(days=25)
    monkeypatch.setattr(registration.secrets, "token_hex", lambda n: "ab" * n)
    by, at = city.actor("registry"), city.later()
    calls = [
        partial(registration.assign_code, registration_id=row.pk, by=by, at=at) for row in rows
    ]
    done, refused = split(at_once(*calls))
    assert (len(done), [error.code for error in refused]) == (1, ["simultaneous"])
    assert Registration.objects.exclude(code="").count() == 1


def test_one_registration_of_one_resource(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find the resource free; the database lets one of them have it."""
    resource = published(city)
    gate = Gate()
    monkeypatch.setattr(registration, "ulid", gate.holding(registration.ulid))
    arguments = {
        "application": application(city, resource),
        "papers": papers("business_review", *MATERIALS),
    }
    by, at = city.actor("bureau"), city.later()
    call = partial(registration.submit, **arguments, by=by, at=at)
    done, refused = split(at_once(call, gate.meanwhile(call)))
    assert len(done) == 1
    assert [type(error) for error in refused] == [Conflict]
    assert refused[0].code in {"already_registered", "simultaneous"}
    assert Registration.objects.filter(subject_id=resource.pk, open=True).count() == 1


def test_one_order_one_grant(city: City) -> None:
    order = placed(city, listed(city))
    done, refused = twice(city, market.accept_order, "operator", order_id=order.pk)
    assert (len(done), [type(error) for error in refused]) == (1, [InvalidTransition])
    assert GrantRow.objects.filter(case=order.case).count() == 1
    assert len(events("order.accepted")) == 1
    numbers_are_whole()


def test_accepted_or_refused_never_both(city: City) -> None:
    order = placed(city, listed(city))
    by, at = city.actor("operator"), city.later()
    answers = at_once(
        partial(market.accept_order, order_id=order.pk, by=by, at=at),
        partial(market.refuse_order, order_id=order.pk, reason="暂无容量", by=by, at=at),
    )
    assert len(split(answers)[1]) == 1
    granted = GrantRow.objects.filter(case=order.case).count()
    assert granted == len(events("order.accepted"))
    assert granted + len(events("order.refused")) == 1


def test_one_product_of_one_release(city: City) -> None:
    arguments = {
        "release_id": released(city).pk,
        "offer": Offer("核验", "verification", ("industry",)),
        "authority": city.org("bureau"),
    }
    done, refused = twice(city, market.file_product, "operator", **arguments)
    assert (len(done), [type(error) for error in refused]) == (1, [Conflict])
    assert Product.objects.count() == 1


def test_one_bill_of_one_day(city: City) -> None:
    order = accepted(city, listed(city))
    day = city.at.date()
    city.at += timedelta(days=2)
    period = {"order_id": order.pk, "first_day": day, "end_day": day + timedelta(days=1)}
    done, refused = twice(city, market.make_bill, "operator", **period)
    assert (len(done), [type(error) for error in refused]) == (1, [Conflict])
    assert Bill.objects.count() == 1


def test_one_name_in_sql(city: City) -> None:
    filed = {"entry": entry(city), "authority": city.org("bureau")}
    done, refused = twice(city, catalogue.file_resource, "emergency", **filed)
    assert (len(done), [type(error) for error in refused]) == (1, [Conflict])
    assert Resource.objects.count() == 1


def test_one_suspension_of_one_record(city: City) -> None:
    Organisation.objects.filter(pk=city.org("insurer")).update(uscc=USCC)
    product, resource = listed(city), published(city)
    ReleaseSource.objects.create(release_id=product.release, resource=resource, guarded=True)
    complaint = Complaint(product.pk, resource.pk, USCC, "有误")
    objections = []
    for _ in range(2):
        raised = city.do(
            oversight.raise_objection,
            "insurer",
            complaint=complaint,
            authority=city.org("bureau"),
        )
        city.do(oversight.accept_objection, "emergency", objection_id=raised.pk)
        objections.append(raised)
    by, at = city.actor("emergency"), city.later()
    calls = [
        partial(oversight.suspend_record, objection_id=one.pk, by=by, at=at) for one in objections
    ]
    done, refused = split(at_once(*calls))
    assert (len(done), [error.code for error in refused]) == (1, ["simultaneous"])
    assert Suspension.objects.filter(until=None).count() == 1


def test_numbers_of_cases_and_entries_are_given_once(city: City) -> None:
    """Six at once: no number twice, none left out, and time goes on."""
    entries = [entry(city) for _ in range(6)]
    by, at = city.actor("emergency"), city.later()
    calls = [
        partial(catalogue.file_resource, entry=e, authority=city.org("bureau"), by=by, at=at)
        for e in entries
    ]
    done, refused = split(at_once(*calls))
    assert refused == []
    numbers = {e.subject_id for e in events("catalogue.filed")}
    assert numbers == {row.pk for row in done}
    numbers_are_whole()
    times = list(Entry.objects.order_by("sequence").values_list("at", flat=True))
    assert times == sorted(times)


def test_one_request_sent_twice_at_once(city: City) -> None:
    """The second is answered as a repeat, or told that somebody was first; never done again."""
    by, at = city.who("node"), city.later()
    arguments = {"name": "新机构", "short_name": "新", "roles": ["provider"]}

    def ask() -> Once:
        with once("one", action="accounts.found", arguments=arguments, by=by) as request:
            accounts.found(**arguments, by=by, at=at)
        return request

    answers, refused = split(at_once(ask, ask, ask))
    assert sum(not one.replayed for one in answers) == 1
    assert {error.code for error in refused} <= {"simultaneous"}
    assert Organisation.objects.filter(name="新机构").count() == 1
    numbers_are_whole()
