"""Objections by hand: raised for oneself only, seen by both sides, corrected at the source."""

from __future__ import annotations

import pytest
from django.test import Client

from gongshu_server.oversight.models import Objection
from integration.city import City
from integration.oversight.test_objections import Matter, matter
from integration.portal.reader import opened, sent, signed_in

__all__ = ["matter"]
pytestmark = pytest.mark.django_db(transaction=True)
RAISE = "/voices/objections/new/"


def said(found: Matter) -> dict[str, str]:
    """Return a sound objection form."""
    return {
        "source": f"{found.product.pk}/{found.resource.pk}",
        "statement": "许可证仍在有效期内",
        "authority": found.city.org("bureau"),
    }


def test_anybody_reads_how_to_object(city: City) -> None:
    assert RAISE in opened(Client(), "/voices/")


def test_an_objection_is_raised_by_its_form(matter: Matter) -> None:
    to = sent(signed_in(matter.city, "insurer"), RAISE, **said(matter))
    row = Objection.objects.get()
    assert to == f"/voices/objections/{row.pk}/"
    assert row.statement in opened(signed_in(matter.city, "insurer"), to)
    assert row.statement in opened(signed_in(matter.city, "emergency"), to)
    opened(signed_in(matter.city, "operator"), to, status=404)


def test_who_has_no_record_cannot_object(matter: Matter) -> None:
    client = signed_in(matter.city, "operator")
    assert "没有登记统一社会信用代码" in opened(client, RAISE)
    page = sent(client, RAISE, status=403, **said(matter))
    assert "decision refused" in page
    assert not Objection.objects.exists()


def test_a_source_that_was_not_offered_is_no_choice(matter: Matter) -> None:
    forged = said(matter) | {"source": "x/y"}
    page = sent(signed_in(matter.city, "insurer"), RAISE, status=200, **forged)
    assert 'class="error"' in page


def test_the_source_chooses_the_corrected_version(matter: Matter) -> None:
    row = matter.suspended()
    url = f"/cases/{row.case}/"
    page = opened(signed_in(matter.city, "emergency"), url)
    assert f"{url}uphold/" in page
    to = sent(signed_in(matter.city, "emergency"), f"{url}uphold/", reason="录入错误")
    assert to == url
    page = opened(signed_in(matter.city, "emergency"), f"{url}correct_at_source/")
    assert "更正后的数据版本" in page
