"""TLS of the server: certificate and key are looked at before anything starts."""

from __future__ import annotations

import ssl
from pathlib import Path

from gongshu.vocabulary.errors import Invalid
from gongshu_server import configuration

OFF, HERE, PROXY = "off", "here", "proxy"


def options() -> list[str]:
    """Return the server's options for TLS: none unless it is done here.

    Raises Invalid when the settings, the certificate or its key cannot be used.
    """
    mode = configuration.value("GONGSHU_TLS")
    if mode not in {OFF, HERE, PROXY}:
        raise Invalid(
            f"GONGSHU_TLS 只能是 off、here 或 proxy，现在是“{mode}”。请改正。", code="bad_setting"
        )
    if mode != HERE:
        return []
    certificate = Path(configuration.value("GONGSHU_TLS_CERTIFICATE"))
    key = Path(configuration.value("GONGSHU_TLS_KEY"))
    _check(certificate, key)
    files = ("--ssl-certificate", str(certificate), "--ssl-keyfile", str(key))
    # Clients that know no 1.3 are still about in offices; below 1.2 there is nothing safe.
    return [*files, "--ssl-protocol-min", "tls1.2"]


def warning(*, local: bool) -> str:
    """Return what to say to whoever serves others in the clear; empty otherwise."""
    if local or configuration.value("GONGSHU_TLS") != OFF:
        return ""
    return (
        "注意：没有启用 TLS，凭证会在网上明文传送。"
        "请设 GONGSHU_TLS=here 和证书，或在前面放反向代理并设 GONGSHU_TLS=proxy。"
    )


def _check(certificate: Path, key: Path) -> None:
    for path, name in ((certificate, "GONGSHU_TLS_CERTIFICATE"), (key, "GONGSHU_TLS_KEY")):
        if not path.is_file():
            raise Invalid(f"{name} 所指的文件不存在：{path}。请核对路径。", code="tls_file_missing")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        readable = b"-----BEGIN PRIVATE KEY-----" in key.read_bytes()
    except (OSError, ValueError):
        raise Invalid(
            "证书和私钥读不出来，或不是一对。请核对两个文件的内容和权限。", code="tls_unusable"
        ) from None
    if not readable:
        raise Invalid(
            "私钥须是 PKCS#8 格式。请用 openssl pkcs8 -topk8 -nocrypt 转换。", code="tls_key_form"
        )
