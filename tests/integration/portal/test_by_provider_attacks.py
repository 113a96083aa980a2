"""Attacks on the sign-in at a provider: forged tokens, other browsers, a provider gone bad."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client

from gongshu_server.accounts import provider_answers
from gongshu_server.accounts.models import Login
from gongshu_server.identity_providers import Provider
from integration.city import City, events
from integration.portal.provider import CLIENT, FakeProvider, fresh_key, leads_to
from integration.portal.reader import opened
from integration.portal.sign_ins import confirmed, enter, person

pytestmark = pytest.mark.django_db(transaction=True)
NOW = int(time.time())


@pytest.fixture(autouse=True)
def _linked(house: FakeProvider, login: Login, city: City) -> None:
    """Let the honest sign-in be one that succeeds: only the attack is what fails."""
    confirmed(city, login)


def stays_out(client: Client, reply: Any, status: int = 422) -> None:
    """Require a refusal in a sentence, and that nobody is signed in."""
    page = reply.content.decode()
    assert (reply.status_code, "不能登录" in page) == (status, True), page
    assert client.get("/cases/")["Location"].startswith("/sign-in/")
    assert events("login.signed_in") == []


def test_the_honest_sign_in_succeeds(house: FakeProvider) -> None:
    assert enter(Client(), house).status_code == 302


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"], "azp": CLIENT},
        {"aud": []},
        {"aud": None},
        {"azp": "another-client"},
        {"exp": NOW - 3600},
        {"exp": None},
        {"exp": float("inf")},
        {"iat": NOW - 3600},
        {"iat": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"nonce": "another-nonce"},
        {"nonce": None},
        {"nonce": 1},
        {"sub": None},
        {"sub": ""},
        {"sub": ["person-1"]},
        {"sub": "x" * 300},
    ],
)
def test_tokens_that_say_something_wrong(house: FakeProvider, claims: dict[str, Any]) -> None:
    house.claims = claims
    if claims.get("exp") == float("inf") or "sub" in claims:
        house.token = lambda said: _signed_as_it_is(house, said)
    client = Client()
    stays_out(client, enter(client, house))


def _signed_as_it_is(house: FakeProvider, claims: dict[str, Any]) -> str:
    """Sign without the library's own checks of what is signed."""
    kind = jwt.get_algorithm_by_name(house.algorithm)
    return _assembled({"alg": "RS256", "kid": house.kid}, claims, lambda m: kind.sign(m, house.key))


def _assembled(
    header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    message = ".".join(part(json.dumps(one).encode()) for one in (header, claims))
    return f"{message}.{part(sign(message.encode()))}"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "RS512", "PS256", ""])
def test_algorithms_that_are_not_ours(house: FakeProvider, algorithm: str) -> None:
    """HS256 is signed with the published key, in each form in which a verifier might take it."""
    public = house.key.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secrets = [pem, pem.strip(), json.dumps(house.shown["keys"][0]).encode()]
    for secret in secrets:

        def forged(claims: dict[str, Any], secret: bytes = secret) -> str:
            def sign(message: bytes) -> bytes:
                if algorithm.startswith("HS"):
                    return hmac.digest(secret, message, f"sha{algorithm[2:]}")
                if algorithm in {"RS512", "PS256"}:
                    kind = jwt.get_algorithm_by_name(algorithm)
                    signature: bytes = kind.sign(message, house.key)
                    return signature
                return b""

            return _assembled({"alg": algorithm, "kid": house.kid}, claims, sign)

        house.token = forged
        client = Client()
        stays_out(client, enter(client, house))


def test_a_symmetric_key_in_the_set_is_no_key(house: FakeProvider) -> None:
    secret = b"0" * 32
    shown = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    house.shown["keys"].append({"kty": "oct", "k": shown, "kid": "oct", "alg": "HS256"})
    house.token = lambda said: jwt.encode(said, secret, "HS256", headers={"kid": "oct"})
    client = Client()
    stays_out(client, enter(client, house))


@pytest.mark.parametrize("kid", ["first", "unknown", None])
def test_a_token_of_another_key(house: FakeProvider, kid: str | None) -> None:
    other = fresh_key()
    named = {"kid": kid} if kid else {}
    own = jwt.get_algorithm_by_name("RS256").to_jwk(other.public_key(), as_dict=True)
    header = {**named, "jwk": own, "jku": f"{house.issuer}/evil"}
    house.token = lambda said: jwt.encode(said, other, "RS256", headers=header)
    client = Client()
    stays_out(client, enter(client, house))
    assert "/evil" not in house.asked


