"""Scenario applications: one scenario, one application; the providers speak, the body decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from gongshu.policy import Undertaking
from gongshu.procedures.scenario_application import check_opinions
from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu.vocabulary.regions import prefix_of
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.models import Organisation
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.actions import action
from gongshu_server.journal.ids import ulid
from gongshu_server.operation import agreements, grants, parties, scope
from gongshu_server.operation import faults as listing
from gongshu_server.operation.faults import Fault
from gongshu_server.operation.models import Agreement, ProviderOpinion, ReviewingBody, Scenario
from gongshu_server.operation.scope import ScopeEntry
from gongshu_server.operation.terms import number_faults, use_faults

CLAUSE = "opinions-3.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A scenario application as it is handed in.

    What is left open (`regions`, `minimum`, `max_rows`) is taken from the agreement.
    """

    title: str
    developer: str
    purpose: str
    scope: tuple[ScopeEntry, ...]
    valid_until: datetime
    undertakings: tuple[Undertaking, ...]
    businesses: tuple[str, ...] = ("resource_development",)
    regions: tuple[str, ...] = ()
    minimum: int | None = None
    max_rows: int | None = None


@action
def submit_scenario(
    *, agreement_id: str, application: Application, by: Actor, at: datetime
) -> Scenario:
    """Submit a scenario application under an agreement in force.

    Raises Invalid listing every fault at once, NotPermitted naming every limit of the agreement
    that the scenario would break, Conflict when the agreement is not in force.
    """
    agreement, case = agreements.locked(agreement_id, by=by)
    require(by, "scenario.submit", clause=CLAUSE)
    if agreement.operator_id != by.organisation:
        raise NotPermitted(
            "场景申请由本协议的运营机构提出。", code="not_the_operator", clause=CLAUSE
        )
    _refuse_unless_active(agreement, case, at=at)
    listing.refuse(_faults(application, agreement, at=at))
    scenario = _row(application, agreement, at=at)
    _refuse_beyond(scenario, at=at)
    opened = engine.open_case(
        "scenario_application",
        subject=("scenario", scenario.pk),
        title=f"场景申请：{application.title}",
        handler=agreement.implementing_body_id,
        consulted=[application.developer, *providers(scenario)],
        by=by,
        at=at,
    )
    scenario.case = opened.pk
    scenario.save(force_insert=True)
    details = {
        "agreement": agreement.pk,
        "developer": application.developer,
        "purpose": scenario.purpose,
        "scope": scenario.scope,
        "valid_until": scenario.valid_until.isoformat(),
    }
    engine.advance(opened, "submit", by=by, at=at, details=details)
    return scenario


def _refuse_unless_active(agreement: Agreement, case: Case, *, at: datetime) -> None:
    if case.state != "active" or not agreement.valid_from <= at < agreement.valid_until:
        raise Conflict(
            "授权运营协议不在履行期内，请先使协议生效或另行签订。",
            code="agreement_not_active",
            clause="27-14",
        )


def _faults(application: Application, agreement: Agreement, *, at: datetime) -> Iterator[Fault]:
    if not application.title.strip():
        yield Fault("title", "没有写明场景名称", CLAUSE)
    if application.valid_until <= at:
        yield Fault("valid_until", "场景的截止时间必须晚于现在", CLAUSE)
    developers = [application.developer]
    if application.developer != agreement.operator_id:
        yield from parties.without_role("developer", developers, clause=CLAUSE, at=at)
    reviewers = ReviewingBody.objects.filter(agreement=agreement)
    if parties.control_groups(developers) & parties.control_groups(
        reviewers.values_list("organisation_id", flat=True)
    ):
        yield Fault("developer.reviewed", "开发主体与审核单位同属一个控制关系", "opinions-11.1")
    yield from scope.faults(application.scope)
    yield from use_faults((application.purpose,), application.businesses, application.regions)
    if application.minimum is not None or application.max_rows is not None:
        least = agreement.minimum if application.minimum is None else application.minimum
        yield from number_faults(least, application.max_rows)


def _row(application: Application, agreement: Agreement, *, at: datetime) -> Scenario:
    regions = [prefix_of(code) for code in application.regions] or agreement.regions
    max_rows = application.max_rows
    return Scenario(
        id=ulid(at),
        agreement=agreement,
        applicant_id=agreement.operator_id,
        developer_id=application.developer,
        title=application.title[:160],
        purpose=str(application.purpose),
        businesses=sorted(str(code) for code in application.businesses),
        regions=sorted(regions),
        minimum=agreement.minimum if application.minimum is None else application.minimum,
        max_rows=agreement.max_rows if max_rows is None else max_rows,
        scope=[entry.stored() for entry in application.scope],
        valid_until=application.valid_until,
        undertakings=[asdict(undertaking) for undertaking in application.undertakings],
        created_at=at,
    )


