"""TLS by settings: a node serves with its own certificate, and one that cannot says why."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crash.keeping import gongshu
from interface.test_commands import environment


def certificate(folder: Path, name: str = "tls") -> tuple[Path, Path]:
    """Write a self-signed certificate for localhost and its key; return both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return files


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tls") / "home"
    assert gongshu(home, "init").status == 0
    return home


@pytest.fixture(scope="module")
def served(node: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    crt, key = certificate(node.parent)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tls = {"GONGSHU_TLS": "here", "GONGSHU_TLS_CERTIFICATE": str(crt), "GONGSHU_TLS_KEY": str(key)}
    command = [sys.executable, "-m", "gongshu_server.commands", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**environment(node), **tls})
    trusted = ssl.create_default_context(cafile=str(crt))
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert asked(port, trusted, "/healthz").status == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        yield port, trusted
    finally:
        process.terminate()
        process.wait(30)


def asked(port: int, context: ssl.SSLContext, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    with closing(connection):
        connection.request("GET", path)
        reply = connection.getresponse()
        reply.read()
        return reply


def test_a_node_serves_with_its_certificate_and_asks_for_tls_from_then_on(
    served: tuple[int, ssl.SSLContext],
) -> None:
    port, trusted = served
    page = asked(port, trusted, "/sign-in/")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    for cookie in page.headers.get_all("Set-Cookie") or ():
        assert "secure" in cookie.lower()
    assert asked(port, trusted, "/v1/products/none/verify?key=x").status == 404


def test_nothing_is_answered_in_the_clear_or_below_1_2(served: tuple[int, ssl.SSLContext]) -> None:
    port, trusted = served
    with (
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as plain,
        pytest.raises((http.client.HTTPException, OSError)),
    ):
        plain.request("GET", "/healthz")
        plain.getresponse()
    with (
        closing(socket.create_connection(("127.0.0.1", port), 10)) as raw,
        trusted.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GONGSHU_TLS": "maybe"}, "GONGSHU_TLS 只能是"),
        ({"GONGSHU_TLS_CERTIFICATE": "/no/such"}, "不存在"),
        ({"GONGSHU_TLS_KEY": ""}, "不存在"),
        ({"GONGSHU_TLS_KEY": "other.key"}, "不是一对"),
        ({"GONGSHU_TLS_KEY": "tls.crt"}, "读不出来"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_starts(
    node: Path, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    crt, key = certificate(tmp_path)
    certificate(tmp_path, "other")
    tls = {"GONGSHU_TLS": "here", "GONGSHU_TLS_CERTIFICATE": str(crt), "GONGSHU_TLS_KEY": str(key)}
    inside = {k: str(tmp_path / v) if v.endswith(("key", "crt")) else v for k, v in changes.items()}
    said = gongshu(node, "serve", "--port", "0", **{**tls, **inside})
    assert said.status == 1
    assert words in said.text
    assert "Traceback" not in said.text
