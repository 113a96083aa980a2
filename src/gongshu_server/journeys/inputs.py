"""What no door lets in: times without a zone, and text that cannot be kept as it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from gongshu.vocabulary.errors import Invalid

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def refuse_unfit(value: Any) -> None:
    """Raise Invalid for a time without its zone and for text that cannot be kept as it reads.

    That is half a character, a control character, and what turns the direction of text around: a
    name could be made to read as another one.
    """
    if isinstance(value, datetime) and value.tzinfo is None:
        raise Invalid("时间须带时区，例如 2026-01-01T09:00:00+08:00。", code="time_without_zone")
    if isinstance(value, str) and UNFIT.search(value):
        raise Invalid("文字中含有看不见的控制字符，请删除后重试。", code="unfit_text")
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, one.name) for one in fields(value)]
    elif isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        for one in value:
            refuse_unfit(one)