def test_a_short_key_is_none(house: FakeProvider) -> None:
    house.show("short", rsa.generate_private_key(public_exponent=65537, key_size=1024))
    house.token = lambda said: _signed_as_it_is(house, said)
    client = Client()
    stays_out(client, enter(client, house))


def test_a_token_of_an_earlier_sign_in_is_none(house: FakeProvider) -> None:
    made: list[str] = []

    def first(claims: dict[str, Any]) -> str:
        made.append(made[0] if made else house.signed(claims))
        return made[0]

    house.token = first
    assert enter(Client(), house).status_code == 302
    client = Client()
    reply = enter(client, house)
    assert (len(made), made[0] == made[1]) == (2, True)
    assert reply.status_code == 422
    assert client.get("/cases/")["Location"].startswith("/sign-in/")


def test_the_answer_to_another_browser(house: FakeProvider) -> None:
    mine = house.agree(leads_to(Client().post("/sign-in/at/city/")))
    victim = Client()
    stays_out(victim, victim.get(mine))
    house.agree(leads_to(victim.post("/sign-in/at/city/")))
    stays_out(victim, victim.get(mine))


def test_an_answer_counts_once(house: FakeProvider) -> None:
    client = Client()
    back = house.agree(leads_to(client.post("/sign-in/at/city/")))
    assert client.get(back).status_code == 302
    client.post("/sign-out/")
    assert client.get(back).status_code == 422


def test_an_old_question_is_none(house: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    back = house.agree(leads_to(client.post("/sign-in/at/city/")))
    later = time.time() + 660
    monkeypatch.setattr("gongshu_server.portal.by_provider.time.time", lambda: later)
    stays_out(client, client.get(back))


def test_a_code_of_another_browser_does_not_fit_the_verifier(house: FakeProvider) -> None:
    stolen = parse_qs(urlsplit(house.agree(leads_to(Client().post("/sign-in/at/city/")))).query)
    client = Client()
    own = leads_to(client.post("/sign-in/at/city/"))
    state = parse_qs(urlsplit(own).query)["state"][0]
    query = urlencode({"code": stolen["code"][0], "state": state})
    stays_out(client, client.get(f"/sign-in/at/city/back/?{query}"), 503)


def test_the_answer_of_another_provider(house: FakeProvider, settings: Any) -> None:
    other = Provider("other", "另一个", "https://other.example", CLIENT)
    settings.OIDC_PROVIDERS = (*settings.OIDC_PROVIDERS, other)
    client = Client()
    back = house.agree(leads_to(client.post("/sign-in/at/city/")))
    stays_out(client, client.get(back.replace("/city/", "/other/")))
    back = house.agree(leads_to(client.post("/sign-in/at/city/")), iss="https://other.example")
    stays_out(client, client.get(back))
    house.described = {"authorization_response_iss_parameter_supported": True}
    cache.clear()
    stays_out(client, client.get(house.agree(leads_to(client.post("/sign-in/at/city/")))))
    back = house.agree(leads_to(client.post("/sign-in/at/city/")), iss=house.issuer)
    assert client.get(back).status_code == 302


def test_the_same_mail_and_name_as_somebody_open_nothing(house: FakeProvider, login: Login) -> None:
    house.claims = {"email": "li.wei@example.cn", "email_verified": True, "name": login.username}
    client = Client()
    stays_out(client, enter(client, house, "person-2"), 403)
    client = Client()
    stays_out(client, enter(client, house, login.username), 403)
    assert Login.objects.count() == 1


def test_the_same_subject_of_another_issuer_opens_nothing(
    house: FakeProvider, settings: Any
) -> None:
    (one,) = settings.OIDC_PROVIDERS
    issuer = one.issuer.replace("127.0.0.1", "localhost")
    settings.OIDC_PROVIDERS = (Provider("city", one.name, issuer, CLIENT, one.client_secret),)
    house.described, house.claims = {"issuer": issuer}, {"iss": issuer}
    client = Client()
    stays_out(client, enter(client, house), 403)


def test_a_new_key_is_taken_and_the_old_one_is_not(house: FakeProvider) -> None:
    assert enter(Client(), house).status_code == 302
    old = house.key
    house.show("second", fresh_key("ES256"), "ES256")
    assert enter(Client(), house).status_code == 302
    house.token = lambda said: jwt.encode(said, old, "RS256", headers={"kid": "first"})
    assert enter(Client(), house).status_code == 422


def test_descriptions_and_keys_are_asked_for_once(house: FakeProvider) -> None:
    for _ in range(3):
        assert enter(Client(), house).status_code == 302
    assert sorted(house.asked) == [
        "/.well-known/openid-configuration",
        "/keys",
        *["/token"] * 3,
    ]


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://a.example/\r\nSet-Cookie: a=b"},
        {"authorization_endpoint": "https://user@a.example/"},
        {"jwks_uri": None},
        {"token_endpoint_auth_methods_supported": "client_secret_basic"},
    ],
)
def test_descriptions_that_lead_elsewhere(house: FakeProvider, described: dict[str, Any]) -> None:
    house.described = described
    reply = Client().post("/sign-in/at/city/")
    assert reply.status_code == 503
    assert "没有正常应答" in reply.content.decode()


