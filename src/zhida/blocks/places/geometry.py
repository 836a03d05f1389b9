"""Outlines of areas for maps, drawn once by ``scripts/build_geometry.py``: nothing geometric happens when a page is asked for.

Districts are real. Streets and communities are made-up cells (``synthetic``): a page that shows them says so.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhida.blocks.places.queries import area
from zhida.kernel.text import Text

_FILE = Path(__file__).with_name("data") / "geometry.json.gz"
_NOTHING: dict[str, Any] = {"synthetic": True, "width": 1000, "height": 1000, "areas": []}


@dataclass(frozen=True)
class Feature:
    """One area on the map of its parent (OGC API Features: Feature).

    ``path`` is SVG, north up, within ``extent`` of the parent. The largest circle that fits inside has its centre at
    ``label_x, label_y`` and the radius ``label_room``.
    """

    code: int
    name: Text
    path: str
    label_x: int
    label_y: int
    label_room: int
    synthetic: bool


def features(parent_code: int) -> list[Feature]:
    """List the areas directly below one, by code; empty for a community or an unknown code."""
    drawn = _drawings().get(str(parent_code), _NOTHING)
    return [Feature(code, area(code).name, path, x, y, room, drawn["synthetic"]) for code, path, x, y, room in drawn["areas"]]


def extent(parent_code: int) -> tuple[int, int]:
    """Return width and height of a parent's map; the longer one is 1000."""
    drawn = _drawings().get(str(parent_code), _NOTHING)
    return drawn["width"], drawn["height"]


@cache
def _drawings() -> dict[str, Any]:
    return json.loads(gzip.decompress(_FILE.read_bytes()))  # type: ignore[no-any-return]
