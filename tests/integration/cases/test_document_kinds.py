"""Who may hand in which kind of document: whoever takes the step, and whom the procedure names."""

from __future__ import annotations

import pytest
from django.db import transaction

from gongshu.procedures import all_procedures, procedure
from gongshu.procedures.registration import MATERIALS
from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import ORGANISATION_ROLES
from gongshu.workflow.procedure import APPLICANT
from gongshu_server.cases import actions, engine
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Document
from gongshu_server.journal.models import Entry
from integration.city import City, papers, refused

pytestmark = pytest.mark.django_db

PARTIES = {
    "bureau": "handler",
    "government": "handler",
    "registry": "handler",
    "pricing": "handler",
    "emergency": "handler",
    "taxation": "handler",
    "cyberspace": "reviewer",
    "operator": "handler",
    "developer": "handler",
}
# Per procedure: who applies, and who among the parties may hand in each kind. Said here by hand.
PROVIDERS = {"emergency", "taxation"}
MAY: dict[str, tuple[str, dict[str, set[str]]]] = {
    "catalogue_entry": ("emergency", {"secrecy_review": PROVIDERS | {"cyberspace"}}),
    "opening_review": ("emergency", {"secrecy_review": {"emergency", "bureau", "cyberspace"}}),
    "registration": (
        "operator",
        {kind: {"operator", "registry"} for kind in MATERIALS}
        | {
            "business_review": PROVIDERS | {"operator", "bureau"},
            "objection_evidence": set(PARTIES),
        },
    ),
    "operation_plan": (
        "bureau",
        {"collective_decision": {"government"}, "filing_receipt": {"bureau"}},
    ),
    "agreement": (
        "bureau",
        {kind: {"bureau"} for kind in ("body_decision", "signed_agreement", "filing_receipt")},
    ),
    # The audit office adds no documents by itself: its notice comes with the application.
    "audit_access": ("bureau", {"audit_notice": set()}),
    "price": (
        "operator",
        {
            "necessity_statement": {"operator"},
            "application": {"operator", "pricing"},
            "cost_survey": {"pricing"},
            "data_authority_opinion": {"bureau", "pricing"},
            "ceilings_report": {"government"},
        },
    ),
}


def opened(city: City, code: str, applicant: str) -> Case:
    """Return a case of the procedure in which every party of the table takes part."""
    with transaction.atomic():
        return engine.open_case(
            code,
            subject=(procedure(code).subject, "SUBJECT"),
            title="办件",
            handler=city.org("bureau"),
            consulted=[city.org(party) for party in PARTIES],
            by=city.actor(applicant),
            at=city.later(),
        )


def test_the_table_knows_every_procedure_that_asks_for_documents() -> None:
    asking = {one.code: set(one.documents) for one in all_procedures() if one.documents}
    assert {code: set(kinds) for code, (_, kinds) in MAY.items()} == asking
    roles = {APPLICANT, *ORGANISATION_ROLES}
    for table in all_procedures():
        assert all(roles.issuperset(kind.givers) for kind in table.documents.values())


@pytest.mark.parametrize("code", MAY)
def test_each_party_hands_in_what_is_its_own_and_nothing_else(city: City, code: str) -> None:
    applicant, kinds = MAY[code]
    case = opened(city, code, applicant)
    for kind, allowed in kinds.items():
        for party, duty in PARTIES.items():
            added = {"case_id": case.pk, "papers": papers(kind)}
            who = f"{party}/{duty}"
            if party in allowed:
                city.do(actions.add_documents, who, **added)
                continue
            error = refused(city, actions.add_documents, who, "not_your_document", **added)
            assert isinstance(error, NotPermitted)
            wanted = procedure(code).documents[kind]
            assert wanted.zh in error.sentence
            assert error.clause == wanted.clause
    filed = Document.objects.filter(case=case).count()
    assert filed == sum(len(allowed) for allowed in kinds.values())
    denied = len(kinds) * len(PARTIES) - filed
    assert Entry.objects.filter(event="denied").count() == denied


def test_of_several_documents_one_of_anothers_stops_all(city: City) -> None:
    case = opened(city, "price", "operator")
    mixed = papers("necessity_statement", "cost_survey")
    refused(
        city,
        actions.add_documents,
        "operator",
        "not_your_document",
        case_id=case.pk,
        papers=mixed,
    )
    assert not Document.objects.filter(case=case).exists()


def test_a_step_does_not_carry_in_what_another_party_must_say(city: City) -> None:
    """The engine's one check holds for papers that come with a step as well."""
    case = opened(city, "price", "operator")
    with pytest.raises(NotPermitted, match="成本调查报告"), transaction.atomic():
        engine.advance(
            engine.locked(case.pk, by=city.actor("operator")),
            "state_necessity",
            by=city.actor("operator"),
            at=city.later(),
            papers=papers("necessity_statement", "cost_survey"),
        )


def test_what_no_step_asks_for_is_filed_by_every_party(city: City) -> None:
    case = opened(city, "price", "operator")
    note = Paper(kind="note", title="情况说明", text="见正文。")
    for party, duty in PARTIES.items():
        city.do(actions.add_documents, f"{party}/{duty}", case_id=case.pk, papers=[note])
