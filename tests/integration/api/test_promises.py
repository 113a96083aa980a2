"""What the description promises of every write, every list and every object is kept by the node."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gongshu_client import Client, Conflict, Invalid, Problem
from gongshu_client.door import Request, address
from gongshu_server.api.api import document
from gongshu_server.api.description import operations
from gongshu_server.catalogue.models import Upload
from gongshu_server.journal.models import Request as Remembered
from integration.api.clients import anybody, client, key
from integration.city import City, listed, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
DOCUMENT = document()
OPERATIONS = {op["operationId"]: (path, method, op) for path, method, op in operations(DOCUMENT)}
WRITES = sorted(n for n, (_, method, _) in OPERATIONS.items() if method not in {"get", "head"})
READS = sorted(n for n, (_, method, _) in OPERATIONS.items() if method == "get")
KEYED = [n for n in WRITES if OPERATIONS[n][2].get("x-idempotency") == "key"]
# A repeat of these finds the work done, or there is none: each has its proof below.
UNKEYED = {
    "delete.uploads.drop": "repeatable",
    "patch.uploads.append": "repeatable",
    "post.uploads.finish": "repeatable",
    "post.work.verdict": "nothing_written",
}
WHOLE_TABLES = {"get.public.clauses", "get.public.procedures"}


def resolved(form: dict[str, Any]) -> dict[str, Any]:
    name = form.get("$ref", "").removeprefix("#/components/schemas/")
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name] if name else form
    return found


def sample(form: dict[str, Any]) -> Any:
    """Return a small value of a schema: enough to get past the door's check of the form."""
    form = resolved(form)
    if "anyOf" in form:
        return sample(form["anyOf"][0])
    if "enum" in form:
        return form["enum"][0]
    kind = form.get("type")
    if kind == "object":
        needed = form.get("required", ())
        return {n: sample(f) for n, f in form.get("properties", {}).items() if n in needed}
    if kind == "array":
        return [sample(one) for one in form.get("prefixItems", ())]
    formats = {"date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01"}
    plain = {"string": "x", "integer": 1, "number": 1, "boolean": True}
    return formats.get(form.get("format", ""), plain.get(kind or ""))


