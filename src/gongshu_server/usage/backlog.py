"""The backlog: work that was accepted and that no task does any more, found and queued again.

A file is received in one transaction and its reading is queued in the next; a crash between the
two, or a worker that fails, would leave the file waiting for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction

from gongshu_server.catalogue.models import ReceivedFile
from gongshu_server.jobs.tasks import enqueue, undone
from gongshu_server.usage.compilation import MOST_IDS, batched, raise_alarm

# Whoever received a file has queued its reading, or is reading it, long before this has passed.
GRACE = timedelta(minutes=1)


def queue_unread(*, at: datetime) -> int:
    """Queue each waiting file whose reading nobody does; return how many.

    A file whose reading failed again and again is not queued any more but alarmed. Two workers
    that do this at once queue nothing twice: each holds the files' rows while it looks.
    """
    waiting = ReceivedFile.objects.filter(outcome="waiting", received_at__lt=at - GRACE)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        ids = waiting.select_for_update(of=("self",)).values_list("pk", flat=True)
        found = [undone("ingest", some) for some in batched(list(ids), MOST_IDS)]
        again = list(chain.from_iterable(lost for lost, _ in found))
        for file_id in again:
            enqueue("ingest", file_id)
    for file_id in chain.from_iterable(given_up for _, given_up in found):
        sentence = f"接收的文件 {file_id} 多次读取失败，请运行单位查看运行日志。"
        raise_alarm("file_unread", file_id, sentence, at=at)
    return len(again)
