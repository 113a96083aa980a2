"""Objections: to one's own record, suspended alone, corrected at the source or dismissed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from gongshu_server.accounts.digests import subject_commitment
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases.models import Case, Clock
from gongshu_server.catalogue.models import Resource
from gongshu_server.market import actions as market
from gongshu_server.market.models import Product
from gongshu_server.market.products import Built
from gongshu_server.oversight import actions
from gongshu_server.oversight.actions import Complaint
from gongshu_server.oversight.models import Objection, Suspension
from gongshu_server.workshop.models import ReleaseSource
from integration.city import (
    USCC,
    City,
    events,
    listed,
    noted,
    published,
    refused,
    version,
    versioned,
)


@dataclass
class Matter:
    """A listed product, the resource it rests on, and a firm (the insurer) with a record in it."""

    city: City
    product: Product
    resource: Resource

    def complaint(self, **said: Any) -> Complaint:
        """Return the firm's complaint about its own record."""
        sound = {
            "product_id": self.product.pk,
            "resource_id": self.resource.pk,
            "subject": USCC,
            "statement": "许可证仍在有效期内",
        }
        return Complaint(**sound | said)

    def raised(self) -> Objection:
        """Return an objection that was raised."""
        objection: Objection = self.city.do(
            actions.raise_objection,
            "insurer",
            complaint=self.complaint(),
            authority=self.city.org("bureau"),
        )
        return objection

    def suspended(self) -> Objection:
        """Return an objection whose record is suspended."""
        objection = self.raised()
        self.city.do(actions.accept_objection, "emergency", objection_id=objection.pk)
        self.city.do(actions.suspend_record, "emergency", objection_id=objection.pk)
        return objection

    def is_suspended(self) -> bool:
        """Tell whether the record is suspended now."""
        return Suspension.objects.filter(product=self.product.pk, until=None).exists()

    def refused(self, code: str, who: str = "insurer", **said: Any) -> Any:
        """Raise an objection that is refused."""
        return refused(
            self.city,
            actions.raise_objection,
            who,
            code,
            complaint=self.complaint(**said),
            authority=self.city.org("bureau"),
        )


@pytest.fixture
def matter(city: City) -> Matter:
    """Return a product on the shelf with one firm that is in it."""
    Organisation.objects.filter(pk=city.org("insurer")).update(uscc=USCC)
    product, resource = listed(city), published(city)
    ReleaseSource.objects.create(release_id=product.release, resource=resource, guarded=True)
    return Matter(city, product, resource)


def state(objection: Objection) -> str:
    """Return the state of the objection's case."""
    return Case.objects.get(pk=objection.case).state


def test_only_the_commitment_of_the_subject_is_kept(matter: Matter) -> None:
    objection = matter.raised()
    secret = actions._node_secret()
    assert objection.subject == subject_commitment(secret, matter.product.pk, USCC)
    assert not any(USCC in (entry.body or "") for entry in events())


@pytest.mark.parametrize("spelled", [USCC.lower(), f" {USCC[:9]} {USCC[9:]}", f"{USCC}\u200b"])
def test_every_spelling_is_the_same_record(matter: Matter, spelled: str) -> None:
    first = matter.raised()
    matter.city.do(actions.accept_objection, "emergency", objection_id=first.pk)
    matter.city.do(actions.suspend_record, "emergency", objection_id=first.pk)
    matter.refused("objection_open", subject=spelled)


def test_suspension_bites_at_the_next_call(matter: Matter) -> None:
    objection = matter.raised()
    matter.city.do(actions.accept_objection, "emergency", objection_id=objection.pk)
    assert not matter.is_suspended()
    before = noted()
    matter.city.do(actions.suspend_record, "emergency", objection_id=objection.pk)
    assert noted() == before + 1
    assert matter.is_suspended()


def test_upheld_and_corrected_at_the_source(matter: Matter) -> None:
    city, objection = matter.city, matter.suspended()
    named = {"objection_id": objection.pk}
    city.do(actions.uphold, "emergency", reason="登记有误", **named)
    # Upheld is not corrected: the record stays suspended.
    assert matter.is_suspended()
    old = versioned(city, matter.resource, version(number=2))
    served = {matter.resource.pk: old}
    built = Built("b.sqlite", "1" * 64, ("许可状态",), 3, date(2025, 9, 2), served)
    city.do(market.record_built, "node", product_id=matter.product.pk, built=built)
    before = noted()
    city.do(actions.correct_at_source, "emergency", snapshot_id=old, **named)
    assert not matter.is_suspended()
    assert noted() == before + 1
    assert Clock.objects.get(case=objection.case, limit="share.correct").stopped_at == city.at
    city.do(actions.close, "bureau", **named)
    assert state(objection) == "closed"


