"""GeoJSON geometries as well-known text, coordinates with the digits they were written in."""

from __future__ import annotations

from typing import Any, Final

from gongshu.lake.jsonstream import Number

# How deep the coordinates of each kind are nested (RFC 7946 §3.1): 0 is one position.
NESTING: Final = {
    "Point": 0,
    "LineString": 1,
    "MultiPoint": 1,
    "Polygon": 2,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}


def well_known_text(geometry: Any) -> str | None:
    """Return a GeoJSON geometry as WKT, or None for what is not a geometry of RFC 7946."""
    if not isinstance(geometry, dict):
        return None
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        texts = [well_known_text(part) for part in parts] if isinstance(parts, list) else [None]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts):
            return None
        return f"GEOMETRYCOLLECTION ({', '.join(known)})" if known else "GEOMETRYCOLLECTION EMPTY"
    if kind not in NESTING:
        return None
    coordinates = geometry.get("coordinates")
    if coordinates == []:
        return f"{kind.upper()} EMPTY"
    widths: set[int] = set()
    text = _written(coordinates, NESTING[kind], widths)
    if text is None or len(widths) != 1:
        return None
    mark = " Z" if widths == {3} else ""
    return f"{kind.upper()}{mark} {text if NESTING[kind] else f'({text})'}"


def _written(coordinates: Any, nesting: int, widths: set[int]) -> str | None:
    if not isinstance(coordinates, list) or not coordinates:
        return None
    if nesting:
        parts = [_written(part, nesting - 1, widths) for part in coordinates]
        known = [part for part in parts if part is not None]
        return f"({', '.join(known)})" if len(known) == len(parts) else None
    if len(coordinates) not in (2, 3) or any(each.__class__ is not Number for each in coordinates):
        return None
    widths.add(len(coordinates))
    return " ".join(coordinates)
