"""Lost updates: whoever acts on what they saw is refused when somebody was there meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, Stale
from gongshu_server.cases import actions as cases
from gongshu_server.cases.staleness import expecting, version, versions
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.journal.models import Entry
from gongshu_server.registration import actions as registration
from integration.city import City, filed, papers, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def accept(city: City, row: Any, seen: str) -> Any:
    with expecting(seen):
        return city.do(registration.accept, "registry", registration_id=row.pk)


def test_what_was_seen_and_is_still_so_goes_through(city: City) -> None:
    row = submitted(city)
    assert accept(city, row, version(row.case)).pk == row.pk


def test_the_second_of_two_who_saw_the_same_learns_who_was_first(city: City) -> None:
    row = submitted(city)
    seen = version(row.case)
    accept(city, row, seen)
    with expecting(seen), pytest.raises(Stale) as caught:
        city.do(registration.reject, "registry", registration_id=row.pk, reason="材料不符")
    assert caught.value.code == "case_stale"
    assert "登记中心办理到“" in caught.value.sentence
    assert caught.value.sentence.endswith("，请刷新后再办。")
    assert version(row.case) != seen
    last = Entry.objects.order_by("-sequence").first()
    assert last is not None and last.outcome == "refused"


def test_a_new_document_makes_what_was_seen_old(city: City) -> None:
    row = submitted(city)
    seen = version(row.case)
    more = papers("other")
    city.do(cases.add_documents, "bureau", case_id=row.case, papers=more)
    with pytest.raises(Stale, match="办件已补充了新的材料，请刷新后再办。"):
        accept(city, row, seen)


def test_a_version_of_another_case_is_refused_and_nothing_done(city: City) -> None:
    row, other = submitted(city), filed(city)
    before = version(row.case)
    with pytest.raises(Invalid) as caught:
        accept(city, row, version(other.case))
    assert caught.value.code == "another_version"
    assert version(row.case) == before


@pytest.mark.parametrize("seen", ["x", ".", "01CASE.short", "0" * 30 + "." + "0" * 16])
def test_a_malformed_version_is_refused(city: City, seen: str) -> None:
    with pytest.raises(Invalid) as caught, expecting(seen):
        raise AssertionError("reached")
    assert caught.value.code == "version_malformed"


def test_an_empty_version_expects_nothing(city: City) -> None:
    row = submitted(city)
    assert accept(city, row, "").pk == row.pk


def test_an_expectation_ends_with_its_body(city: City) -> None:
    row, other = submitted(city), filed(city)
    with expecting(version(other.case)):
        pass
    assert accept(city, row, "").pk == row.pk


def test_what_one_may_not_see_stays_unfound(city: City) -> None:
    """A right or wrong version tells a stranger nothing."""
    row = filed(city)
    for seen in (version(row.case), f"{row.case}.{'0' * 16}"):
        with pytest.raises(NotFound), expecting(seen):
            city.do(catalogue.withdraw, "insurer", resource_id=row.pk, reason="x")


def test_many_versions_at_once(city: City, django_assert_num_queries: Any) -> None:
    rows = [filed(city), filed(city)]
    with django_assert_num_queries(1):
        found = versions([row.case for row in rows] + ["01NOTHING"])
    assert found == {row.case: version(row.case) for row in rows}


def test_stale_is_a_conflict() -> None:
    """Doors that do not tell the two apart show a conflict."""
    assert issubclass(Stale, Conflict)
