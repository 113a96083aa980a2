"""Authentication of API calls: a key that is bound to a person and post, never in an address."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from gongshu.vocabulary.errors import NotFound, NotPermitted
from gongshu.vocabulary.permissions import READ
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require_scope
from gongshu_server.api.reading import READING
from gongshu_server.journal import clock

# Whoever holds a key may ask what it is for.
OPEN_TO_ANY_KEY = frozenset({"/api/v1/me"})


class KeyBearer(HttpBearer):
    """`Authorization: Bearer gs_…`; whatever is wrong with a key, the answer is the same 401."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Return the acting person; None for a key that cannot be used, whatever the reason.

        Raises NotPermitted for a read with a key that is not for reading; what an action needs is
        checked in the action.
        """
        try:
            actor = keys.holder(token, at=clock.now())
        except (NotFound, NotPermitted):
            return None
        request.auth = actor  # type: ignore[attr-defined] # A refusal below is this person's.
        if request.method in READING and request.path_info not in OPEN_TO_ANY_KEY:
            require_scope(actor, READ)
        return actor
