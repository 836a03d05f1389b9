"""What cannot be built is refused with a sentence, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhida.city.api import CityMonth, CitySeed, CitySize, FolderNotACity, TruthUnknown, build_city
from zhida.city.tests.conftest import OCTOBER, QUIET
from zhida.kernel.period import Month


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (CitySize, (10, 7, OCTOBER)),
        (CitySize, (50_000_000, 7, OCTOBER)),
        (CitySeed, (5_000, -1, OCTOBER)),
        (CityMonth, (5_000, 7, Month(2024, 1))),
        (CityMonth, (5_000, 7, Month(2026, 6))),
    ],
)
def test_a_city_that_cannot_be_built_is_refused_and_leaves_nothing(tmp_path: Path, error: type[Exception], arguments: tuple):
    with pytest.raises(error):
        build_city(tmp_path / "city", *arguments, progress=QUIET)
    assert not (tmp_path / "city").exists()


def test_an_unknown_truth_is_refused(tmp_path: Path):
    with pytest.raises(TruthUnknown, match="half"):
        build_city(tmp_path, 5_000, 7, OCTOBER, truth="half", progress=QUIET)


def test_files_of_a_real_department_are_never_overwritten(tmp_path: Path):
    feeds = tmp_path / "feeds" / OCTOBER.text
    feeds.mkdir(parents=True)
    (feeds / "resident.csv").write_text("real", encoding="utf-8")
    with pytest.raises(FolderNotACity):
        build_city(tmp_path, 2_000, 7, OCTOBER, progress=QUIET)
    assert (feeds / "resident.csv").read_text(encoding="utf-8") == "real"


def test_a_city_that_was_given_up_half_way_is_built_anew(tmp_path: Path):
    feeds = tmp_path / "feeds" / OCTOBER.text
    feeds.mkdir(parents=True)
    (feeds / ".city-unfinished").touch()
    (feeds / ".resident.csv.part0").write_text("half", encoding="utf-8")
    build_city(tmp_path, 2_000, 7, OCTOBER, truth="defects", progress=QUIET)
    assert not list(feeds.glob(".*"))
