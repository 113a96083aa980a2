"""Releases: submitted blind, content pinned, signed by the right head, one export a source."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.vocabulary.errors import (
    Conflict,
    DomainError,
    Invalid,
    InvalidTransition,
    NotFound,
    NotPermitted,
)
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases.engine import add_party
from gongshu_server.cases.models import Case
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions as operation
from gongshu_server.usage import actions as usage
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop import actions, queries, results, reviewing, running
from gongshu_server.workshop.models import ExportException, Query, Release, ReleaseSource
from integration.operation.world import quick_scenario
from integration.workshop.bench import (
    ARREARS_BY_DISTRICT,
    BY_DISTRICT,
    BY_TAX,
    DISTRICTS,
    OPENED_COPY,
    QUESTION,
    SERVICE,
    Bench,
    denial_of,
    engine_giving,
    open_to_all,
)

pytestmark = pytest.mark.django_db


@pytest.mark.clause("opinions-12.5", "27-14")
def test_a_release_goes_the_whole_way(bench: Bench) -> None:
    release = bench.released()
    assert queries.state(release) == "released"
    assert release.signed_at is not None
    assert release.released_at is not None
    entry = Entry.objects.get(event="release.released")
    assert entry.subject_id == release.pk
    handed = queries.released(release.pk)
    assert handed["operator"] == bench.world.organisations["operator"]
    assert handed["sources"] == [bench.world.resources["licences"]]
    assert results.read(handed["result"]).num_rows == len(DISTRICTS)


def test_nothing_is_handed_over_before_the_release(bench: Bench) -> None:
    release = bench.signed()
    with pytest.raises(NotFound):
        queries.released(release.pk)


# -- submitting --------------------------------------------------------------------------------


def test_only_a_finished_run_is_submitted(bench: Bench) -> None:
    query = bench.draft()
    started = bench.do(actions.start_run, query_id=query.pk)
    with pytest.raises(Conflict, match="还在运行"):
        bench.submitted(started.run)
    bench.do(actions.finish_run, run_id=started.run.pk, outcome=None, cause="time")
    bench.world.later(minutes=2)
    with pytest.raises(Conflict, match="没有成功") as failed:
        bench.submitted(started.run)
    assert failed.value.code == "run_failed"
    assert not Release.objects.exists()


def test_a_run_is_submitted_once(bench: Bench) -> None:
    run = bench.finished()
    bench.submitted(run)
    with pytest.raises(Conflict, match="已经提交"):
        bench.submitted(run)
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("other_lab", "developer"), NotFound),
        (("operator", "developer"), NotFound),
        (("bureau", "handler"), NotPermitted),
        (("lab", "auditor"), NotPermitted),
    ],
)
def test_only_the_developer_submits(bench: Bench, by: Any, error: type[DomainError]) -> None:
    run = bench.finished()
    with pytest.raises(error):
        bench.do(actions.submit_release, by=by, run_id=run.pk)


def test_a_tampered_result_is_not_submitted(bench: Bench) -> None:
    run = bench.finished()
    tamper(run.result)
    with pytest.raises(Conflict, match="与存证不一致"):
        bench.submitted(run)


def tamper(result: str) -> None:
    path = results.path_of(result)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.clause("dc-7")
def test_a_service_states_question_answers_and_limits(bench: Bench) -> None:
    run = bench.finished(SERVICE, "service")
    with pytest.raises(Invalid) as nothing:
        bench.submitted(run)
    assert len(nothing.value.details) == 3
    many = QUESTION | {"answers": [str(n) for n in range(33)]}
    with pytest.raises(Invalid, match="32"):
        bench.submitted(run, question=many)
    with pytest.raises(Invalid, match="重复"):
        bench.submitted(run, question=QUESTION | {"answers": ["一致", "一致"]})
    assert bench.submitted(run, question=QUESTION).question == QUESTION


def test_an_export_has_no_question(bench: Bench) -> None:
    with pytest.raises(Invalid, match="不带问题"):
        bench.submitted(question=QUESTION)


# -- a second export ---------------------------------------------------------------------------


def second_run(bench: Bench, sql: str = ARREARS_BY_DISTRICT, **more: Any) -> Any:
    return bench.finished(sql, **more)


@pytest.mark.clause("dc-5")
def test_a_second_export_from_the_same_sources_is_refused(bench: Bench) -> None:
    bench.submitted()
    run = second_run(bench)
    with pytest.raises(Conflict, match="实施机构") as caught:
        bench.submitted(run)
    assert (caught.value.code, caught.value.clause) == ("second_export", "dc-5")
    denial_of(caught.value)
    assert Release.objects.count() == 1


def test_other_sources_are_another_matter(bench: Bench) -> None:
    bench.submitted()
    other = bench.submitted(second_run(bench, BY_TAX))
    assert list(
        ReleaseSource.objects.filter(release=other).values_list("resource_id", flat=True)
    ) == [bench.world.resources["arrears"]]


def test_a_service_is_no_export(bench: Bench) -> None:
    bench.submitted()
    bench.submitted(bench.finished(SERVICE, "service"), question=QUESTION)
    assert Release.objects.count() == 2


@pytest.mark.clause("dc-5")
def test_a_reasoned_exception_of_the_implementing_body_lets_it_pass(bench: Bench) -> None:
    bench.submitted()
    run = second_run(bench)
    named = {"run_id": run.pk}
    head = ("bureau", "head")
    with pytest.raises(Invalid, match="理由"):
        bench.do(actions.record_export_exception, by=head, reason=" ", **named)
    bench.do(actions.record_export_exception, by=head, reason="两次分组相同", **named)
    with pytest.raises(Conflict, match="已经准予"):
        bench.do(actions.record_export_exception, by=head, reason="再来", **named)
    assert Entry.objects.get(event="workshop.export_excepted").subject_id == run.pk
    bench.submitted(run)
    # An exception is for one run, not for the next.
    with pytest.raises(Conflict, match="先后结果"):
        bench.submitted(second_run(bench))


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("lab", "developer"), NotPermitted),
        (("lab", "head"), NotPermitted),
        (("bureau", "handler"), NotPermitted),
        (("other_bureau", "head"), NotFound),
        (("operator", "head"), NotFound),
        (("cyberspace", "reviewer"), NotFound),
    ],
)
def test_only_the_implementing_bodys_head_or_reviewer_excepts(
    bench: Bench, by: Any, error: type[DomainError]
) -> None:
    run = bench.finished()
    with pytest.raises(error):
        bench.do(actions.record_export_exception, by=by, run_id=run.pk, reason="需要")
    assert not ExportException.objects.exists()


@pytest.mark.clause("dc-5")
def test_a_sister_company_is_the_same_party(bench: Bench) -> None:
    """Another developer of the same control group, under its own scenario, at another operator."""
    bench.submitted()
    world = bench.world
    group = Organisation.objects.get(pk=world.organisations["lab"]).control_group
    sister = quick_scenario(world, bench.agreement, developer=world.organisations["other_lab"])
    who = ("other_lab", "developer")
    task = bench.do(actions.open_task, by=who, scenario_id=sister.pk, title="二")
    query = bench.do(actions.draft, by=who, task_id=task.pk, sql=BY_DISTRICT, exit="export")
    with engine_giving(DISTRICTS):
        view = bench.do(running.run, by=who, query_id=query.pk)
    world.later(minutes=2)
    # The operator's own group has the first export already, so another operator's would not do.
    Release.objects.update(operator_id=world.organisations["other_operator"])
    Organisation.objects.filter(pk=world.organisations["other_lab"]).update(control_group=group)
    with pytest.raises(Conflict, match="同一控制关系"):
        bench.do(actions.submit_release, by=who, run_id=view.id)
    Organisation.objects.filter(pk=world.organisations["other_lab"]).update(
        control_group=world.organisations["other_lab"]
    )
    bench.do(actions.submit_release, by=who, run_id=view.id)


def test_a_withdrawn_or_rejected_export_is_not_counted(bench: Bench) -> None:
    release = bench.submitted()
    bench.do(actions.withdraw_release, release_id=release.pk, reason="口径要改")
    again = bench.submitted(second_run(bench))
    bench.vote(again, "security", passed=False)
    bench.vote(again, "compliance")
    assert queries.state(again) == "rejected"
    bench.submitted(second_run(bench))


def test_opened_items_may_leave_again_and_again(bench: Bench) -> None:
    open_to_all(bench)
    for _ in range(2):
        with engine_giving({"甲公司": 1}):
            bench.submitted(bench.run(bench.draft(OPENED_COPY)))
    assert set(ReleaseSource.objects.values_list("guarded", flat=True)) == {False}


def test_an_export_of_opened_items_does_not_count_against_a_later_one(bench: Bench) -> None:
    bench.submitted()
    run = second_run(bench)
    ReleaseSource.objects.update(guarded=False)
    bench.submitted(run)


# -- content -----------------------------------------------------------------------------------


@pytest.mark.clause("opinions-12.5")
@pytest.mark.parametrize("what", ["file", "sql", "lineage", "question", "counts"])
def test_content_that_changed_after_submission_stops_everything(bench: Bench, what: str) -> None:
    release = bench.submitted(bench.finished(SERVICE, "service"), question=QUESTION)
    change(release, what)
    for step in (
        lambda: bench.vote(release, "security"),
        lambda: bench.do(
            actions.view_release, by=("cyberspace", "reviewer"), release_id=release.pk
        ),
    ):
        with pytest.raises(Conflict) as caught:
            step()
        assert caught.value.code == "content_changed"
    assert queries.state(release) == "in_review"
    assert not any(vote.cast for vote in queries.votes(release.pk, by=bench.world.actor("lab")))


def change(release: Release, what: str) -> None:
    run = release.run
    query = Query.objects.filter(pk=run.query_id)
    if what == "file":
        tamper(run.result)
    elif what == "sql":
        query.update(sql_final=SERVICE + " ")
    elif what == "lineage":
        query.update(verdict=query.get().verdict | {"lineage": []})
    elif what == "question":
        Release.objects.filter(pk=release.pk).update(question=QUESTION | {"question": "别的"})
    else:
        type(run).objects.filter(pk=run.pk).update(for_reviewer={"groups": 1})


def test_content_that_changed_after_the_votes_is_neither_signed_nor_released(bench: Bench) -> None:
    release = bench.passed()
    tamper(release.run.result)
    head = ("bureau", "head")
    with pytest.raises(Conflict, match="与提交时不一致"):
        bench.do(actions.sign_off, by=head, release_id=release.pk)
    bench.do(actions.withdraw_release, release_id=release.pk, reason="内容已变更")
    # A new run is a new content, and needs new votes.
    again = bench.submitted(bench.finished())
    assert not any(vote.cast for vote in queries.votes(again.pk, by=bench.world.actor("lab")))
    signed = bench.signed(again)
    tamper(signed.run.result)
    with pytest.raises(Conflict, match="与提交时不一致"):
        bench.do(actions.release, by="bureau", release_id=signed.pk)
    assert queries.state(signed) == "signed_off"


# -- signing and letting out -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("other_bureau", "head"), NotFound),
        (("bureau", "handler"), NotPermitted),
        (("bureau", "reviewer"), NotPermitted),
        (("operator", "head"), NotPermitted),
        (("lab", "head"), NotPermitted),
        (("cyberspace", "head"), NotPermitted),
        (("audit", "head"), NotPermitted),
    ],
)
def test_the_wrong_head_does_not_sign(bench: Bench, by: Any, error: type[DomainError]) -> None:
    release = bench.passed()
    with pytest.raises(error):
        bench.do(actions.sign_off, by=by, release_id=release.pk)
    assert queries.state(release) == "passed"


def test_a_head_of_another_implementing_body_that_takes_part_does_not_sign(bench: Bench) -> None:
    release = bench.passed()
    add_party(
        Case.objects.get(pk=release.case), bench.world.organisations["other_bureau"], "consulted"
    )
    with pytest.raises(NotPermitted) as caught:
        bench.do(actions.sign_off, by=("other_bureau", "head"), release_id=release.pk)
    assert caught.value.code == "not_the_implementing_body"


def test_nothing_is_signed_before_both_reviews_or_twice(bench: Bench) -> None:
    release = bench.submitted()
    head = ("bureau", "head")
    with pytest.raises(InvalidTransition):
        bench.do(actions.sign_off, by=head, release_id=release.pk)
    bench.vote(release, "security")
    with pytest.raises(InvalidTransition):
        bench.do(actions.sign_off, by=head, release_id=release.pk)
    bench.vote(release, "compliance")
    bench.do(actions.sign_off, by=head, release_id=release.pk)
    with pytest.raises(InvalidTransition):
        bench.do(actions.sign_off, by=head, release_id=release.pk)


def test_nothing_leaves_unsigned_or_twice(bench: Bench) -> None:
    release = bench.passed()
    with pytest.raises(InvalidTransition):
        bench.do(actions.release, by="bureau", release_id=release.pk)
    bench.do(actions.sign_off, by=("bureau", "head"), release_id=release.pk)
    bench.do(actions.release, by="bureau", release_id=release.pk)
    with pytest.raises(InvalidTransition):
        bench.do(actions.release, by="bureau", release_id=release.pk)
    with pytest.raises(InvalidTransition):
        bench.do(actions.withdraw_release, release_id=release.pk, reason="晚了")


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("lab", "developer"), NotPermitted),
        (("operator", "handler"), NotPermitted),
        (("other_bureau", "handler"), NotFound),
        (("sector", "reviewer"), NotPermitted),
    ],
)
def test_only_the_implementing_body_lets_it_out(
    bench: Bench, by: Any, error: type[DomainError]
) -> None:
    release = bench.signed()
    with pytest.raises(error):
        bench.do(actions.release, by=by, release_id=release.pk)
    assert queries.state(release) == "signed_off"


@pytest.mark.clause("opinions-3.6")
def test_what_was_revoked_meanwhile_does_not_leave(bench: Bench) -> None:
    release = bench.signed()
    row = GrantRow.objects.get(
        grantee=bench.world.organisations["lab"],
        object=f"resource:{bench.world.resources['licences']}",
    )
    bench.do(usage.revoke, by=("bureau", "head"), grant_id=row.pk, reason="风险处置")
    with pytest.raises(NotPermitted, match="撤销"):
        bench.do(actions.release, by="bureau", release_id=release.pk)


def test_an_ended_scenario_lets_nothing_out(bench: Bench) -> None:
    release = bench.signed()
    bench.do(operation.end_scenario, by="operator", scenario_id=bench.scenario.pk, reason="完成")
    with pytest.raises(Conflict):
        bench.do(actions.release, by="bureau", release_id=release.pk)


def test_only_its_developer_withdraws_and_says_why(bench: Bench) -> None:
    release = bench.submitted()
    with pytest.raises(Invalid, match="理由"):
        bench.do(actions.withdraw_release, release_id=release.pk, reason="")
    for by, error in (
        (("operator", "head"), NotPermitted),
        (("bureau", "head"), NotPermitted),
        (("other_lab", "developer"), NotFound),
    ):
        with pytest.raises(error):
            bench.do(actions.withdraw_release, by=by, release_id=release.pk, reason="停")
    bench.do(actions.withdraw_release, release_id=release.pk, reason="口径要改")
    assert queries.state(release) == "withdrawn"


# -- looking -----------------------------------------------------------------------------------


@pytest.mark.clause("opinions-12.5", "dc-6")
def test_reviewers_see_rows_and_counts_and_the_look_is_recorded(bench: Bench) -> None:
    release = bench.submitted()
    for by in (("cyberspace", "reviewer"), ("sector", "reviewer"), ("bureau", "head")):
        actor = bench.world.actor(*by)
        shown = reviewing.reviewed(release_id=release.pk, by=actor, at=bench.world.later())
        assert shown.rows is not None
        assert shown.rows.num_rows == len(DISTRICTS)
        assert shown.for_reviewer["protected_cells"] == 1
        assert Entry.objects.filter(event="resource.viewed").latest("sequence").actor == (
            actor.text_id
        )


@pytest.mark.clause("dc-1")
def test_reviewers_of_a_service_see_the_question_and_no_rows(bench: Bench) -> None:
    release = bench.submitted(bench.finished(SERVICE, "service"), question=QUESTION)
    by = bench.world.actor("sector", "reviewer")
    shown = reviewing.reviewed(release_id=release.pk, by=by, at=bench.world.later())
    assert shown.rows is None
    assert shown.question == QUESTION


@pytest.mark.clause("dc-6")
@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("lab", "developer"), NotPermitted),
        (("lab", "head"), NotPermitted),
        (("operator", "head"), NotPermitted),
        (("bureau", "developer"), NotPermitted),
        (("audit", "auditor"), NotPermitted),
        (("other_security", "reviewer"), NotFound),
        (("tax", "head"), NotFound),
    ],
)
def test_nobody_else_sees_the_content(bench: Bench, by: Any, error: type[DomainError]) -> None:
    release = bench.submitted()
    with pytest.raises(error):
        reviewing.reviewed(release_id=release.pk, by=bench.world.actor(*by), at=bench.world.later())
    assert not Entry.objects.filter(event="resource.viewed").exists()


def test_who_sees_a_release(bench: Bench) -> None:
    release = bench.submitted()
    for code in ("lab", "operator", "bureau", "cyberspace", "sector", "audit"):
        assert queries.release(release.pk, by=bench.world.actor(code)) == release
    for code in ("other_lab", "other_operator", "other_security", "tax", "other_bureau"):
        with pytest.raises(NotFound):
            queries.release(release.pk, by=bench.world.actor(code))
