"""Objection: one record stops, all others go on; upheld, it is corrected at the source."""

from __future__ import annotations

from gongshu_server.accounts.actors import node
from gongshu_server.catalogue import intake
from gongshu_server.delivery import building
from gongshu_server.demo.node import ServingNode
from gongshu_server.demo.scenes.delivery import set_clock, verify
from gongshu_server.demo.scenes.workshop import run_again
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.oversight import actions
from gongshu_server.oversight.actions import Complaint
from gongshu_server.oversight.models import Objection
from gongshu_server.usage import ingest


def _raise(stage: Stage) -> Objection:
    """The enterprise objects to its own record; another one may not."""
    complaint = Complaint(
        product_id=stage.ids["product.verification"],
        resource_id=stage.resource("safety_licences"),
        subject=stage.facts["subjects"]["objector"].id,
        statement="有效期止登记有误，许可证仍在有效期内。",
    )

    def attempt(code: str) -> Objection:
        return actions.raise_objection(
            complaint=complaint,
            authority=stage.organisation("bureau"),
            by=stage.actor(code, "subject"),
            at=stage.time.minutes(1),
        )

    refused(lambda: attempt("licensed"), "not_the_subject")
    return attempt("objector")


def objection(stage: Stage) -> str:
    """An enterprise objects to its own record; the answer changes at the next call, and back."""
    stage.time.before_the_end(12)
    row = _raise(stage)
    source = stage.tables["safety_licences"].department
    with ServingNode(stage.home) as server:
        _expect(stage, server, "不一致", "一致")
        stage.time.working_days(1)
        actions.accept_objection(objection_id=row.pk, by=stage.actor(source), at=stage.time.at)
        actions.suspend_record(
            objection_id=row.pk, by=stage.actor(source), at=stage.time.minutes(1)
        )
        _expect(stage, server, "异议处理中", "一致")
        stage.time.working_days(2)
        actions.uphold(
            objection_id=row.pk,
            reason="经核对许可证底册，有效期止录入错误。",
            by=stage.actor(source),
            at=stage.time.at,
        )
        _correct(stage, row.pk)
        _expect(stage, server, "一致", "一致")
    actions.close(objection_id=row.pk, by=stage.actor(source), at=stage.time.minutes(1))
    return "本条先答“异议处理中”，其他记录照常；异议成立，从源头更正后答“一致”"


def _correct(stage: Stage, objection_id: str) -> None:
    """The source hands in a corrected file; the service is rebuilt by the reviewed query."""
    source = stage.tables["safety_licences"].department
    received = intake.store(
        stage.resource("safety_licences"),
        stage.facts["corrected"],
        by=stage.actor(source),
        at=stage.time.minutes(1),
    )
    snapshot = ingest.ingest(received.pk, by=node(), at=stage.time.minutes(1))
    refused(
        lambda: actions.correct_at_source(
            objection_id=objection_id,
            snapshot_id=snapshot.pk,
            by=stage.actor(source),
            at=stage.time.minutes(1),
        ),
        "not_rebuilt",
    )
    run = run_again(stage, "verification")
    building.build(
        stage.ids["product.verification"], run_id=run.id, by=node(), at=stage.time.minutes(1)
    )
    actions.correct_at_source(
        objection_id=objection_id,
        snapshot_id=snapshot.pk,
        by=stage.actor(source),
        at=stage.time.minutes(1),
    )


def _expect(stage: Stage, server: ServingNode, own: str, other: str) -> None:
    set_clock(stage)
    people = stage.facts["subjects"]
    for code, word in (("objector", own), ("licensed", other)):
        reply = verify(stage, server, people[code].id, key="emergency.verification")
        said = reply.body.get("answer")
        assure(said == word, f"{code} 应答“{word}”，实际 {reply.status} {reply.body}")


SCENES = (
    Scene(
        "异议：争议记录暂停，其他照常，更正后恢复",
        ("opinions-4.6", "809-26"),
        "异议处理中 → 从源头更正 → 一致",
        objection,
        ("safety_licences",),
    ),
)
