"""The door of places: areas, groups of areas, codes that ended."""

from zhida.blocks.places.errors import UnknownArea
from zhida.blocks.places.geometry import Feature, extent, features
from zhida.blocks.places.queries import CITY_CODE, Area, area, census_population, city, communities, districts, streets
from zhida.blocks.places.rules import AREA_GROUPS, abolished_codes, split_codes

__all__ = [
    "AREA_GROUPS",
    "CITY_CODE",
    "Area",
    "Feature",
    "UnknownArea",
    "abolished_codes",
    "area",
    "census_population",
    "city",
    "communities",
    "districts",
    "extent",
    "features",
    "split_codes",
    "streets",
]
