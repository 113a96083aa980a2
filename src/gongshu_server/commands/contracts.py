"""Data contracts as YAML files: read with care, written plainly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gongshu.vocabulary.errors import Invalid

MOST_BYTES = 1 << 20


class _Plain(yaml.SafeLoader):
    """Reads plain values only; an alias could stand for a thousand million of them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("alias")
        return super().compose_node(parent, index)


def read(path: Path) -> Any:
    """Return the document of a file; raises Invalid when it is too large or no plain YAML."""
    if path.stat().st_size > MOST_BYTES:
        raise Invalid(f"{path.name} 超过1 MB，不是数据合约。", code="not_a_contract")
    try:
        return yaml.load(path.read_bytes(), Loader=_Plain)  # noqa: S506 - a safe loader of our own
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as fault:
        raise Invalid(
            f"{path.name} 不是能读的 YAML（不接受别名 *），请核对。", code="not_a_contract"
        ) from fault


def write(document: Any, path: Path) -> None:
    """Write a document as YAML, its keys in their order."""
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    path.write_text(text, encoding="utf-8")
