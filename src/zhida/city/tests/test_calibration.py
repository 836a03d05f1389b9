"""The city meets the census."""

from __future__ import annotations

import numpy as np
import pytest

from zhida.blocks.places.api import census_population
from zhida.city.draws import Draws
from zhida.city.people import DISTRICTS, make_people
from zhida.city.plan import FIRST_COLLECTIVE, KIND_SIZES, make_plan
from zhida.city.report import CityReport, measure


def _report(residents: int, seed: int) -> CityReport:
    draws = Draws(seed)
    return measure(make_people(make_plan(residents, draws), draws), seed, "2025-10")


@pytest.mark.parametrize("seed", [1, 7, 20251105])
def test_a_demo_city_meets_every_target(seed: int):
    report = _report(60_000, seed)
    assert not [line for line in report.lines if not line.met]


def test_age_bands_and_sexes_stay_within_half_a_percentage_point():
    bands = [line for line in _report(300_000, 3).lines if line.measure.startswith(("age_", "male"))]
    assert len(bands) == 5
    assert all(abs(line.achieved - line.target) <= 0.5 for line in bands)


def test_the_whole_city_has_every_district_and_its_households_to_the_person():
    plan = make_plan(11_936_010, Draws(7))
    sizes = KIND_SIZES[plan.kind].astype(np.int64)
    starts = np.searchsorted(plan.community, DISTRICTS * 1_000_000)
    found = dict(zip(DISTRICTS.tolist(), np.add.reduceat(sizes, starts).tolist(), strict=True))
    assert found == census_population()
    family = plan.kind < FIRST_COLLECTIVE
    assert (int(family.sum()), int(sizes[family].sum()), int((~family).sum())) == (4_435_927, 10_469_588, 519_075)
    assert round(sizes[family].sum() / family.sum(), 2) == 2.36
    communities = plan.community[np.flatnonzero(np.diff(plan.community, prepend=0))]
    assert (len(np.unique(communities // 1000)), len(np.unique(communities)), len(communities)) == (196, 3320, 3320)
    assert (np.diff(plan.household_no) > 0).all()


def test_no_two_people_share_a_number():
    draws = Draws(11)
    people = make_people(make_plan(200_000, draws), draws)
    assert len(np.unique(people.first17)) == 200_000


def test_the_report_says_target_achieved_and_source():
    report = _report(10_000, 5)
    table = report.as_table()
    assert "桐庐县 330122" in table and "杭州市第七次人口普查主要数据公报" in table
    assert all(line.source for line in report.lines)
