"""The file of identity providers: what is taken, and what is refused before the node starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gongshu.vocabulary.errors import Invalid
from gongshu_server.identity_providers import Provider, allowed_address, read

SOUND = """
[[provider]]
code = "city"
name = "市统一身份认证"
issuer = "https://id.example.cn/realms/city"
client_id = "gongshu"
client_secret = "secret"
"""


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    """Write the file and return its path."""
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_no_file_is_no_provider() -> None:
    assert read("") == ()


def test_a_sound_file(tmp_path: Path) -> None:
    second = SOUND.replace('"city"', '"other"').replace("id.example.cn", "id.example.com")
    issuer = "https://id.example.cn/realms/city"
    first, other = read(written(tmp_path, SOUND + second))
    assert first == Provider("city", "市统一身份认证", issuer, "gongshu", "secret")
    assert other.code == "other"
    assert "secret" not in repr(first).replace("client_secret", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[provider]", "TOML"),
        (SOUND.replace("client_id", "client"), "client"),
        (SOUND.replace('client_id = "gongshu"', ""), "缺少 client_id"),
        (SOUND.replace('"gongshu"', "1"), "文字"),
        (SOUND.replace('"city"', '"../x"'), "code"),
        (SOUND + SOUND, "code 重复"),
        (SOUND + SOUND.replace('"city"', '"other"'), "issuer 重复"),
        (SOUND.replace("https://id", "http://id"), "https"),
        (SOUND.replace("realms/city", "?x=1"), "https"),
        ("provider = [1]", "文字"),
        ("provider = 1", "[[provider]]"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid, match="GONGSHU_OIDC") as caught:
        read(written(tmp_path, text))
    assert said in caught.value.sentence


def test_a_file_that_others_can_read_or_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="chmod 600"):
        read(written(tmp_path, SOUND, 0o640))
    with pytest.raises(Invalid, match="读不了"):
        read(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://127.0.0.1:8000/a", True),
        ("http://[::1]/a", True),
        ("http://localhost/", True),
        ("https://id.example.cn/a?b=c", True),
        ("http://id.example.cn/", False),
        ("http://127.0.0.1.example.cn/", False),
        ("http://127.0.0.1@example.cn/", False),
        ("https:///a", False),
        ("https://a.example:99999/", False),
        ("https://a.example/#b", False),
        ("ftp://127.0.0.1/", False),
        ("//127.0.0.1/", False),
        ("", False),
    ],
)
def test_where_the_node_may_send_something(address: str, *, allowed: bool) -> None:
    assert allowed_address(address, issuer="http://127.0.0.1:1") is allowed


def test_an_issuer_elsewhere_leads_nobody_to_this_machine() -> None:
    assert not allowed_address("http://127.0.0.1/", issuer="https://id.example.cn")