def _refuse_beyond(scenario: Scenario, *, at: datetime) -> None:
    reasons = grants.beyond_agreement(scenario, at)
    if reasons:
        raise NotPermitted(
            "申请的范围超出授权运营协议：" + "；".join(reason.sentence for reason in reasons),
            code="beyond_agreement",
            clause=reasons[0].clause,
            details=reasons,
        )


@action
def give_opinion(
    *, scenario_id: str, agreed: bool, opinion: str = "", by: Actor, at: datetime
) -> ProviderOpinion:
    """Give a data-source unit's opinion on a scenario that uses its data, once (27号 第5条).

    Raises NotPermitted for a unit whose data is not asked for, Conflict for a second opinion,
    Invalid for a refusal without reasons.
    """
    scenario, case = locked(scenario_id, by=by)
    require(by, "scenario.provider_opinion", clause="27-5")
    if by.organisation not in providers(scenario):
        raise NotPermitted(
            "该场景没有申请使用贵单位的数据，无需出具意见。", code="not_a_provider", clause="27-5"
        )
    if ProviderOpinion.objects.filter(scenario=scenario, provider_id=by.organisation).exists():
        raise Conflict("贵单位已经出具过意见。", code="opinion_given", clause="27-5")
    if not agreed and not opinion.strip():
        raise Invalid("不同意必须写明理由。", code="reason_required", clause="27-5")
    details = {"provider": by.organisation, "agreed": agreed}
    engine.advance(case, "provider_opinion", by=by, at=at, reason=opinion, details=details)
    return ProviderOpinion.objects.create(
        scenario=scenario,
        provider_id=by.organisation,
        agreed=agreed,
        opinion=opinion,
        at=at,
        actor=by.text_id,
    )


@action
def approve_scenario(*, scenario_id: str, by: Actor, at: datetime) -> Scenario:
    """Approve a scenario; its effect issues the developer's grants under the agreement's ceilings.

    Raises Invalid naming every provider whose consent is missing, Conflict or NotPermitted when
    the agreement no longer covers the scenario.
    """
    scenario, case = locked(scenario_id, by=by)
    require(by, "scenario.approve", clause=CLAUSE)
    agreement = _decided_by(scenario, by=by)
    given = ProviderOpinion.objects.filter(scenario=scenario)
    check_opinions(
        providers=providers(scenario), opinions=dict(given.values_list("provider_id", "agreed"))
    )
    _refuse_unless_active(agreement, Case.objects.get(pk=agreement.case), at=at)
    _refuse_beyond(scenario, at=at)
    engine.advance(case, "approve", by=by, at=at, details={"agreement": agreement.pk})
    return scenario


@action
def refuse_scenario(*, scenario_id: str, reason: str, by: Actor, at: datetime) -> Scenario:
    """Refuse a scenario, with reasons."""
    scenario, case = locked(scenario_id, by=by)
    require(by, "scenario.refuse", clause="27-21")
    _decided_by(scenario, by=by)
    engine.advance(case, "refuse", by=by, at=at, reason=reason)
    return scenario


@action
def end_scenario(*, scenario_id: str, reason: str, by: Actor, at: datetime) -> Scenario:
    """End an approved scenario, with reasons; its effect revokes the grants that it yielded."""
    scenario, case = locked(scenario_id, by=by)
    engine.advance(case, "end", by=by, at=at, reason=reason)
    return scenario


def providers(scenario: Scenario) -> dict[str, str]:
    """Return the providers of the scenario's data: their ids and names."""
    asked = [entry.resource for entry in scope.entries(scenario.scope)]
    units = Resource.objects.filter(pk__in=asked).values("provider_id")
    return dict(Organisation.objects.filter(pk__in=units).values_list("id", "name"))


def locked(scenario_id: str, *, by: Actor) -> tuple[Scenario, Case]:
    """Return the scenario and its case, locked; NotFound when the actor may not see it."""
    scenario = Scenario.objects.visible_to(by).locked().filter(pk=scenario_id).first()
    if scenario is None:
        raise NotFound("没有这个场景申请。", code="scenario_not_found")
    return scenario, engine.locked(scenario.case, by=by)


def _decided_by(scenario: Scenario, *, by: Actor) -> Agreement:
    # Locked: an agreement that is being terminated must not yield a grant meanwhile.
    agreement = Agreement.objects.all().locked().get(pk=scenario.agreement_id)
    if agreement.implementing_body_id != by.organisation:
        raise NotPermitted(
            "只有本协议的实施机构可以决定场景申请。",
            code="not_the_implementing_body",
            clause=CLAUSE,
        )
    return agreement
