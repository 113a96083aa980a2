"""A passkey from the first click to the last, in a browser against a served node."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from gongshu_server.accounts import logins
from gongshu_server.journal import clock
from integration.city import City
from integration.conftest import city, recorded_cast

__all__ = ["city", "recorded_cast"]

PASSWORD = "lin-lan-7-qiao-shang-yu"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_added_and_signs_in(
    browser: Browser,
    city: City,
    request: pytest.FixtureRequest,
    settings: Any,
) -> None:
    """The button appears, the browser's own authenticator answers, and no code is asked for."""
    # The test server would look for files of these addresses itself; the node serves its own.
    settings.STATIC_URL, settings.MEDIA_URL = "/no-static/", "/no-media/"
    live_server = request.getfixturevalue("live_server")
    settings.ADDRESS = live_server.url
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    person, _ = city.cast.people["insurer", "handler"]
    city.at = clock.now() - timedelta(minutes=1)
    login = city.do(logins.open_login, "node", person_id=person, username="li.wei")
    login.set_password(PASSWORD)
    login.save()
    context = browser.new_context(locale="zh-CN", base_url=live_server.url)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto("/sign-in/")
    page.get_by_label("登录名").fill("li.wei")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/inbox/")
    page.goto("/people/safety/passkey/")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="继续").click()
    page.get_by_label("名称").fill("办公电脑")
    page.get_by_role("button", name="添加").click()
    page.wait_for_url("**/people/safety/")
    expect(page.get_by_text("办公电脑")).to_be_visible()
    context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/inbox/")
    context.close()
