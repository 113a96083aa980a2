"""Electronic seals (电子印章) and fixed-layout files (OFD): the contracts that adapters keep.

No adapter is shipped: a seal is made by the city's own sealing system under the seal's owner's
control, and a fixed-layout file by a library of its vendor's. A stand-in would look like a seal
and prove nothing. An adapter is a class that keeps the contract; the node's operator names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gongshu_server.cases.forms import Form


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file: its bytes, its media type, the seal's number and when it was put on."""

    content: bytes
    media: str
    seal: str
    at: datetime


class ElectronicSeal(Protocol):
    """Puts an organisation's electronic seal on a file (GB/T 38540 describes such seals).

    `seal` sends the file to the sealing system and returns what came back, unchanged. It raises
    `Unavailable` when the system does not answer and `NotPermitted` when it refuses; it never
    returns an unsealed file. It is called outside any transaction and may be called again with the
    same `key` after a crash: the system puts no second seal on then. It neither keeps nor logs the
    file. `verify` tells whether the seal on a file is genuine and the file unchanged since.
    """

    def seal(self, content: bytes, *, media: str, organisation: str, key: str) -> Sealed:
        """Return the file with the organisation's seal on it."""

    def verify(self, sealed: Sealed) -> bool:
        """Tell whether the seal is genuine and nothing was changed since."""


class FixedLayout(Protocol):
    """Renders a form as OFD (GB/T 33190), the fixed-layout format of official papers.

    Equal forms give equal bytes. Text is text: nothing in a form is read as markup. The file holds
    everything that it shows; it names no resource outside itself.
    """

    media: str

    def render(self, form: Form) -> bytes:
        """Return the form as one file."""
