"""Numbers as departments write them: plain, with thousands separators, in full-width digits."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

INTEGER: Final = r"^(0|-?[1-9][0-9]{0,17})$"
DECIMAL: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
GROUPED: Final = "grouped"  # a column's order when its numbers have separators or full-width digits
_WRITTEN = r"^[-－]?[0-9０-９][0-9０-９,，]*([.．][0-9０-９]+)?$"
_THOUSANDS = r"^-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$"
GLANCE: Final = re.compile(_WRITTEN)


def plain(values: pa.Array) -> pa.Array:
    """Return numbers with half-width digits and no separators, and null for what is no number.

    A comma must stand before every three digits, so that a list of values is no number.
    """
    written = pc.if_else(pc.match_substring_regex(values, _WRITTEN), values, None)
    narrow = pc.utf8_normalize(written, form="NFKC")
    bare = pc.replace_substring(narrow, ",", "")
    grouped = pc.match_substring_regex(narrow, _THOUSANDS)
    return pc.if_else(pc.or_(grouped, pc.match_substring_regex(narrow, DECIMAL)), bare, None)
