"""Exactly-once writes: a request that is sent again is answered again, and done once.

A caller (a program, or a form in a page) gives each request a key of its own choosing. The row of
the request is written in the transaction of the action itself, so that a crash never leaves "done
but not remembered", nor the reverse. For every door:

    with once(key, action="market.place_order", arguments=arguments, by=by) as request:
        order = market.place_order(**arguments, by=by, at=at)
    return request.answer

The body of `with` performs ONE action (what it calls in turn belongs to it). Three things can come:

* The request is new: the action runs, `answer(result)` is what will be said to a repeat.
* The same actor sent the same key and the same content before: the action does not run, the rest
  of the body is left out, `request.replayed` is true and `request.answer` what was said then.
* The same key came with other content: Invalid (`key_reused`), journalled as every refusal is.

Two at once wait for each other where the database can let them; one is done, and the other is
answered as a repeat or refused as a Conflict. A refusal is not remembered: nothing was done, and
the same request may be in order a minute later. An empty key means that the caller asks for none
of this. `answer` must hold no secret: what is shown once is not kept to be shown again.

A page puts a fresh key (`new_key()`) into a hidden field of its form when it draws it, and hands it
to `once` when the form comes back: a double click, the back button and a reload are repeats.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from gongshu.vocabulary.errors import Invalid
from gongshu_server.journal.actions import after_commit, attending
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Request
from gongshu_server.journal.recording import ByWhom, plain
from gongshu_server.secrets_folder import secret

_PURPOSE: Final = b"gongshu.request\x00"
_FORM: Final = re.compile(r"[\x21-\x7e]{1,200}")
_BATCH: Final = 500


class Replayed(Exception):  # not a DomainError: nothing was refused
    """The action was done before, under the same key and with the same content."""


@dataclass(slots=True)
class Once:
    """One request on its way: what identifies it, and after it the answer to give."""

    key: str
    actor: str
    digest: str
    keep: Callable[[Any], Any]
    answer: Any = None
    replayed: bool = False
    _row: str = field(default="")
    _done: bool = field(default=False)

    def before(self, *, at: datetime) -> None:
        """Claim the key in the action's transaction; Replayed or Invalid when it is taken."""
        if self._done:
            raise RuntimeError("one request, one action")
        if not self.key:
            return
        self._row = ulid(at)
        mine = Request(
            id=self._row, actor=self.actor, key=self.key, digest=self.digest, answer="", at=at
        )
        # Of two at once the second waits here until the first has committed, and then sees it.
        Request.objects.bulk_create([mine], ignore_conflicts=True)
        row = Request.objects.get(actor=self.actor, key=self.key)
        if row.pk == self._row:
            return
        if not hmac.compare_digest(row.digest, self.digest):
            raise Invalid(
                "同一个请求标识已用于内容不同的另一次办理，请换一个新的标识后再提交。",
                code="key_reused",
            )
        self.answer, self.replayed = json.loads(row.answer), True
        raise Replayed

    def after(self, result: Any) -> None:
        """Write what a repeat will be told, before the action's transaction commits."""
        self.answer = json.loads(json.dumps(self.keep(result), ensure_ascii=False))
        if self.key:
            text = json.dumps(self.answer, ensure_ascii=False)
            Request.objects.filter(pk=self._row).update(answer=text)
        after_commit(self._close)

    def _close(self) -> None:
        self._done = True


def new_key() -> str:
    """Return a key that nobody has used: 128 random bits as text."""
    return secrets.token_urlsafe(16)


@contextmanager
def once(
    key: str,
    *,
    action: str,
    arguments: Mapping[str, Any],
    by: ByWhom,
    answer: Callable[[Any], Any] = lambda result: None,
) -> Iterator[Once]:
    """Let the one action in the body of `with` be done at most once under this key.

    `arguments` is all that makes the request what it is: values, mappings, lists, dataclasses;
    only a digest of it under the node's secret is kept. `answer` turns the action's result into
    what a repeat is told (JSON-able). Raises Invalid for a key of another form than 1 to 200
    visible ASCII characters, and for one that was used with other content.
    """
    if key and not _FORM.fullmatch(key):
        raise Invalid(
            "请求标识须为 1 至 200 个可见的英文字符，建议使用随机值。", code="key_malformed"
        )
    digest = _digest(action, arguments) if key else ""
    one = Once(key=key, actor=by.text_id, digest=digest, keep=answer)
    try:
        with attending(one):
            yield one
    except Replayed:
        return


def forget(*, at: datetime) -> int:
    """Delete the requests that are older than the node remembers them; return how many.

    Small batches, each a transaction of its own: nobody waits for this.
    """
    limit = at - timedelta(days=settings.GONGSHU_REQUEST_DAYS)
    count = 0
    while ids := list(Request.objects.filter(at__lt=limit).values_list("pk", flat=True)[:_BATCH]):
        count += Request.objects.filter(pk__in=ids).delete()[0]
    return count


def _digest(action: str, arguments: Mapping[str, Any]) -> str:
    said = json.dumps(plain({"action": action, "arguments": arguments}), sort_keys=True)
    key = secret(Path(settings.HOME), "node.secret")
    return hmac.digest(key, _PURPOSE + said.encode(), "sha256").hex()
