"""The door of the city: what departments would deliver for a month, and the truth it is measured by."""

from zhida.city.build import build_city
from zhida.city.errors import CityMonth, CitySeed, CitySize, FolderNotACity, TruthUnknown
from zhida.city.report import CityReport, ReportLine

__all__ = ["CityMonth", "CityReport", "CitySeed", "CitySize", "FolderNotACity", "ReportLine", "TruthUnknown", "build_city"]
