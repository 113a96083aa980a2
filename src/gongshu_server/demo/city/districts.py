"""The districts of the demo city as polygons: invented shapes on an invented coast.

Eight cells around drawn centres on a square of about half a degree, in the order of the
districts' codes. Nothing here is a place on the earth; the map of a real node is its operator's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from gongshu_server.demo.city.names import DISTRICTS

FILE: Final = "regions.geojson"
# In degrees; a grid of cells is cut along lines that wander a little.
_WEST, _SOUTH, _STEP = 121.0, 30.0, 0.2
_COLUMNS = 4
_BENDS = 6


def write_shapes(home: Path, *, seed: int) -> Path:
    """Write the districts as GeoJSON into the node's folder and return the file."""
    path = home / FILE
    path.write_text(json.dumps(shapes(seed=seed), ensure_ascii=False), encoding="utf-8")
    return path


def shapes(*, seed: int) -> dict[str, Any]:
    """Return one polygon a district; neighbours share their border exactly."""
    rng = np.random.default_rng(seed)
    rows = -(-len(DISTRICTS) // _COLUMNS)
    across = [[_line(rng) for _ in range(_COLUMNS)] for _ in range(rows + 1)]
    upward = [[_line(rng) for _ in range(_COLUMNS + 1)] for _ in range(rows)]
    features = []
    for place, (code, name, _) in enumerate(DISTRICTS):
        row, column = divmod(place, _COLUMNS)
        south = [(column + t, row + d) for t, d in across[row][column]]
        north = [(column + t, row + 1 + d) for t, d in across[row + 1][column]]
        west = [(column + d, row + t) for t, d in upward[row][column]]
        east = [(column + 1 + d, row + t) for t, d in upward[row][column + 1]]
        ring = south[:-1] + east[:-1] + north[::-1][:-1] + west[::-1]
        features.append(_feature(code, name, ring))
    return {"type": "FeatureCollection", "features": features}


def _line(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return a wandering line from (0, 0) to (1, 0)."""
    bends = rng.normal(0, 0.05, _BENDS).tolist()
    inner = [((k + 1) / (_BENDS + 1), bend) for k, bend in enumerate(bends)]
    return [(0.0, 0.0), *inner, (1.0, 0.0)]


def _feature(code: str, name: str, ring: list[tuple[float, float]]) -> dict[str, Any]:
    points = [[round(_WEST + x * _STEP, 5), round(_SOUTH + y * _STEP, 5)] for x, y in ring]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [[*points, points[0]]]},
    }
