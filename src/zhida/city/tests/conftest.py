"""One small city for all tests: built once, delivered and clean."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from zhida.city.api import CityReport, build_city
from zhida.city.contracts import fields
from zhida.city.dirt import Defect
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress

QUIET = partial(Progress, quiet=True)
OCTOBER = Month(2025, 10)


@dataclass(frozen=True)
class BuiltCity:
    """A built city and how to read its files."""

    out: Path
    report: CityReport

    @property
    def delivered(self) -> Path:
        return self.out / "feeds" / OCTOBER.text

    @property
    def clean(self) -> Path:
        return self.out / "truth" / OCTOBER.text / "feeds"

    def truth(self, record_type: str) -> list[dict[str, str]]:
        """Return the clean rows of a type, of all its files, by field name."""
        names = {definition["header"]: name for name, definition in fields(record_type).items()}
        files = [path for path in sorted(self.clean.glob("*.csv")) if path.stem.split("__")[0] == record_type]
        return [{names[header]: cell for header, cell in row.items()} for path in files for row in read(path)]

    def defects(self) -> list[Defect]:
        with (self.out / "truth" / OCTOBER.text / "defects.csv").open(encoding="utf-8", newline="") as handle:
            return [Defect(**(row | {"row_no": int(row["row_no"])})) for row in csv.DictReader(handle)]


def read(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> BuiltCity:
    out = tmp_path_factory.mktemp("city")
    return BuiltCity(out, build_city(out, 20_000, 7, OCTOBER, progress=QUIET))
