"""Calls of a product as copyable text: curl, Python and JavaScript, with places to fill in."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gongshu_server.market.models import VERIFICATION, Product

KEY, CODE, TOKEN = "gs_您的凭证", "统一社会信用代码", "授权令牌"


@dataclass(frozen=True, slots=True)
class Example:
    """One way to call: the language's name and the text to copy."""

    name: str
    text: str


def examples(product: Product, origin: str) -> tuple[Example, ...]:
    """Return the calls of the product's form; `origin` is the node's address with a slash."""
    if product.form == VERIFICATION:
        url = f"{origin}v1/products/{product.pk}/verify"
        asks_subject = bool(product.question.get("authorisation"))
        return _verification(url, asks_subject)
    url = f"{origin}v1/products/{product.pk}/data?format=csv"
    return _dataset(url)


def _verification(url: str, asks_subject: bool) -> tuple[Example, ...]:
    said = {"key": CODE} | ({"authorisation": TOKEN} if asks_subject else {})
    body = json.dumps(said, ensure_ascii=False)
    return (
        Example(
            "curl",
            f"curl -s -X POST {url} \\\n  -H 'Authorization: Bearer {KEY}' \\\n"
            f"  -H 'Content-Type: application/json' \\\n  -d '{body}'",
        ),
        Example(
            "Python",
            "import json, urllib.request\n\n"
            f"request = urllib.request.Request(\n    {url!r},\n"
            f"    data=json.dumps({said!r}).encode(),\n"
            f'    headers={{"Authorization": "Bearer {KEY}"}},\n)\n'
            "with urllib.request.urlopen(request) as reply:\n    print(json.load(reply))",
        ),
        Example(
            "JavaScript",
            f'const reply = await fetch("{url}", {{\n  method: "POST",\n'
            f'  headers: {{ Authorization: "Bearer {KEY}" }},\n'
            f"  body: JSON.stringify({body}),\n}});\nconsole.log(await reply.json());",
        ),
    )


def _dataset(url: str) -> tuple[Example, ...]:
    return (
        Example("curl", f"curl -s '{url}' \\\n  -H 'Authorization: Bearer {KEY}' -o 数据.csv"),
        Example(
            "Python",
            "import urllib.request\n\n"
            f"request = urllib.request.Request(\n    {url!r},\n"
            f'    headers={{"Authorization": "Bearer {KEY}"}},\n)\n'
            'with urllib.request.urlopen(request) as reply, open("数据.csv", "wb") as file:\n'
            "    file.write(reply.read())",
        ),
        Example(
            "JavaScript",
            f'const reply = await fetch("{url}", {{\n'
            f'  headers: {{ Authorization: "Bearer {KEY}" }},\n}});\n'
            "console.log(await reply.text());",
        ),
    )
