"""Sessions in the database, with whose they are and when they began; they end by themselves.

A session ends after a time without a click (`GONGSHU_SESSION_IDLE_MINUTES`) and, whatever is
clicked, a time after its sign-in (`GONGSHU_SESSION_HOURS`). The machine's clock counts here: a
demo's clock that is moved forward ends nobody's session.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from gongshu_server.accounts.models import Session

BEGUN, DEVICE = "begun", "device"
# A click prolongs a session, but not every click is worth a write.
STEP = 60


class SessionStore(DatabaseStore):
    """Django's database sessions with an idle and an absolute end."""

    _ends: float | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the node's own table."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc] # Django's own
        self._ends = row.expire_date.timestamp() if row else None
        return row

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return the seconds after which the session ends unless something is clicked."""
        idle = settings.SESSION_IDLE
        begun = self.get(BEGUN)
        if begun is None:
            return idle
        left = int(begun + settings.SESSION_COOKIE_AGE - time.time())
        return max(0, min(idle, left))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return when that is."""
        return datetime.fromtimestamp(time.time() + self.get_expiry_age(), UTC)

    def begin(self, *, device: str) -> None:
        """Let the session begin now, as a sign-in does."""
        self[BEGUN], self[DEVICE] = time.time(), device[:120]

    def touch(self) -> None:
        """Prolong the session because of a click, at most once a minute."""
        if self._ends is not None and self._ends < time.time() + self.get_expiry_age() - STEP:
            self.modified = True

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row, with what its person sees of it in a list."""
        row = super().create_model_instance(data)
        if not isinstance(row, Session):
            raise TypeError("sessions are in the node's own table")
        row.person = str(data.get("person", ""))
        row.device = str(data.get(DEVICE, ""))
        if BEGUN in data:
            row.begun_at = datetime.fromtimestamp(data[BEGUN], UTC)
        return row
