"""Documents as they are handed in, before they belong to a case."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotPermitted
from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu.workflow.procedure import APPLICANT, Procedure
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases import attachments
from gongshu_server.cases.models import Attachment, Case, Document, Party
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
    actor's own or already lies in a case, NotPermitted for a kind that is another's to hand in.
    """
    papers = list(papers)
    _refuse_others(case, {paper.kind for paper in papers}, by=by)
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


def _refuse_others(case: Case, kinds: set[str], *, by: Actor) -> None:
    """Refuse kinds that a step asks for and that are not the actor's to hand in.

    A document opens the way to a step, so it comes from whoever may take the step or from whom
    the procedure names. Kinds that no step asks for open nothing: every party files them.
    """
    if not kinds or "system" in by.duties:
        return
    table = procedure(case.procedure)
    asked = sorted(kinds & set(table.documents))
    parts = Party.objects.filter(case=case, organisation_id=by.organisation)
    own = by.roles | set(parts.values_list("part", flat=True)) & {APPLICANT}
    for kind in asked:
        if own.isdisjoint(_givers(table, kind)):
            raise NotPermitted(
                f"“{table.documents[kind].zh}”不由您的机构提交，请由办理该步骤的机构或申请单位提交。",
                code="not_your_document",
                clause=table.documents[kind].clause,
            )


def _givers(table: Procedure, kind: str) -> set[str]:
    steps = (PERMISSIONS[t.permission].organisation_roles for t in table.asking(kind))
    return set(table.documents[kind].givers).union(*steps)


def kinds_present(case: Case) -> set[str]:
    """Return the kinds of document that the case already holds."""
    return set(Document.objects.filter(case=case).values_list("kind", flat=True))


def of_case(row: Case) -> QuerySet[Document]:
    """Return the documents of a case, each with the file that it carries."""
    carried = Attachment.objects.filter(document=OuterRef("pk"))
    return (
        Document.objects.filter(case=row)
        .annotate(
            file=Subquery(carried.values("pk")),
            file_name=Subquery(carried.values("name")),
            file_bytes=Subquery(carried.values("bytes")),
            file_erased=Subquery(carried.values("erased_at")),
        )
        .order_by("id")
    )