def _redirect(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(302)
    handler.send_header("Location", "/keys")
    handler.end_headers()
    return True


def _much(handler: BaseHTTPRequestHandler) -> bool:
    body = b'{"keys": [' + b" " * provider_answers.MOST_BYTES + b"]}"
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    return True


def _no_json(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"[" * 100_000)
    return True


def _no_object(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"[]")
    return True


@pytest.mark.parametrize("answer", [_redirect, _much, _no_json, _no_object])
@pytest.mark.parametrize("at", ["/.well-known", "/token", "/keys"])
def test_answers_that_are_none(
    house: FakeProvider, answer: Callable[[BaseHTTPRequestHandler], bool], at: str
) -> None:
    house.answer = lambda handler: handler.path.startswith(at) and answer(handler)
    client = Client()
    reply = client.post("/sign-in/at/city/")
    if at != "/.well-known":
        reply = client.get(house.agree(leads_to(reply)))
    assert (reply.status_code, "没有正常应答" in reply.content.decode()) == (503, True)
    assert events("login.signed_in") == []


def test_a_provider_that_trickles_is_cut_off(
    house: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_answers, "SECONDS", 0.3)
    over = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass
        return True

    house.answer = trickle
    begun = time.monotonic()
    try:
        reply = Client().post("/sign-in/at/city/")
    finally:
        over.set()
    assert (reply.status_code, time.monotonic() - begun < 3) == (503, True)


def test_a_provider_that_is_down_is_said_and_not_asked_again_at_once(
    house: FakeProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def down(*args: Any) -> Any:
        tried.append(args[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(provider_answers, "_exchange", down)
    for _ in range(5):
        reply = Client().post("/sign-in/at/city/")
        assert (reply.status_code, "没有正常应答" in reply.content.decode()) == (503, True)
    assert len(tried) == 1
    assert "登录名" in opened(Client(), "/sign-in/")


@pytest.mark.parametrize(
    "onto", ["https://evil.example/", "//evil.example/", "\\\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_elsewhere(house: FakeProvider, onto: str) -> None:
    client = Client()
    assert enter(client, house, next=onto)["Location"] == "/work/"


def test_the_way_back_does_not_follow_the_host_that_was_asked_for(
    house: FakeProvider, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    address = leads_to(Client().post("/sign-in/at/city/", headers={"host": "evil.example"}))
    said = parse_qs(urlsplit(address).query)
    assert said["redirect_uri"] == ["http://localhost:8610/sign-in/at/city/back/"]


def test_the_session_key_changes_and_forms_are_guarded(house: FakeProvider) -> None:
    client = Client()
    address = leads_to(client.post("/sign-in/at/city/"))
    before = client.session.session_key
    assert client.get(house.agree(address)).status_code == 302
    assert client.session.session_key != before
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/sign-in/at/city/").status_code == 403
    assert strict.get("/sign-in/at/city/").status_code == 405


def test_a_confirmation_is_the_same_persons_all_along(
    house: FakeProvider, login: Login, city: City
) -> None:
    """Who planted the question in somebody's session confirms nothing as them."""
    own = person(login)
    address = leads_to(own.post("/people/safety/identity/city/"))
    session = own.session
    session["oidc_question"] = {**session["oidc_question"], "person": "somebody-else"}
    session.save()
    assert own.get(house.agree(address)).status_code == 422


def test_what_comes_back_is_in_no_page_or_entry(house: FakeProvider) -> None:
    client = Client()
    back = house.agree(leads_to(client.post("/sign-in/at/city/")), "person-9")
    code = parse_qs(urlsplit(back).query)["code"][0]
    reply = client.get(back)
    said = reply.content.decode() + "".join(row.body or "" for row in events())
    assert code not in said
    assert "person-9" not in said
    assert reply["Referrer-Policy"] in {"no-referrer", "same-origin"}
