"""What a browser says of itself, as a person knows it: Chrome on Windows."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

# The first that is found names it: a browser says the names of those that it descends from, too.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("QQBrowser", "QQ 浏览器"),
    ("360SE", "360 浏览器"),
    ("360EE", "360 浏览器"),
    ("Qaxbrowser", "奇安信浏览器"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Kylin", "麒麟"),
    ("UOS", "统信"),
    ("Linux", "Linux"),
)


def device(said: str) -> str:
    """Return browser and system in words; what is not known says so and shows no raw text."""
    if not said:
        return "—"
    browser = _first(_BROWSERS, said) or _("其他浏览器或程序")
    system = _first(_SYSTEMS, said)
    return f"{browser} · {system}" if system else browser


def _first(known: Sequence[tuple[str, str]], said: str) -> str:
    return next((name for mark, name in known if mark in said), "")
