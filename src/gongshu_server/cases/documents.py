"""Documents as they are handed in, before they belong to a case."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gongshu_server.accounts.actors import Actor
from gongshu_server.cases import attachments
from gongshu_server.cases.models import Attachment, Case, Document
from gongshu_server.journal.ids import ulid


@dataclass(frozen=True, slots=True)
class Paper:
    """A document to file: kind as the procedure names it, and what identifies it.

    `number`, `issuer`, `dated` and `receipt` are needed for decisions and filings of outside
    bodies; `text` is the content (or its transcript). `attachment` names a file that the acting
    body has uploaded and that this document is to carry.
    """

    kind: str
    title: str
    text: str = ""
    number: str = ""
    issuer: str = ""
    dated: date | None = None
    receipt: str = ""
    attachment: str = ""


def file(case: Case, papers: Iterable[Paper], *, by: Actor, at: datetime) -> list[dict[str, str]]:
    """File papers into the case; return what the timeline and the entry say of each.

    The digest is salted: a form with few possible contents must not be guessable from it. It takes
    in the digest of the file that the document carries. Raises NotFound for a file that is not the
    actor's own or already lies in a case.
    """
    said = []
    for paper in papers:
        carried = attachments.bind(paper.attachment, by=by) if paper.attachment else None
        row = Document(
            id=ulid(at),
            case=case,
            kind=paper.kind,
            title=paper.title,
            number=paper.number,
            issuer=paper.issuer,
            dated=paper.dated,
            receipt=paper.receipt,
            text=paper.text,
            salt=secrets.token_hex(32),
            added_at=at,
            added_by=by.text_id,
        )
        row.digest = digest_of(row, carried)
        row.save(force_insert=True)
        if carried is not None:
            carried.document = row
            carried.save(update_fields=["document"])
        said.append({"id": row.pk, "kind": paper.kind, "digest": row.digest})
    return said


def digest_of(row: Document, carried: Attachment | None) -> str:
    """Return the salted digest of a document as it stands, with the file that it carries."""
    paper = Paper(
        kind=row.kind,
        title=row.title,
        text=row.text,
        number=row.number,
        issuer=row.issuer,
        dated=row.dated,
        receipt=row.receipt,
        attachment=carried.pk if carried else "",
    )
    content = carried.digest if carried else ""
    return hashlib.sha256(f"{row.salt}\n{content}\n{paper!r}".encode()).hexdigest()


def kinds_present(case: Case) -> set[str]:
    """Return the kinds of document that the case already holds."""
    return set(Document.objects.filter(case=case).values_list("kind", flat=True))
