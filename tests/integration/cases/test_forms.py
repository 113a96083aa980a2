"""Forms: what stands on them, the same bytes every time, markup as text, a file Word opens."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import docx as word
import pytest
from django.template.loader import render_to_string
from django.test import Client

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.models import Organisation
from gongshu_server.cases import queries
from gongshu_server.cases.docx_forms import docx
from gongshu_server.cases.forms import Entry, Form, Opinion, form, kinds
from gongshu_server.portal import sessions
from gongshu_server.portal.templatetags.paper import paper
from integration.city import City, publicised, submitted

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<script>alert(1)</script>\u202e&amp;\x01"
SAMPLE = Form(
    kind="review",
    title="公共数据资源登记审批表",
    number="首次登记〔2025〕1号",
    entries=(Entry("事项", HOSTILE), Entry("申请方", "临澜市数据局")),
    opinions=(Opinion("受理", "登记中心", HOSTILE, "26号 第十条", date(2025, 9, 1)),),
    seals=("临澜市公共数据登记中心",),
    day=date(2025, 9, 2),
    verify="http://localhost:8610/cases/01/",
)


def view(city: City, case: str, by: str = "registry") -> queries.CaseView:
    return queries.overview(case, by=city.who(by), at=city.at)


def html(one: Form) -> str:
    return render_to_string("portal/components/paper.html", paper(one))


def words(content: bytes) -> str:
    """Return all text of a DOCX file."""
    read = word.Document(io.BytesIO(content))
    cells = [c.text for t in read.tables for row in t.rows for c in row.cells]
    return "\n".join([*(p.text for p in read.paragraphs), *cells])


def test_what_stands_on_an_application(city: City) -> None:
    row = submitted(city)
    made = form(view(city, row.case), "application")
    assert made.title == "首次登记申请表"
    assert made.number.startswith("首次登记〔2025〕")
    said = {entry.label: entry.text for entry in made.entries}
    assert said["申请方"] == "临澜市数据局"
    assert said["承办方"] == "临澜市公共数据登记中心"
    assert said["提出日期"] == "2025年9月1日"
    assert [e.text[:2] for e in made.entries if e.label == "材料"][:2] == ["1.", "2."]
    assert (made.opinions, made.seals) == ((), ("临澜市数据局",))
    assert made.verify.endswith(f"/cases/{row.case}/")


def test_a_review_has_each_opinion_with_its_clause(city: City) -> None:
    row = publicised(city)
    made = form(view(city, row.case), "review")
    assert [(o.step, o.clause) for o in made.opinions][:2] == [
        ("提出登记申请", "26号 第八条"),
        ("受理", "26号 第十条"),
    ]
    assert made.seals == ("临澜市公共数据登记中心",)
    notice = form(view(city, row.case), "notice")
    assert notice.opinions == made.opinions[-1:]


def test_kinds_and_who_may_not_see(city: City) -> None:
    row = submitted(city)
    assert [kind for kind, _ in kinds(view(city, row.case))] == ["application", "review", "notice"]
    with pytest.raises(NotFound):
        form(view(city, row.case), "agreement")
    with pytest.raises(NotFound):
        view(city, row.case, by="water")


def test_the_same_form_is_the_same_bytes() -> None:
    first, second = docx(SAMPLE), docx(SAMPLE)
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
    assert docx(replace(SAMPLE, number="X")) != first
    assert html(SAMPLE) == html(SAMPLE)


def test_word_opens_it_with_the_official_fonts_on_a4() -> None:
    read = word.Document(io.BytesIO(docx(SAMPLE)))
    section = read.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    title = read.paragraphs[0].runs[0]
    assert (title.text, title.font.name) == (SAMPLE.title, "宋体")
    body = read.tables[0].rows[0].cells[0].paragraphs[0].runs[0]
    assert body.font.name == "仿宋"
    assert 'w:eastAsia="仿宋"' in body._element.xml
    footer = section.footer.paragraphs[0]._p.xml
    assert "PAGE" in footer
    assert "NUMPAGES" in footer
    assert len(read.inline_shapes) == 1
    assert "临澜市公共数据登记中心（盖章）" in words(docx(SAMPLE))


def test_nothing_in_it_points_outside() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(SAMPLE))) as archive:
        for name in archive.namelist():
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in archive.read(name)


def test_markup_is_text_in_both() -> None:
    assert "<script>alert(1)</script>&amp;" in words(docx(SAMPLE))
    page = html(SAMPLE)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "style=" not in page
    assert '<svg class="qr"' in page.replace("\n", "") or 'class="qr"' in page


GOLDEN = (
    "<h1>公共数据资源登记审批表</h1>",
    '<p class="paper-number">受理号：首次登记〔2025〕1号</p>',
    "<td>26号 第十条</td>",
    "<p>临澜市公共数据登记中心（盖章）</p>",
    "<p>2025年9月2日</p>",
    "<p>扫码核对：http://localhost:8610/cases/01/</p>",
)


@pytest.mark.parametrize("line", GOLDEN)
def test_the_page_reads_as_it_always_did(line: str) -> None:
    assert line in html(SAMPLE)


def browser(city: City, code: str) -> Client:
    client = Client()
    person, post = city.cast.people[code, "handler"]
    session = client.session
    session[sessions.PERSON], session[sessions.POST] = person, post
    session.save()
    return client


def test_a_form_is_downloaded(city: City) -> None:
    Organisation.objects.filter(pk=city.org("bureau")).update(name="<b>数据局</b>")
    row = submitted(city)
    got: Any = browser(city, "registry").get(f"/cases/{row.case}/application.docx")
    assert got.status_code == 200
    assert got["Content-Disposition"].startswith("attachment;")
    assert "<b>数据局</b>" in words(got.content)
    assert browser(city, "water").get(f"/cases/{row.case}/application.docx").status_code == 404
    assert browser(city, "registry").get(f"/cases/{row.case}/poem.docx").status_code == 404
