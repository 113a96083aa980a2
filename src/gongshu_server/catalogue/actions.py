"""The catalogue's writes, one module a subject: entries and versions."""

from gongshu_server.catalogue.confirming import Confirmation
from gongshu_server.catalogue.entries import (
    Entry,
    amend,
    confirm_levels,
    file_resource,
    mark_closed,
    mark_opened,
    mark_published_elsewhere,
    note_change,
    publish,
    record_secrecy_review,
    return_entry,
    stop_as_secret,
    withdraw,
)
from gongshu_server.catalogue.uploads import (
    accept_chunk,
    begin_chunk,
    drop_abandoned,
    drop_upload,
    finish_upload,
    open_upload,
)
from gongshu_server.catalogue.versions import (
    File,
    Version,
    receive,
    record_snapshot,
    record_unreadable,
)

__all__ = [
    "Confirmation",
    "Entry",
    "File",
    "Version",
    "accept_chunk",
    "amend",
    "begin_chunk",
    "confirm_levels",
    "drop_abandoned",
    "drop_upload",
    "file_resource",
    "finish_upload",
    "mark_closed",
    "mark_opened",
    "mark_published_elsewhere",
    "note_change",
    "open_upload",
    "publish",
    "receive",
    "record_secrecy_review",
    "record_snapshot",
    "record_unreadable",
    "return_entry",
    "stop_as_secret",
    "withdraw",
]
