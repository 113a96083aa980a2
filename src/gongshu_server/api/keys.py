"""Authentication of API calls: a key that is bound to a person and post, never in an address."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from gongshu.vocabulary.errors import NotFound, NotPermitted
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import Actor
from gongshu_server.journal import clock


class KeyBearer(HttpBearer):
    """`Authorization: Bearer gs_…`; whatever is wrong with a key, the answer is the same 401."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Return the acting person; None for a key that cannot be used, whatever the reason."""
        try:
            return keys.holder(token, at=clock.now())
        except (NotFound, NotPermitted):
            return None
