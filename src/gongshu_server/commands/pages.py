"""Parts of a report in one HTML file that needs nothing else: no script, no link, no font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gongshu.procedures import clause

STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#182433}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.3rem .8rem;text-align:left;"
    "border-bottom:1px solid #c8ced6;min-width:4em}td.n{text-align:right}"
    ".wide{overflow-x:auto}svg{max-width:100%;height:auto}"
    "blockquote{border-left:4px solid #206bc4;"
    "margin:1rem 0;padding:.2rem 1rem;background:#f3f6fb}.no{color:#a61e1e}.yes{color:#1e6b2e}"
)


def page(title: str, body: Sequence[str]) -> str:
    """Return the whole page; the title is escaped, the body is markup."""
    said = escape(title)
    return (
        '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{said}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{said}</h1>{''.join(body)}</main></body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, which scrolls where it is too wide; every cell is escaped."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    lines = (
        "<tr>" + f'<th scope="row">{escape(first)}</th>' + "".join(map(_cell, rest)) + "</tr>"
        for first, *rest in rows
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="wide" tabindex="0"><table>{inner}</table></div>'


def _cell(text: str) -> str:
    """Figures stand to the right, words to the left."""
    figure = not text.strip("0123456789.,–—-% ")
    return f'<td class="n">{escape(text)}</td>' if figure else f"<td>{escape(text)}</td>"


def law(code: str) -> str:
    """Return the wording of a clause, and whether it was read in the instrument itself."""
    rule = clause(code)
    seen = "" if rule.read else "（未对照标准原文，引用前请核对）"
    said = f"{rule.instrument} {rule.article}：{rule.zh}"
    return f"<blockquote>{escape(said)}{seen}</blockquote>"


def items(sentences: Iterable[str]) -> str:
    """Return a list of sentences, or nothing when there are none."""
    lines = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f"<ul>{lines}</ul>" if lines else ""


def bars(label: str, pairs: Sequence[tuple[str, float, str]], *, margin: int = 90) -> str:
    """Draw one bar for each (name, size, size as text); the text says the same to a reader.

    `margin` is the room for the names, in pixels.
    """
    most = max((size for _, size, _ in pairs), default=0) or 1
    drawn = "".join(
        f'<text x="{margin}" y="{at * 28 + 20}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{margin + 10}" y="{at * 28 + 5}" width="{420 * size / most:.1f}" height="20" '
        'fill="#206bc4"/>'
        f'<text x="{margin + 20 + 420 * size / most:.1f}" y="{at * 28 + 20}">{escape(said)}</text>'
        for at, (name, size, said) in enumerate(pairs)
    )
    told = escape("；".join(f"{name}：{said}" for name, _, said in pairs))
    width = margin + 590
    return (
        f'<svg viewBox="0 0 {width} {len(pairs) * 28}" width="{width}" role="img" '
        f'aria-label="{escape(label)}：{told}" font-size="14">{drawn}</svg>'
    )