def asked(name: str, **headers: str) -> Request:
    """Return a request of the operation that is in its form."""
    path, method, operation = OPERATIONS[name]
    places = {p["name"]: "2025" for p in operation.get("parameters", ()) if p["in"] == "path"}
    body = operation.get("requestBody", {}).get("content", {})
    return Request(
        method=method.upper(),
        path=address(path, **places),
        json=sample(body["application/json"]["schema"]) if "application/json" in body else None,
        files={"file": ("x.csv", b"a,b")} if "multipart/form-data" in body else None,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


def headers_of(name: str) -> set[str]:
    said = OPERATIONS[name][2].get("parameters", ())
    return {one["name"] for one in said if one["in"] == "header"}


def test_every_write_says_how_often_it_may_be_sent() -> None:
    said = {name: OPERATIONS[name][2].get("x-idempotency") for name in WRITES}
    assert {name: how for name, how in said.items() if how != "key"} == UNKEYED
    for name in WRITES:
        keyed = name in KEYED
        assert ({"Idempotency-Key", "If-Match"} <= headers_of(name)) == keyed, name
        assert ("412" in OPERATIONS[name][2]["responses"]) == keyed, name
    for name in READS:
        assert not headers_of(name), name


def test_every_write_that_takes_a_key_heeds_it_and_no_other_does(city: City) -> None:
    """A key of the wrong form is refused before anything else is looked at."""
    caller = client(city, "water")
    for name in WRITES:
        with pytest.raises(Problem) as refused:
            caller._door.send(asked(name, Idempotency_Key="not one word"))
        assert (refused.value.code == "key_malformed") == (name in KEYED), (name, refused.value)


def test_every_write_that_takes_a_version_heeds_it(city: City) -> None:
    caller = client(city, "water")
    for name in KEYED:
        with pytest.raises(Invalid) as refused:
            caller._door.send(asked(name, If_Match="*"))
        assert refused.value.code == "version_malformed", (name, refused.value)


def test_an_upload_announced_twice_is_one(city: City, settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path
    caller, resource = client(city, "emergency"), reviewed(city).pk
    said = {"kind": "resource", "name": "表.csv", "size": 3, "target_id": resource}
    first, again = [caller.files.announce(**said, idempotency_key="one") for _ in range(2)]
    assert (first.id, first.replayed) == (again.id, False)
    assert again.replayed
    assert Upload.objects.count() == Remembered.objects.filter(key="one").count() == 1
    with pytest.raises(Invalid) as refused:
        caller.files.announce(**said | {"size": 4}, idempotency_key="one")
    assert refused.value.code == "key_reused"


def test_an_upload_is_given_up_once_and_a_finished_one_never(
    city: City, settings: Any, tmp_path: Any
) -> None:
    settings.HOME = tmp_path
    caller, resource = client(city, "emergency"), reviewed(city).pk
    dropped = caller.files.announce(kind="resource", name="表.csv", size=3, target_id=resource)
    caller.files.drop(dropped.id)
    caller.files.drop(dropped.id)
    whole = caller.files.announce(kind="resource", name="表.csv", size=3, target_id=resource)
    caller.files.append(whole.id, 0, b"a,b")
    caller.files.finish(whole.id)
    with pytest.raises(Conflict):
        caller.files.drop(whole.id)


def listing(name: str) -> bool:
    """Tell whether a read answers a list: an array, or an object that holds `items` alone."""
    good = OPERATIONS[name][2]["responses"]["200"].get("content", {})
    form = resolved(good.get("application/json", {}).get("schema", {}))
    return (
        form.get("type") == "array" or {"items", "next"} >= form.get("properties", {"x": 1}).keys()
    )


def test_every_list_has_pages() -> None:
    lists = [name for name in READS if listing(name)]
    assert len(lists) > 20
    for name in lists:
        operation = OPERATIONS[name][2]
        whole = operation.get("x-whole-table", False)
        assert whole == (name in WHOLE_TABLES), name
        parameters = {one["name"] for one in operation.get("parameters", ())}
        form = resolved(operation["responses"]["200"]["content"]["application/json"]["schema"])
        if not whole:
            assert {"after", "limit"} <= parameters, name
            assert form["properties"].keys() == {"items", "next"}, name


def test_every_list_refuses_a_place_that_it_never_gave(city: City) -> None:
    caller = client(city, "audit", "auditor")
    for name in READS:
        path, _, operation = OPERATIONS[name]
        if not listing(name) or "{" in path or operation.get("x-whole-table"):
            continue
        for query, code in (({"after": "W10"}, "unknown_place"), ({"limit": "201"}, "invalid")):
            with pytest.raises(Invalid) as refused:
                caller._door.send(Request(method="GET", path=path, query=query))
            assert refused.value.code == code, (name, refused.value)


def test_every_object_says_its_version() -> None:
    for name in READS:
        path, _, operation = OPERATIONS[name]
        said = operation["responses"]["200"].get("headers", {})
        assert ("ETag" in said) == ("{" in path), name


def places(city: City) -> dict[str, str]:
    """Return an id for each place of an address, of objects that stand."""
    product = listed(city)
    return {"product_id": product.pk, "organisation_id": city.org("water"), "year": "2025"}


def found(caller: Client, path: str, **headers: str) -> httpx.Response:
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return caller._door._http.get(path, headers=more)


def test_objects_carry_it_and_say_when_nothing_has_changed(city: City) -> None:
    known, caller = places(city), client(city, "operator")
    clause = caller.public.clauses()[0].code
    for path, strong in (
        (address("/api/v1/products/{product_id}", **known), True),
        (address("/api/v1/organisations/{organisation_id}", **known), False),
        (address("/api/v1/calendar/{year}", **known), False),
        (f"/api/v1/clauses/{clause}", False),
        ("/api/v1/me", False),
    ):
        first = found(caller, path)
        tag = first.headers["ETag"]
        assert tag.startswith('"') == strong, path
        again = found(caller, path, If_None_Match=tag)
        assert (again.status_code, again.content) == (
            (200, first.content) if strong else (304, b"")
        )
        assert found(caller, path, If_None_Match='W/"other"').status_code == 200


def test_a_refusal_that_passes_says_when_to_come_again() -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        assert "Retry-After" in operation["responses"]["503"]["headers"], name


def test_a_busy_database_says_when_to_come_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from gongshu_server.catalogue import queries

    def locked(**_: Any) -> None:
        raise OperationalError("locked")

    monkeypatch.setattr(queries, "resources", locked)
    caller = anybody(key(city, "water"))
    with pytest.raises(Problem) as refused:
        next(caller.catalogue.resources())
    assert (refused.value.status, refused.value.retry_after) == (503, 2.0)
