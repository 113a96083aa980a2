"""The workshop: what is refused and why, and a lawful query on its way out."""

from __future__ import annotations

from datetime import timedelta

from gongshu_server.accounts.actors import node
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.journal import sealing
from gongshu_server.workshop import actions, drawing, queries, running
from gongshu_server.workshop.models import Query, Release, Run

RAW_COPY = "regime.raw_copy"
QUESTION = {
    "question": "这家企业的安全生产许可证在数据日期是否有效",
    "answers": ["一致", "不一致", "查无记录", "异议处理中"],
    "limits": {"每次": "一家企业", "收费使用": "须有该企业的单次电子授权"},
    "authorisation": True,
    "subject": "enterprise",
}


def _draft(stage: Stage, sql: str, exit: str = "export") -> Query:
    return actions.draft(
        task_id=stage.ids["task"],
        sql=sql,
        exit=exit,
        by=stage.actor("developer", "developer"),
        at=stage.time.minutes(2),
    )


def out_of_scope(stage: Stage) -> str:
    """A query beyond the scenario is refused; every broken limit is named."""
    task = actions.open_task(
        scenario_id=stage.ids["scenario"],
        title="企业安全生产风险画像",
        by=stage.actor("developer", "developer"),
        at=stage.time.minutes(5),
    )
    stage.ids["task"] = task.pk
    sql = stage.facts["sql.out_of_scope"]
    error = refused(lambda: _draft(stage, sql), "out_of_scope", naming=stage.facts["naming"])
    return f"拒绝，{len(error.details)} 条理由：{error.sentence}"


def raw_copy(stage: Stage) -> str:
    """A renamed raw copy of an unopened item is refused; the same copy of an opened one is not."""
    error = refused(
        lambda: _draft(stage, stage.facts["sql.raw_unopened"]),
        "query_refused",
        finding=RAW_COPY,
        naming=(stage.facts["raw_item"],),
    )
    opened = _draft(stage, stage.facts["sql.raw_opened"])
    why = opened.verdict["opened_copies"]
    assure(bool(why), "没有说明为什么可以照抄")
    return f"换名照抄未开放的数据项被拒：{error.sentence}；已开放的可以：{why[0]}"


def isolating(stage: Stage) -> str:
    """A sum over one subject hidden beside a large count is refused."""
    error = refused(
        lambda: _draft(stage, stage.facts["sql.isolating"]),
        "query_refused",
        clause="dc-3",
        finding="cohort.isolates",
    )
    return f"拒绝：{error.sentence}"


def lawful(stage: Stage) -> str:
    """A lawful query over several departments is checked, runs, is protected, reviewed, signed."""
    query = _draft(stage, stage.facts["sql.lawful"])
    sources = {ref["source"] if isinstance(ref, dict) else ref[0] for ref in _influences(query)}
    departments = {
        table.department
        for key, table in stage.tables.items()
        if f"resource:{stage.resource(key)}" in sources
    }
    assure(len(departments) >= 2, f"来龙去脉里只有 {len(departments)} 个部门的数据")
    run = _run(stage, query)
    release = _review(stage, run)
    stage.ids["release.dataset"] = release.pk
    _say_joins(stage, run.id)
    return (
        f"{len(departments)} 个部门 {len(sources)} 张表的数据汇合；在加工区运行，"
        f"作者只知道“{run.note}”；"
        "两家审核互不可见，负责人签批后出域"
    )


def _say_joins(stage: Stage, run_id: str) -> None:
    """Say how the tables found each other; an empty join is said, not hidden."""
    for join in Run.objects.get(pk=run_id).for_reviewer["joins"]:
        first, second = join["tables"]
        found = f"共有企业 {join['common']} 家" if join["common"] else "没有共有企业，连接为空"
        stage.notes.append(f"{first} 与 {second}：{found}")


def _influences(query: Query) -> list[list[str]]:
    return [ref for column in query.verdict["lineage"] for ref in column["influences"]]


def _run(stage: Stage, query: Query) -> queries.RunView:
    developer = stage.actor("developer", "developer")
    started = running.run(query_id=query.pk, by=developer, at=stage.time.minutes(2))
    view = queries.run_view(started.id, by=developer, at=stage.time.minutes(10))
    cause = Run.objects.get(pk=view.id).cause
    assure(view.state == "finished", f"运行没有成功：{view.state} {cause}")
    return view


