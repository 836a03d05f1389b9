"""One person under two spellings is found and merged; twins are not; a merge can be undone."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.parties import api as parties


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.HOME = tmp_path / "home"


def write_residents(path, rows):
    """rows: id17, name, sex, birth_date as text, household_no, community"""
    import datetime

    names = ["id_number", "name", "sex", "birth_date", "household_no", "residence_community"]
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    days = pa.array([datetime.date.fromisoformat(row[3]) for row in rows])
    pq.write_table(table.set_column(3, "birth_date", days), path)
    return path


def write_witness(path, numbers):
    pq.write_table(pa.table({"id_number": pa.array(numbers, pa.int64())}), path)
    return path


HERE = 330106002051
FAMILY = [
    (33010619430101024, "王秀英", 2, "1943-01-01", 1, HERE),
    (33010619430101042, "王秀莹", 2, "1943-01-01", 1, HERE),
    (33010620190730044, "陈一诺", 2, "2019-07-30", 1, HERE),
    (33010620190730046, "陈一言", 2, "2019-07-30", 1, HERE),
    (33010619880302031, "陈立", 1, "1988-03-02", 1, HERE),
]


def link(tmp_path, witness):
    residents = write_residents(tmp_path / "r.parquet", FAMILY)
    parties.update_register([residents])
    return parties.find_duplicates([residents], [write_witness(tmp_path / "w.parquet", witness)])


TWINS_AND_THE_FIRST_SPELLING = [33010619430101024, 33010620190730044, 33010620190730046, 33010619880302031]


@pytest.mark.django_db
def test_two_spellings_are_merged_and_twins_are_not(tmp_path):
    linked = link(tmp_path, TWINS_AND_THE_FIRST_SPELLING)
    assert (linked.merged, linked.proposed) == (1, 0)
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION, "merged")
    assert merge.kept_resident_no == parties.resident_no_of("330106194301010240")
    assert merge.merged_resident_no == parties.resident_no_of("330106194301010420")
    assert merge.evidence["name"] == "one character differs"
    assert "秀" not in str(merge.evidence)
