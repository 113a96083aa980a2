"""The examples of the page about the client run as they stand, against this process."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

import gongshu_client
from gongshu_server.catalogue.models import ReceivedFile, Resource
from integration.api.clients import key
from integration.city import City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "use-the-client.md"
EXAMPLES = re.findall(r"^```python$\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def names(city: City, settings: Any, tmp_path: Path, monkeypatch: Any) -> dict[str, Any]:
    """Return what the page leaves to its reader: address, keys, ids."""
    settings.HOME = tmp_path
    transport = httpx.WSGITransport(app=get_wsgi_application())
    monkeypatch.setattr(
        gongshu_client, "Client", partial(gongshu_client.Client, transport=transport)
    )
    resource = reviewed(city).pk
    file = tmp_path / "表.csv"
    file.write_bytes(b"a,b\n1,2\n")
    return {
        "URL": "http://testserver",
        "KEY": key(city, "emergency"),
        "AUTHORITY": city.org("bureau"),
        "RESOURCE": resource,
        "PATH": file,
    }


def test_every_example_runs(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert len(EXAMPLES) == 4
    for example in EXAMPLES:
        exec(compile(example, str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert "catalogue.record_secrecy_review" in said
    assert "resource_not_found" in said
    assert Resource.objects.filter(title="水库水情").count() == 1
    assert ReceivedFile.objects.get(resource_id=names["RESOURCE"]).bytes == 8
