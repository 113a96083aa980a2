"""Reads over HTTP: what each shows, to whom, a page at a time."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu_server.api.api import api
from gongshu_server.journal.models import Entry
from integration.api.clients import key
from integration.api.test_api import Caller
from integration.city import City, agreed, listed, publicised, published, released, submitted

pytestmark = pytest.mark.django_db(transaction=True)
ROLES = ("water", "bureau", "operator", "developer", "insurer", "registry", "audit")


def paths(*, with_id: bool) -> list[str]:
    """Return every read that the API offers."""
    found = []
    for path, operations in api().get_openapi_schema()["paths"].items():
        if "get" in operations and ("{" in path) == with_id:
            found.append(path.removeprefix("/api/v1"))
    return sorted(found)


def callers(city: City) -> dict[str, Caller]:
    duties = {"developer": "developer", "audit": "auditor"}
    return {code: Caller(key(city, code, duties.get(code, "handler"))) for code in ROLES}


@pytest.mark.parametrize("path", paths(with_id=False))
def test_every_list_answers_everybody_in_its_own_form(city: City, path: str) -> None:
    """The framework refuses an answer that differs from its schema: a 200 is in its form."""
    if path == "/ledger/checkpoint":
        return
    publicised(city)
    listed(city)
    for code, caller in callers(city).items():
        reply = caller.get(path)
        assert reply.status_code == (200 if may_list(code, path) else 403), (code, path)


def may_list(code: str, path: str) -> bool:
    """Tell who has a list: those who only develop read no ledger, supervision is a duty."""
    if path.startswith("/supervision"):
        return code in {"bureau", "audit"}
    return (code, path) != ("developer", "/ledger/entries")


@pytest.mark.parametrize("path", paths(with_id=True))
def test_what_nobody_has_is_not_found(city: City, path: str) -> None:
    nobody = "01HZZZZZZZZZZZZZZZZZZZZZZZ"
    for name in ("{version}", "{year}"):
        path = path.replace(name, "2025")
    while "{" in path:
        path = path[: path.index("{")] + nobody + path[path.index("}") + 1 :]
    reply = Caller(key(city, "water")).get(path)
    if path == "/calendar/2025":
        assert len(reply.json()["working_days"]) == 248
        return
    if path == f"/queries/{nobody}/runs":
        assert reply.json() == {"items": [], "next": ""}
        return
    assert reply.status_code == 404, (path, reply.content)
    assert reply["Content-Type"] == "application/problem+json"


def test_a_list_goes_on_where_it_stopped(city: City) -> None:
    for _ in range(5):
        published(city)
    caller = Caller(key(city, "bureau"))
    seen: list[str] = []
    after = ""
    while True:
        page = caller.get(f"/resources?limit=2&after={after}").json()
        assert len(page["items"]) <= 2
        seen += [row["title"] for row in page["items"]]
        after = page["next"]
        if not after:
            break
    whole = [row["title"] for row in caller.get("/resources?limit=200").json()["items"]]
    assert seen == whole == sorted(whole)
    assert len(whole) == 5


@pytest.mark.parametrize(
    "after", ["x", "W10", "WyJhIiwiYiIsImMiXQ", "WyIxIl0", "bnVsbA", "\u4e2d", "%00", "WyIAIiwiIl0"]
)
def test_a_forged_place_is_refused(city: City, after: str) -> None:
    reply = Caller(key(city, "water")).get(f"/cases?after={after}")
    assert (reply.status_code, reply.json()["code"]) == (422, "unknown_place")


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many"])
def test_a_page_is_bounded(city: City, limit: str) -> None:
    assert Caller(key(city, "water")).get(f"/cases?limit={limit}").status_code == 422


def test_organisations_are_public_with_their_roles(city: City) -> None:
    page = Caller("").get("/organisations?limit=200").json()
    water = next(row for row in page["items"] if row["id"] == city.org("water"))
    assert "provider" in water["roles"]
    assert [row["name"] for row in page["items"]] == sorted(row["name"] for row in page["items"])
    one = Caller("").get(f"/organisations/{city.org('water')}").json()
    assert one == water


@pytest.mark.parametrize("path", ["/people", "/posts", "/delegations", "/keys", "/notices"])
def test_a_houses_own_is_nobody_elses(city: City, path: str) -> None:
    assert Caller("").get(path).status_code == 401
    mine = {row["id"] for row in Caller(key(city, "water")).get(path).json()["items"]}
    other = {row["id"] for row in Caller(key(city, "insurer")).get(path).json()["items"]}
    assert not mine & other
    if path in {"/people", "/posts", "/keys"}:
        assert mine
        assert other


def test_keys_are_listed_without_themselves(city: City) -> None:
    clear = key(city, "water", scopes=("read", "house"))
    caller = Caller(clear)
    caller.get("/me")
    row = caller.get("/keys").json()["items"][0]
    assert row["scopes"] == ["house", "read"]
    assert row["last_used"]
    assert "digest" not in row
    assert clear not in str(row)


def test_a_notice_is_read_once_by_its_own(city: City) -> None:
    submitted(city)
    body = Caller(key(city, "registry"))
    notice = body.get("/notices?unread=true").json()["items"][0]
    read = {"notice_ids": [notice["id"]]}
    assert Caller(key(city, "insurer")).act("cases.mark_read", **read).json() == 0
    own = key(city, "registry", scopes=("read", "house"))
    assert [Caller(own).act("cases.mark_read", **read).json() for _ in range(2)] == [1, 0]
    assert Entry.objects.filter(event="notice.read").count() == 1
    assert not body.get("/notices?unread=true").json()["items"]


def test_a_grant_shows_its_limits_and_the_use_so_far(city: City) -> None:
    resource = published(city)
    caller = Caller(key(city, "emergency"))
    page = caller.get("/grants").json()["items"]
    grant = next(row for row in page if row["object"] == f"resource:{resource.pk}")
    assert (grant["used"], grant["left"], grant["clause"]) == (0, None, "809-13")
    assert caller.get(f"/grants/{grant['id']}").json() == grant
    assert Caller(key(city, "insurer")).get(f"/grants/{grant['id']}").status_code == 404


def test_an_agreement_names_its_state_and_who_reviews(city: City) -> None:
    row = agreed(city)
    reply = Caller(key(city, "operator")).get(f"/agreements/{row.pk}")
    said = reply.json()
    assert (said["state"], said["state_zh"]) == ("active", "履行中")
    assert said["reviewing_bodies"] == {}
    assert reply["ETag"].startswith(f'"{row.case}.')
    assert Caller(key(city, "insurer")).get(f"/agreements/{row.pk}").status_code == 404


@pytest.mark.parametrize("path", ["files", "versions/1/quality", "versions/1/rejects"])
def test_what_is_in_the_data_is_the_providers(city: City, path: str) -> None:
    resource = published(city)
    own, *others = [Caller(key(city, code)) for code in ("emergency", "bureau", "insurer")]
    shown = own.get(f"/resources/{resource.pk}/{path}")
    assert shown.status_code == 200, shown.content
    for caller in others:
        refused = caller.get(f"/resources/{resource.pk}/{path}")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_the_provider")


def test_reject_looks_are_recorded(city: City) -> None:
    resource = published(city)
    before = Entry.objects.filter(event="use.allowed").count()
    Caller(key(city, "emergency")).get(f"/resources/{resource.pk}/versions/1/rejects")
    assert Entry.objects.filter(event="use.allowed").count() == before + 1


def test_a_preview_needs_a_grant(city: City) -> None:
    resource = published(city)
    for caller in [Caller(key(city, code)) for code in ("bureau", "insurer")]:
        refused = caller.get(f"/resources/{resource.pk}/preview")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_grant")


def test_only_reviewers_see_what_is_on_its_way_out(city: City) -> None:
    row = released(city, state="in_review")
    known = callers(city)
    for code in ("developer", "operator"):
        refused = known[code].get(f"/releases/{row.pk}/content")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_a_reviewer")
        shown = known[code].get(f"/releases/{row.pk}").json()
        assert [vote["cast"] for vote in shown["votes"]] == [False, False]
    assert known["insurer"].get(f"/releases/{row.pk}/content").status_code == 404


def test_a_body_reads_its_own_entries_and_those_of_its_cases(city: City) -> None:
    row = submitted(city)
    body, stranger = Caller(key(city, "registry")), Caller(key(city, "insurer"))
    step = body.get(f"/cases/{row.case}").json()["timeline"][0]["entry"]
    seen = body.get(f"/ledger/entries/{step}").json()
    assert seen["organisation"] == city.org("bureau")
    assert seen["details"]["case"] == row.case
    assert stranger.get(f"/ledger/entries/{step}").status_code == 404
    own = stranger.get("/ledger/entries").json()["items"]
    assert own
    assert {one["organisation"] for one in own} == {city.org("insurer")}


def test_the_audit_office_sees_that_and_what_but_not_all_content(city: City) -> None:
    Caller(key(city, "insurer")).get("/me")
    audit = Caller(key(city, "audit", "auditor"))
    entries = audit.get("/ledger/entries?event=key.issued&limit=200").json()["items"]
    foreign = next(one for one in entries if one["organisation"] == city.org("insurer"))
    assert foreign["details"] is None
    own = next(one for one in entries if one["organisation"] == city.org("audit"))
    assert "digest" not in own["details"]
    assert audit.get(f"/ledger/entries/{foreign['id']}/receipt").status_code == 404


def test_an_author_learns_no_end_of_a_run_from_the_ledger(city: City) -> None:
    """When a run ended depends on data (S13)."""
    from gongshu_server.journal.actions import action, journal
    from gongshu_server.journal.recording import Event

    @action
    def finish(*, by: Any, at: Any) -> None:
        """Record the end of a run as its author's."""
        journal(Event("workshop.run_finished", ("run", "x"), "", {}), by=by, at=at)

    city.do(finish, "operator")
    entry = Entry.objects.get(event="workshop.run_finished")
    author, audit = Caller(key(city, "operator")), Caller(key(city, "audit", "auditor"))
    assert author.get(f"/ledger/entries/{entry.pk}").status_code == 404
    assert not author.get("/ledger/entries?event=workshop.run_finished").json()["items"]
    assert audit.get(f"/ledger/entries/{entry.pk}").status_code == 200


def test_an_entry_that_is_not_sealed_has_no_receipt_yet(city: City) -> None:
    caller = Caller(key(city, "water"))
    entry = caller.get("/ledger/entries").json()["items"][0]["id"]
    reply = caller.get(f"/ledger/entries/{entry}/receipt")
    assert (reply.status_code, reply.json()["code"]) == (409, "not_sealed_yet")
