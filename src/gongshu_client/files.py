"""Files to the node: a large one in chunks, taken up again where it stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gongshu_client.coding import decode
from gongshu_client.door import Request, address
from gongshu_client.problems import Conflict, Problem, Unavailable, Unreachable, UploadBroken
from gongshu_client.rooms import Uploads
from gongshu_client.shapes import Accepted, CasesAttachment, CatalogueReceivedFile, UploadShown

Progress = Callable[[int, int], None]
"""Told after each chunk how many bytes the node holds, and of how many."""
_UPLOADS = "/api/v1/uploads"


class Files(Uploads):
    """Sends files and fetches attachments."""

    def send(
        self,
        path: str | os.PathLike[str],
        *,
        target_id: str = "",
        kind: str = "resource",
        document: str = "attachment",
        upload_id: str = "",
        progress: Progress | None = None,
    ) -> CatalogueReceivedFile | CasesAttachment:
        """Send a file in chunks and return what it has become.

        `kind` is resource, case or paper. With the `upload_id` of an upload that broke off it goes
        on where the node stands. Raises Problem, and UploadBroken when the line stays down: the
        upload waits on the node for seven days, and the exception names it.
        """
        path = Path(path)
        with path.open("rb") as file:
            if upload_id:
                upload = self.offset(upload_id)
            else:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                upload = self.announce(
                    kind=kind,
                    name=path.name,
                    size=path.stat().st_size,
                    target_id=target_id,
                    digest=digest,
                    document=document,
                )
            try:
                self._send_chunks(file, upload, progress)
                return self.finish(upload.id)
            except (Unreachable, Unavailable) as error:
                raise UploadBroken(upload.id) from error

    def append(self, upload_id: str, offset: int, chunk: bytes) -> int:
        """Send one chunk at the offset where the node stands; return where it stands then.

        A repeat of a chunk that had arrived is not written twice: it is the node's true offset.
        """
        request = Request(
            method="PATCH",
            path=address(_UPLOADS + "/{upload_id}", upload_id=upload_id),
            content=chunk,
            headers={
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            },
            repeatable=True,
        )
        try:
            return decode(Accepted, self._door.send(request).json()).offset
        except Conflict as refused:
            true = _true_offset(refused)
            if true is None:
                raise
            return true

    def _send_chunks(self, file: BinaryIO, upload: UploadShown, progress: Progress | None) -> None:
        offset = upload.offset
        while offset < upload.size:
            file.seek(offset)
            chunk = file.read(min(upload.chunk, upload.size - offset))
            if not chunk:
                raise ValueError("文件比开始上传时短了，请取消这次上传后重新上传。")
            offset = self.append(upload.id, offset, chunk)
            if progress is not None:
                progress(offset, upload.size)

    def receive(
        self, resource_id: str, path: str | os.PathLike[str], *, idempotency_key: str | None = None
    ) -> CatalogueReceivedFile:
        """Hand in a small file in one request; `send` is for what does not fit into one."""
        path = Path(path)
        return self._door.form(
            CatalogueReceivedFile,
            address("/api/v1/resources/{resource_id}/files", resource_id=resource_id),
            {"file": (path.name, path.read_bytes())},
            idempotency_key,
        )


def _true_offset(refused: Problem) -> int | None:
    said = refused.reasons[0] if refused.code == "wrong_offset" and refused.reasons else {}
    return int(said["offset"]) if "offset" in said else None
