"""Identity providers of the authority: read once from the file that `GONGSHU_OIDC` names.

The file is TOML, one `[[provider]]` each: `code` (in addresses), `name` (on the button), `issuer`,
`client_id` and, for a confidential client, `client_secret`. It holds secrets, so nobody but its
owner may read it.
"""

from __future__ import annotations

import ipaddress
import re
import stat
import tomllib
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gongshu.vocabulary.errors import Invalid

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider, and what the node is registered as there."""

    code: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)


def read(path: str) -> tuple[Provider, ...]:
    """Return the configured providers in the file's order; none for an empty path.

    Raises Invalid, naming the file and what is wrong, for a file that cannot be used.
    """
    if not path:
        return ()
    file = Path(path)
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise _refusal(path, "其他用户也能读它，请执行 chmod 600")
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise _refusal(path, "文件读不了") from None
    except ValueError:
        raise _refusal(path, "不是 TOML 文件") from None
    rows = said.get("provider", [])
    if not isinstance(rows, list) or said.keys() - {"provider"}:
        raise _refusal(path, "只能有 [[provider]]")
    found = tuple(_provider(path, one) for one in rows)
    for what in ("code", "issuer"):
        twice = [v for v, n in Counter(getattr(one, what) for one in found).items() if n > 1]
        if twice:
            raise _refusal(path, f"{what} 重复：{twice[0]}")
    return found


def allowed_address(address: str, *, issuer: str) -> bool:
    """Tell whether the node may send anything there: https, or loopback for a loopback issuer."""
    try:
        parts = urlsplit(address)
        own = parts.port != 0 and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
    if not own or parts.fragment or not address.isascii() or re.search(r"[\x00-\x20\x7f]", address):
        return False
    clear = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    return parts.scheme == "https" or (clear and issuer.startswith("http://"))


def _provider(path: str, said: Any) -> Provider:
    known = {one.name for one in fields(Provider)}
    if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
        raise _refusal(path, "每一项都须是文字")
    if unknown := sorted(said.keys() - known):
        raise _refusal(path, f"不认识 {unknown[0]}")
    for name in sorted(known - {"client_secret"}):
        if not said.get(name):
            raise _refusal(path, f"缺少 {name}")
    made = Provider(**said)
    if not _CODE.fullmatch(made.code):
        raise _refusal(path, "code 须为小写字母、数字或连字符，最长 32 个")
    if not allowed_address(made.issuer, issuer=made.issuer) or "?" in made.issuer:
        raise _refusal(path, "issuer 须以 https:// 开头（本机可用 http://），不带参数")
    return made


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(path: str, why: str) -> Invalid:
    return Invalid(
        f"GONGSHU_OIDC 指定的 {path} 不能用：{why}。请改正后再启动。", code="bad_setting"
    )
