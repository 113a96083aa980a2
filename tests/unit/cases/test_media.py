"""What an attachment is, by its content: the short list, and what only pretends to be on it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document

from gongshu.vocabulary.errors import Invalid
from gongshu_server.cases import media


def archive(*names: str) -> bytes:
    """Return an archive with these members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "x.pdf"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n", media.PDF),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"II*\x00....", "image/tiff"),
        (b"MM\x00*....", "image/tiff"),
        (archive("[Content_Types].xml", "word/document.xml"), media.DOCX),
        (archive("OFD.xml"), media.OFD),
    ],
)
def test_the_content_tells_the_kind(tmp_path: Path, content: bytes, kind: str) -> None:
    assert media.kind(written(tmp_path, content)) == kind


def test_a_real_document_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a"
    Document().save(str(path))
    assert media.kind(path) == media.DOCX


def long_listing() -> bytes:
    """Return a document whose listing alone is over a mebibyte."""
    return archive("word/document.xml", *(f"{n:05}" + "x" * 200 for n in range(5_000)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<!DOCTYPE html>",
        b"GIF89a",
        b"\x7fELF",
        archive("xl/workbook.xml"),
        archive("word/document.xml", "word/vbaProject.bin"),
        archive("word/document.xml")[:-30],
        long_listing(),
    ],
    ids=["nothing", "svg", "html", "gif", "program", "workbook", "macros", "cut off", "listing"],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid, match="PDF") as caught:
        media.kind(written(tmp_path, content))
    assert caught.value.code == "attachment_kind"


def test_a_file_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"%PDF-1.4\n")
    with path.open("r+b") as file:
        file.truncate(media.MOST_BYTES)
    assert media.kind(path) == media.PDF
    with path.open("r+b") as file:
        file.truncate(media.MOST_BYTES + 1)
    with pytest.raises(Invalid) as caught:
        media.kind(path)
    assert caught.value.code == "attachment_too_large"
