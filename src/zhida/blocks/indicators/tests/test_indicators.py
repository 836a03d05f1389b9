"""What the cockpit shows adds up, hides small cells, and blames what was missed on the defect behind it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.indicators import api as indicators
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)
CAPTAIN = Viewer("captain", "captain", "330100")
DEATHS = [{"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}]


def decide(home: Path, **more: list[dict[str, Any]]) -> Any:
    snapshot = testing.tiny_city(home, death=DEATHS, **more)
    return policies.run_period(SYSTEM, OCTOBER, snapshot=snapshot, law_as_of=date(2025, 11, 5))


@pytest.fixture
def observed(own_home: Path) -> Any:
    run = decide(own_home)
    indicators.observe_month(SYSTEM, OCTOBER)
    return run


def test_districts_add_up_to_the_city(observed: Any) -> None:
    city = indicators.summary(CAPTAIN, "2025-10").total
    districts = indicators.by_area(CAPTAIN, "2025-10", 330100)
    assert len(districts) == 13
    assert (city.population, city.entitled) == (7, observed.entitled)
    assert sum(cell.population for cell in districts) == city.population
    assert sum(cell.entitled or 0 for cell in districts) == city.entitled
    assert sum(cell.entitled_fen or 0 for cell in districts) == city.entitled_fen == observed.entitled_fen


def test_benefits_and_ages_add_up_to_the_city(observed: Any) -> None:
    total = indicators.summary(CAPTAIN, "2025-10").total
    assert sum(cell.entitled or 0 for cell in indicators.by_benefit(CAPTAIN, "2025-10")) == total.entitled
    bands = indicators.by_age_sex(CAPTAIN, "2025-10", 330100)
    assert sum(both.population for _, _, both in bands) == 7
    assert sum(both.entitled or 0 for _, _, both in bands) == total.entitled
    assert all((male.entitled or 0) + (female.entitled or 0) == both.entitled for male, female, both in bands)


def test_below_the_district_small_cells_are_hidden(observed: Any) -> None:
    streets = [cell for cell in indicators.by_area(CAPTAIN, "2025-10", 330108) if cell.population]
    assert streets
    assert all(cell.hidden and cell.entitled_fen is None for cell in streets)


def test_only_those_who_may_see_statistics_see_them(observed: Any) -> None:
    with pytest.raises(PermissionMissing):
        indicators.summary(Viewer("zhou", "street_officer", "330106"), "2025-10")
    with pytest.raises(indicators.NotObserved):
        indicators.summary(CAPTAIN, "2019-01")


def test_a_person_whose_row_was_lost_is_missed_and_the_defect_named(own_home: Path) -> None:
    truth = decide(own_home)
    evidence = indicators.Evidence(policies.decisions_path(truth.id), records.snapshot_path(truth.snapshot_hash))
    residents = testing.tiny_residents()
    lost = next(row for row in residents if row["name"] == "沈阿英")
    delivered = decide(own_home, resident=[row for row in residents if row is not lost])
    assert delivered.id != truth.id
    defects = own_home / "defects.csv"
    defects.write_text(
        "feed,file,row_no,kind,column,delivered,true,affected\n"
        f"resident,resident.csv,6,wrong_check_digit,公民身份号码,x,y,{lost['id_number']}\n"
    )
    recall, precision = indicators.compare_with_truth(SYSTEM, OCTOBER, evidence, defects)
    figures = {figure.benefit: figure for figure in indicators.quality(CAPTAIN, "2025-10")}
    assert (figures["gaoling"].true_count, figures["gaoling"].matched_count, figures["gaoling"].missed_fen) == (2, 1, 6000)
    assert recall < 1 and precision == 1
    blamed = {(row.benefit, row.defect): row.missed_count for row in indicators.defect_cost(CAPTAIN, "2025-10")}
    assert blamed["gaoling", "wrong_check_digit"] == 1
