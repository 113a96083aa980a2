"""Keys with scopes over HTTP: every read and every action asks for its own."""

from __future__ import annotations

import pytest

from integration.api.clients import key
from integration.api.test_api import ENTRY, Caller
from integration.city import City

pytestmark = pytest.mark.django_db(transaction=True)
READS = ("/cases", "/resources", "/resources/01NOTHING", "/grants", "/notices", "/receipts/x")


def test_a_key_for_reading_reads_and_acts_on_nothing(city: City) -> None:
    caller = Caller(key(city, "water", scopes=("read",)))
    assert caller.get("/cases").status_code == 200
    refused = caller.act("catalogue.file_resource", entry=ENTRY, authority=city.org("bureau"))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "“目录和数据报送”（catalogue）" in refused.json()["detail"]
    assert refused.json()["reasons"] == ["catalogue"]


@pytest.mark.parametrize("path", READS)
def test_a_key_for_acting_alone_reads_nothing(city: City, path: str) -> None:
    refused = Caller(key(city, "water", scopes=("catalogue",))).get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "“查看”（read）" in refused.json()["detail"]


def test_any_key_may_ask_what_it_is_for(city: City) -> None:
    said = Caller(key(city, "water", scopes=("catalogue", "market"))).get("/me").json()
    assert sorted(said["scopes"]) == ["catalogue", "market"]


def test_a_key_is_issued_and_revoked_over_http(city: City) -> None:
    caller = Caller(key(city, "water"))
    made = caller.act("accounts.issue_key", label="报送", scopes=["catalogue", "read"]).json()
    assert Caller(made["clear"]).get("/cases").status_code == 200
    assert caller.act("accounts.revoke_key", key_id=made["id"]).status_code == 200
    assert Caller(made["clear"]).get("/cases").status_code == 401