def test_nothing_is_corrected_before_a_new_version_is_served(matter: Matter) -> None:
    city = matter.city
    first = versioned(city, matter.resource, version(number=2))
    objection = matter.suspended()
    named = {"objection_id": objection.pk}
    city.do(actions.uphold, "emergency", reason="登记有误", **named)
    for snapshot in (first, "nothing"):
        error = refused(
            city,
            actions.correct_at_source,
            "emergency",
            "not_corrected",
            snapshot_id=snapshot,
            **named,
        )
        assert error.clause == "809-26"
    corrected = versioned(city, matter.resource, version(number=3))
    refused(
        city,
        actions.correct_at_source,
        "emergency",
        "not_rebuilt",
        snapshot_id=corrected,
        **named,
    )
    assert matter.is_suspended()


def test_a_version_of_another_resource_corrects_nothing(matter: Matter) -> None:
    city, objection = matter.city, matter.suspended()
    city.do(actions.uphold, "emergency", objection_id=objection.pk, reason="登记有误")
    other = versioned(city, published(city), version(number=2))
    refused(
        city,
        actions.correct_at_source,
        "emergency",
        "not_corrected",
        objection_id=objection.pk,
        snapshot_id=other,
    )


def test_dismissed_the_record_is_served_again(matter: Matter) -> None:
    city, objection = matter.city, matter.suspended()
    named = {"objection_id": objection.pk}
    refused(city, actions.dismiss, "emergency/head", "incomplete", reason=" ", **named)
    before = noted()
    city.do(actions.dismiss, "emergency/head", reason="记录无误", **named)
    assert not matter.is_suspended()
    assert noted() == before + 1
    # The same record may be objected to again.
    matter.raised()


def test_the_source_has_ten_working_days(matter: Matter) -> None:
    objection = matter.raised()
    matter.city.do(actions.accept_objection, "emergency", objection_id=objection.pk)
    ran = Clock.objects.get(case=objection.case, limit="share.correct")
    assert timedelta(days=12) < ran.due - ran.started_at < timedelta(days=26)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"subject": "91110000100000001A"}, "not_the_subject"),
        ({"subject": ""}, "not_the_subject"),
        ({"statement": " "}, "incomplete"),
        ({"resource_id": "nothing"}, "resource_not_found"),
        ({"product_id": "nothing"}, "product_not_found"),
    ],
)
def test_objections_that_are_refused(matter: Matter, said: dict[str, str], code: str) -> None:
    matter.refused(code, **said)
    assert not Objection.objects.exists()


def test_nobody_objects_to_anothers_record(matter: Matter) -> None:
    """A body without a credit code has no record of its own, the empty one included."""
    matter.refused("not_the_subject", "citizen/subject")
    matter.refused("not_the_subject", "citizen/subject", subject="")


def test_what_is_off_the_shelf_is_not_there(matter: Matter) -> None:
    matter.city.do(market.delist_product, "operator", product_id=matter.product.pk, reason="换版")
    matter.refused("product_not_found")


STEPS: dict[str, tuple[str, dict[str, str]]] = {
    "accept_objection": ("submitted", {}),
    "suspend_record": ("accepted", {}),
    "uphold": ("suspended", {"reason": "x"}),
    "dismiss": ("suspended", {"reason": "x"}),
}


@pytest.mark.parametrize("step", STEPS)
def test_who_decides(matter: Matter, step: str) -> None:
    """The raiser decides nothing, a stranger learns nothing, an auditor only looks on."""
    before, said = STEPS[step]
    objection = matter.raised() if before == "submitted" else matter.suspended()
    Case.objects.filter(pk=objection.case).update(state=before)
    action = getattr(actions, step)
    named = {"objection_id": objection.pk} | said
    refused(matter.city, action, "insurer", "not_permitted", **named)
    refused(matter.city, action, "operator", "objection_not_found", **named)
    refused(matter.city, action, "taxation", "objection_not_found", **named)
    refused(matter.city, action, "audit/auditor", "not_permitted", **named)
    named["objection_id"] = "nothing"
    refused(matter.city, action, "taxation", "objection_not_found", **named)


def test_no_step_out_of_order(matter: Matter) -> None:
    objection = matter.raised()
    named = {"objection_id": objection.pk}
    for step, said in (("suspend_record", {}), ("uphold", {"reason": "x"}), ("close", {})):
        action = getattr(actions, step)
        refused(matter.city, action, "emergency", "invalid_transition", **named, **said)
    assert state(objection) == "submitted"


def test_one_product_one_suspension_of_a_record(matter: Matter) -> None:
    """Two objections were raised before either was accepted: the second suspends nothing more."""
    first, second = matter.raised(), matter.raised()
    for objection in (first, second):
        matter.city.do(actions.accept_objection, "emergency", objection_id=objection.pk)
    matter.city.do(actions.suspend_record, "emergency", objection_id=first.pk)
    refused(
        matter.city, actions.suspend_record, "emergency", "simultaneous", objection_id=second.pk
    )


def test_who_sees_an_objection(matter: Matter) -> None:
    objection = matter.raised()
    for who, sees in (
        ("insurer", True),
        ("emergency", True),
        ("bureau", True),
        ("audit/auditor", True),
        ("operator", False),
        ("taxation", False),
    ):
        seen = Objection.objects.visible_to(matter.city.who(who))
        assert seen.filter(pk=objection.pk).exists() is sees, who
