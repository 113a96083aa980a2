"""What kind of file an attachment is, told from its first bytes; its name decides nothing.

The list is short and names only what officials send with a case. Nothing here opens a file's
content beyond its outermost form, and nothing is ever rendered by the node.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Final

from gongshu.vocabulary.errors import Invalid

PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OFD: Final = "application/ofd"
# First bytes, what they stand for.
_MAGIC: Final = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_ZIP: Final = b"PK\x03\x04"
# A member that tells what an archive is.
_MEMBERS: Final = (("word/document.xml", DOCX), ("OFD.xml", OFD))
_MACROS: Final = "vbaproject.bin"
# An archive's own listing is read whole, so it must be small: a document has a few dozen members.
_MOST_LISTING: Final = 1 << 20
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"

MOST_BYTES: Final = 32 << 20
EXTENSIONS: Final = {
    PDF: ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    DOCX: ".docx",
    OFD: ".ofd",
}


def kind(path: Path) -> str:
    """Return the media type of a file by its content.

    Raises Invalid for anything that is not on the list, whatever it is called, for a document with
    macros, and for a file over 32 MiB.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Invalid("附件不能超过 32 MiB，请压缩扫描件后重新上传。", code="attachment_too_large")
    with path.open("rb") as stream:
        head = stream.read(8)
    for magic, media in _MAGIC:
        if head.startswith(magic):
            return media
    found = _in_archive(path) if head.startswith(_ZIP) else ""
    if not found:
        raise Invalid(
            "附件只接受 PDF、OFD、DOCX（不含宏）和 PNG、JPEG、TIFF 图片，按文件内容判断；"
            "请转换格式后重新上传。",
            code="attachment_kind",
        )
    return found


def _in_archive(path: Path) -> str:
    if _listing_size(path) > _MOST_LISTING:
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    if any(name.lower().endswith(_MACROS) for name in names):
        return ""
    return next((media for member, media in _MEMBERS if member in names), "")


def _listing_size(path: Path) -> int:
    """Return what the archive's end record says of its listing's size; a damaged one is too big."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - (_END.size + 0xFFFF)))
        tail = stream.read()
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        return _MOST_LISTING + 1
    size: int = _END.unpack_from(tail, place)[5]
    return size
