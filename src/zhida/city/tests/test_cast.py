"""The people that stories know are in every city, the same and free of defects."""

from __future__ import annotations

import json
from pathlib import Path

from zhida.city.api import build_city
from zhida.city.rates import cast
from zhida.city.tests.conftest import OCTOBER, QUIET, BuiltCity


def test_lin_xiaoman_heads_her_household_in_xihu(city: BuiltCity):
    number = json.loads((city.delivered / "manifest.json").read_text(encoding="utf-8"))["cast"]["lin_xiaoman"]
    row = next(row for row in city.truth("resident") if row["id_number"] == number)
    assert (row["name"], row["birth_date"], row["household_no"], row["relation"]) == ("林小满", "1990-05-12", "330106999001", "户主")
    members = [row for row in city.truth("resident") if row["household_no"] == "330106999001"]
    assert len(members) == 6 == len(cast()["members"])


def test_the_father_in_law_has_a_certificate_and_no_assessment(city: BuiltCity):
    number = city.report.cast["chen_guoliang"]
    certificate = next(row for row in city.truth("disability_certificate") if row["id_number"] == number)
    assert certificate["level"] == "2" and certificate["long_term_care"] == "是"
    assert number not in {row["id_number"] for row in city.truth("ability_assessment")}


def test_the_cast_carries_no_defect(city: BuiltCity):
    affected = {defect.affected for defect in city.defects()}
    assert not affected & {*city.report.cast.values(), "330106999001"}


def test_the_cast_stands_first_in_every_file_whatever_the_seed(city: BuiltCity, tmp_path: Path):
    build_city(tmp_path, 2_000, 99, OCTOBER, progress=QUIET)
    for record_type in cast()["rows"]:
        for path in city.clean.glob(f"{record_type}*.csv"):
            if path.stem in (record_type, f"{record_type}__330106"):
                count = 1 + len(cast()["rows"][record_type])
                other = (tmp_path / "truth" / "2025-10" / "feeds" / path.name).read_bytes().splitlines()
                assert path.read_bytes().splitlines()[:count] == other[:count]
