"""A form as DOCX: A4, 宋体 and 仿宋 by name, nothing that is fetched from anywhere.

The same form gives the same bytes: times inside are the form's own day, and the archive is packed
anew in a fixed order. Text goes in as text; what XML cannot hold is left out.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Any

import segno
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from gongshu_server.cases.channels import plain
from gongshu_server.cases.forms import HEADINGS, Form, day_text

TITLE_FONT, TEXT_FONT = "宋体", "仿宋"
_PACKED = (1980, 1, 1, 0, 0, 0)


def docx(form: Form) -> bytes:
    """Return the form as a DOCX file."""
    document = Document()
    _page(document)
    _text(document.add_paragraph(), form.title, size=22, font=TITLE_FONT, centre=True)
    _text(document.add_paragraph(), f"{HEADINGS['number']}：{form.number}", right=True)
    _table(document, [(entry.label, entry.text) for entry in form.entries], (4.0, 12.0))
    if form.opinions:
        _text(document.add_paragraph(), str(HEADINGS["opinions"]), size=16, font=TITLE_FONT)
        head = tuple(str(HEADINGS[c]) for c in ("step", "body", "text", "clause", "day"))
        rows = [(o.step, o.body, o.text, o.clause, day_text(o.day)) for o in form.opinions]
        _table(document, [head, *rows], (2.8, 3.4, 4.6, 2.6, 2.6))
    for name in form.seals:
        _text(document.add_paragraph(), f"{name}{HEADINGS['seal']}", right=True)
        _text(document.add_paragraph(), day_text(form.day), right=True)
    _code(document, form)
    _footer(document)
    _dated(document, form)
    made = io.BytesIO()
    document.save(made)
    return _packed(made.getvalue())


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    section.left_margin, section.right_margin = Cm(2.6), Cm(2.4)


def _text(
    paragraph: Any,
    text: str,
    *,
    size: int = 12,
    font: str = TEXT_FONT,
    centre: bool = False,
    right: bool = False,
) -> None:
    run = paragraph.add_run(plain(text))
    run.font.size, run.font.name = Pt(size), font
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    if centre or right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centre else WD_ALIGN_PARAGRAPH.RIGHT


def _table(document: Any, rows: list[tuple[str, ...]], widths: tuple[float, ...]) -> None:
    table = document.add_table(rows=0, cols=len(widths))
    table.style = "Table Grid"
    for row in rows:
        cells = table.add_row().cells
        for cell, text, width in zip(cells, row, widths, strict=True):
            cell.width = Cm(width)
            _text(cell.paragraphs[0], text)


def _code(document: Any, form: Form) -> None:
    picture = io.BytesIO()
    segno.make(form.verify, error="m", micro=False).save(picture, kind="png", scale=4)
    picture.seek(0)
    paragraph = document.add_paragraph()
    paragraph.add_run().add_picture(picture, width=Cm(2.4))
    _text(document.add_paragraph(), f"{HEADINGS['verify']}：{form.verify}", size=9)


def _footer(document: Any) -> None:
    paragraph = document.sections[0].footer.paragraphs[0]
    before, between, after = HEADINGS["page"]
    for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        _text(paragraph, text, size=9, centre=True)
        if field:
            _field(paragraph, field)


def _field(paragraph: Any, name: str) -> None:
    """Add a field that the word processor counts: the page, or how many there are."""
    run = paragraph.add_run()
    for kind in ("begin", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        run._element.append(mark)
        if kind == "begin":
            code = OxmlElement("w:instrText")
            code.text = name
            run._element.append(code)


def _dated(document: Any, form: Form) -> None:
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "", plain(form.title), ""
    properties.last_modified_by, properties.revision = "", 1
    properties.created = properties.modified = datetime.combine(form.day, time())


def _packed(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in sorted(old.namelist()):
            item = zipfile.ZipInfo(name, _PACKED)
            item.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(item, old.read(name))
    return made.getvalue()
