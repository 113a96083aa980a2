"""Terms and sentences from tables and the library, in the reader's language.

Pages mark their own words for translation. What comes from procedures, vocabularies and errors is
Chinese text made elsewhere; its English stands in the catalogues `terms` and `sentences`, sentences
by the pattern that made them (`sentences.py`).
"""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gongshu_server.portal.sentences import translate


def say(text: str) -> str:
    """Return the text in the reader's language; unchanged where it has no translation."""
    if not text or not (get_language() or "").startswith("en"):
        return text
    return translate(text, _)


def titled_case(title: str) -> str:
    """Return a case's title, “matter：name”, with the matter in the reader's language alone."""
    matter, colon, name = title.partition("：")
    said = say(matter)
    return f"{said}: {name}" if colon and said != matter else title