def _review(stage: Stage, run: queries.RunView) -> Release:
    """Two bodies review without seeing each other; the head of the implementing body signs."""
    question = QUESTION if Run.objects.get(pk=run.id).query.exit == "service" else None
    release = actions.submit_release(
        run_id=run.id,
        question=question,
        by=stage.actor("developer", "developer"),
        at=stage.time.minutes(5),
    )
    _vote(stage, release)
    _settle(stage, release)
    actions.sign_off(
        release_id=release.pk, by=stage.actor("bureau", "head"), at=stage.time.minutes(5)
    )
    return actions.release(
        release_id=release.pk,
        by=stage.actor("bureau"),
        at=stage.time.at + timedelta(minutes=1),
    )


def _vote(stage: Stage, release: Release) -> None:
    """Lots name the reviewers; the author may not vote; the second sees nothing of the first."""

    def security(code: str, duty: str) -> None:
        actions.vote_security(
            release_id=release.pk,
            passed=True,
            opinion="未见直接标识符，低于门槛的组别已保护。",
            by=stage.actor(code, duty),
            at=stage.time.minutes(3),
        )

    refused(lambda: security("developer", "developer"), "not_permitted")
    drawn, other = _draw(stage, release)
    refused(lambda: security(other, "reviewer"), "release_not_found")
    stage.time.working_days(1)
    security(drawn, "reviewer")
    sector = stage.actor("sector", "reviewer")
    seen = queries.votes(release.pk, by=sector)
    sealed = all(vote.passed is None and not vote.opinion for vote in seen)
    assure(sealed, "第二家看到了第一家的票")
    actions.vote_compliance(
        release_id=release.pk,
        passed=True,
        opinion="符合场景用途和业务规范。",
        by=sector,
        at=stage.time.minutes(3),
    )


def _draw(stage: Stage, release: Release) -> tuple[str, str]:
    """Draw by the checkpoint after the submission; return who does 安全审核 and who does not."""
    bodies = ["cyberspace", "secrecy"]
    refused(lambda: _look(stage, release, bodies[0]), "release_not_found")
    sealing.seal_all(at=stage.time.minutes(1))
    actions.draw_reviewers(release_id=release.pk, by=node(), at=stage.time.minutes(1))
    drawn = {body.organisation for body in drawing.reviewers(release)}
    bodies.sort(key=lambda code: stage.organisation(code) not in drawn)
    return bodies[0], bodies[1]


def _look(stage: Stage, release: Release, code: str) -> Release:
    by = stage.actor(code, "reviewer")
    return actions.view_release(release_id=release.pk, by=by, at=stage.time.minutes(1))


def _settle(stage: Stage, release: Release) -> None:
    """Let the node open both votes, unless that has followed by itself."""
    if queries.state(release) == "in_review":
        actions.open_votes(release_id=release.pk, by=node(), at=stage.time.minutes(1))
    assure(queries.state(release) == "passed", "两项审核都通过后应为“双审核通过”")


def run_again(stage: Stage, product: str) -> queries.RunView:
    """Run the query of a released product once more, over the newest versions."""
    release = Release.objects.get(pk=stage.ids[f"release.{product}"])
    return _run(stage, release.run.query)


def service(stage: Stage) -> str:
    """The serving table of the verification is built and reviewed; its rows never leave."""
    query = _draft(stage, stage.facts["sql.service"], exit="service")
    run = _run(stage, query)
    release = _review(stage, run)
    stage.ids["release.verification"] = release.pk
    return "审核通过的是问题、答案范围和限制；服务表留在节点内，不出域"


SCENES = (
    Scene(
        "加工：超出范围的查询",
        ("27-21", "opinions-3.6"),
        "拒绝，逐条列出超出的限制",
        out_of_scope,
        ("insured_staff",),
    ),
    Scene(
        "加工：照抄原始数据",
        ("opinions-12.7", "27-21"),
        "未开放的被拒，已开放的允许并说明理由",
        raw_copy,
        ("safety_licences", "enterprises"),
    ),
    Scene(
        "加工：在汇总里孤立一个主体",
        ("dc-3",),
        "拒绝并说明怎样改写",
        isolating,
        ("safety_licences", "tax_arrears"),
    ),
    Scene(
        "加工：合法的多部门查询，双审核后出域",
        ("opinions-9.1", "opinions-12.5", "dc-4"),
        "检查、运行、保护、双盲审核、签批、出域",
        lawful,
        ("safety_licences", "inspections", "tax_arrears"),
    ),
    Scene(
        "产品：核验服务的问题和答案经审核",
        ("opinions-10.1", "dc-7"),
        "服务表不出域，审核的是问题",
        service,
        ("safety_licences",),
    ),
)
