"""Calls of products: a verification's one word, a dataset's bytes, each with its receipt.

These are called with a product's key. A call is charged when it is answered, so that one whose
answer got lost on the way is not sent again by itself: the caller decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from gongshu_client.coding import decode
from gongshu_client.door import Door, Request, address

_PRODUCT = "/v1/products/{product_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer about one subject, as of a day, with the id of its receipt."""

    answer: str
    as_of: date
    receipt: str
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset on its way: `parts` are its bytes, to be read once."""

    as_of: str
    receipt: str
    parts: Iterator[bytes]


class Products:
    """The products that the key's party may use."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def verify(
        self,
        product_id: str,
        subject: str,
        *,
        purpose: str = "",
        items: tuple[str, ...] = (),
        authorisation: str = "",
    ) -> Verification:
        """Return what a verification answers about a subject.

        Raises NotPermitted and QuotaSpent with every broken limit and the refusal's own receipt,
        NotFound for a product that the key does not open, Unreachable when no answer came.
        """
        said = {"key": subject, "purpose": purpose, "items": ",".join(items)}
        request = Request(
            method="POST",
            path=address(_PRODUCT + "/verify", product_id=product_id),
            json={name: value for name, value in said.items() if value},
            headers=_authorised(authorisation),
        )
        return decode(Verification, self._door.send(request).json())

    @contextmanager
    def data(
        self, product_id: str, *, format: Literal["csv", "json"] = "csv", **said: str
    ) -> Iterator[Dataset]:
        """Open a dataset for reading; `said` may name purpose, items and authorisation.

        Raises as `verify` does.
        """
        query: Mapping[str, Any] = {"format": format} | said
        request = Request(
            method="GET", path=address(_PRODUCT + "/data", product_id=product_id), query=query
        )
        with self._door.stream(request) as response:
            yield Dataset(
                as_of=response.headers.get("Gongshu-As-Of", ""),
                receipt=response.headers.get("Gongshu-Receipt", ""),
                parts=response.iter_bytes(),
            )


def _authorised(authorisation: str) -> Mapping[str, str]:
    return {"Gongshu-Authorisation": authorisation} if authorisation else {}
