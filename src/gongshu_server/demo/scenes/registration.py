"""Registration: from application to query code, with the one-time list and all three limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongshu.procedures import procedure
from gongshu.procedures.registration import MATERIALS
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Case, Clock
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.registration import actions, queries
from gongshu_server.registration.actions import Application


def papers(kinds: Sequence[str]) -> list[Paper]:
    """Return one document for each kind of material."""
    table = procedure("registration")
    return [Paper(kind=k, title=table.documents[k].zh, text="见附件正文。") for k in kinds]


def _of_licences(stage: Stage) -> Application:
    table = stage.tables["safety_licences"]
    return Application(
        kind="resource",
        subject_id=stage.resource("safety_licences"),
        title=table.title,
        summary=table.about,
        body=stage.organisation("registry"),
        since=stage.time.at,
    )


def apply_incomplete(stage: Stage) -> str:
    """An incomplete application gets one list of everything that is missing."""
    given = ["business_review", *MATERIALS[:4]]
    row = actions.submit(
        application=_of_licences(stage),
        papers=papers(given),
        by=stage.actor("bureau"),
        at=stage.time.minutes(),
    )
    stage.ids["registration.resource"] = row.pk
    stage.time.working_days(1)
    refused(
        lambda: actions.accept(
            registration_id=row.pk, by=stage.actor("registry"), at=stage.time.at
        ),
        "incomplete",
    )
    missing = actions.notify_incomplete(
        registration_id=row.pk, by=stage.actor("registry"), at=stage.time.at
    )
    assure(len(missing) == 3, f"应一次列出 3 类缺失材料，实际 {missing}")
    first = _due(row.case, "reg.accept")
    stage.time.working_days(1)
    actions.resubmit(
        registration_id=row.pk,
        papers=papers(MATERIALS[4:]),
        by=stage.actor("bureau"),
        at=stage.time.at,
    )
    assure(_due(row.case, "reg.accept") > first, "补正后受理时限没有重新起算")
    actions.accept(
        registration_id=row.pk, by=stage.actor("registry"), at=stage.time.working_days(1)
    )
    return f"一次性告知 {len(missing)} 类：{'、'.join(missing)}；补正后重新起算，已受理"


def _due(case: str, limit: str) -> datetime:
    due: datetime = Clock.objects.filter(case_id=case, limit=limit).latest("id").due
    return due


def publicise(stage: Stage) -> str:
    """Formal review, ten working days of publicity, then the code; not a day earlier."""
    code = _to_code(stage, stage.ids["registration.resource"])
    stage.facts["code"] = code
    found = queries.by_code(code, at=stage.time.at)
    assure(found.state == "有效" and code.startswith("演示码-"), f"查询结果不对：{found}")
    return f"公示期未满赋码被拒；期满赋码 {code}，查询页可查到“{found.title}”"


def _to_code(stage: Stage, registration_id: str) -> str:
    actions.pass_review(
        registration_id=registration_id,
        by=stage.actor("registry", "head"),
        at=stage.time.working_days(3),
    )
    actions.publicise(
        registration_id=registration_id, by=stage.actor("registry"), at=stage.time.minutes()
    )
    stage.time.working_days(9)
    refused(
        lambda: actions.assign_code(
            registration_id=registration_id, by=stage.actor("registry"), at=stage.time.at
        ),
        "too_early",
    )
    row = actions.assign_code(
        registration_id=registration_id,
        by=stage.actor("registry"),
        at=stage.time.working_days(2),
    )
    return row.code


def register_products(stage: Stage) -> str:
    """The operator registers both products within 20 working days after delivery."""
    codes = []
    rows = []
    for name in ("dataset", "verification"):
        application = Application(
            kind="product",
            subject_id=stage.ids[f"product.{name}"],
            title=stage.facts[f"title.{name}"],
            summary="运营机构依授权运营协议形成的产品",
            body=stage.organisation("registry"),
            since=stage.facts["delivered_at"],
            operating_until=stage.facts["operating_until"],
        )
        row = actions.submit(
            application=application,
            papers=papers(["business_review", *MATERIALS]),
            by=stage.actor("operator"),
            at=stage.time.minutes(),
        )
        clock = Clock.objects.get(case_id=row.case, limit="reg.first.file")
        assure(clock.stopped_at is not None and clock.stopped_at < clock.due, "超过 20 个工作日")
        rows.append(row)
    stage.time.working_days(1)
    for row in rows:
        actions.accept(registration_id=row.pk, by=stage.actor("registry"), at=stage.time.minutes())
    for row in rows:
        codes.append(_to_code(stage, row.pk))
        assure(Case.objects.get(pk=row.case).state == "registered", "没有赋码")
    return f"交付后 20 个工作日内申请，两个产品均已赋码：{'、'.join(codes)}"


SCENES = (
    Scene(
        "登记：材料不齐，一次性告知",
        ("26-7", "26-9", "26-10"),
        "三类缺失一次列明，补正后重新起算并受理",
        apply_incomplete,
        ("safety_licences",),
    ),
    Scene(
        "登记：形式审核、公示、赋码、查询",
        ("26-11", "26-12", "26-13"),
        "公示期满才赋码，查询页可查",
        publicise,
        ("safety_licences",),
    ),
)
PRODUCTS = Scene(
    "登记：运营机构登记两个产品",
    ("26-9", "27-16"),
    "交付后 20 个工作日内申请并赋码",
    register_products,
)
