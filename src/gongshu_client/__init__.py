"""The typed client of a Gongshu node: every resource and action of its REST API, and products.

    with Client("https://node.example", key) as node:
        for resource in node.catalogue.resources():
            print(resource.title)
        order = node.market.place_order(product_id=…, request=Request(…))

Shapes and rooms are generated from the node's own description (`docs/reference/openapi.json`).
"""

from gongshu_client.client import Client
from gongshu_client.coding import Answer, Malformed
from gongshu_client.door import new_key
from gongshu_client.problems import (
    Conflict,
    Defect,
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    QuotaSpent,
    Stale,
    Unauthenticated,
    Unavailable,
    Unreachable,
    UploadBroken,
)
from gongshu_client.products import Dataset, Verification

__all__ = [
    "Answer",
    "Client",
    "Conflict",
    "Dataset",
    "Defect",
    "Invalid",
    "Malformed",
    "NotFound",
    "NotPermitted",
    "Problem",
    "QuotaSpent",
    "Stale",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "UploadBroken",
    "Verification",
    "new_key",
]
