"""Passkeys: made and used with an authenticator of the browser's own, as the server expects."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from browser.stage import Asked, Reply, Stage

FORM = """<h1>通行密钥</h1><form method="post" action="/passkey/" data-passkey="{kind}" {more}>
<input type="hidden" name="credential">{fields}
<div class="buttons"><button>使用通行密钥</button></div></form>
<script type="application/json" id="js_data">{data}</script>"""
CHALLENGE = urlsafe_b64encode(b"a challenge of thirty-two bytes!").decode().rstrip("=")
CREATION = {
    "creation_options": {
        "publicKey": {
            "rp": {"id": "localhost", "name": "公枢"},
            "user": {"id": "dXNlcg", "name": "王", "displayName": "王"},
            "challenge": CHALLENGE,
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -7},
                {"type": "public-key", "alg": -257},
            ],
            "excludeCredentials": [],
            "authenticatorSelection": {"userVerification": "preferred"},
        }
    }
}
REQUEST = {
    "request_options": {
        "publicKey": {
            "challenge": CHALLENGE,
            "rpId": "localhost",
            "allowCredentials": [],
            "userVerification": "preferred",
        }
    }
}


@pytest.fixture
def authenticator(stage: Stage) -> Stage:
    """Give the page an authenticator that always says yes, and a name that may have passkeys."""
    stage.origin = stage.origin.replace("127.0.0.1", "localhost")
    stage.show("<h1>通行密钥</h1>")
    session = stage.page.context.new_cdp_session(stage.page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return stage


def sent(stage: Stage) -> dict[str, Any]:
    """Return the credential that the form sent."""
    body = parse_qs(stage.requests("POST", "/passkey/")[-1].body.decode())
    answer: dict[str, Any] = json.loads(body["credential"][0])
    return answer


def opened(stage: Stage, kind: str, data: Any, more: str = "", fields: str = "") -> None:
    """Open the form over the data and submit it."""
    thanks = Reply(200, "<!DOCTYPE html><title>好</title>".encode(), "text/html; charset=utf-8")
    stage.answer("POST", "/passkey/", lambda _: thanks)
    page = stage.show(FORM.format(kind=kind, more=more, fields=fields, data=json.dumps(data)))
    page.get_by_role("button").click()


def client_data(credential: dict[str, Any]) -> dict[str, Any]:
    """Return what the browser signed."""
    text = credential["response"]["clientDataJSON"]
    said: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=="))
    return said


def test_a_passkey_is_made_and_then_signs_in(authenticator: Stage) -> None:
    """The answers hold what the server reads, over the server's challenge."""
    stage = authenticator
    box = '<label><input type="checkbox" name="passwordless" checked> 免密码登录</label>'
    opened(stage, "add", CREATION, 'data-options="#js_data"', box)
    stage.page.wait_for_url("**/passkey/")
    made = sent(stage)
    assert made["type"] == "public-key"
    assert made["response"]["attestationObject"]
    assert client_data(made)["challenge"] == CHALLENGE

    def asked(_: Asked) -> Reply:
        return Reply.of(REQUEST)

    stage.answer("GET", "/passkey/", asked)
    opened(stage, "sign-in", {})
    stage.page.wait_for_url("**/passkey/")
    used = sent(stage)
    assert used["id"] == made["id"]
    assert used["response"]["signature"]
    assert client_data(used)["type"] == "webauthn.get"


def test_what_is_not_completed_is_said(stage: Stage) -> None:
    """Where nothing can be asked the form stays, with the other way to sign in."""
    opened(stage, "confirm", REQUEST, 'data-options="#js_data"')  # No passkeys for an IP address.
    expect(stage.page.get_by_role("alert")).to_contain_text("或用密码登录")
    assert stage.requests("POST", "/passkey/") == []
