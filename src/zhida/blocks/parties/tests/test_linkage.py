"""One person under two spellings is found and merged; twins are not; a merge can be undone."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Purpose, Viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.parties.models import ResidentMerge


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.HOME = tmp_path / "home"


def write_residents(path, rows):
    """rows: id17, name, sex, birth_date as text, household_no, community"""

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


@pytest.mark.django_db
def test_linking_again_changes_nothing_and_an_undone_merge_stays_undone(tmp_path):
    link(tmp_path, TWINS_AND_THE_FIRST_SPELLING)
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION)
    assert parties.merged_numbers() == {merge.merged_resident_no: merge.kept_resident_no}
    parties.undo_merge(SYSTEM, merge.id)
    assert parties.merged_numbers() == {}
    assert link(tmp_path, TWINS_AND_THE_FIRST_SPELLING) == parties.Linked(0, 0, 0)
    assert parties.merge_residents(SYSTEM, merge.id).state == "merged"


@pytest.mark.django_db
def test_twins_whom_no_other_register_knows_are_not_merged_by_themselves(tmp_path):
    assert link(tmp_path, []).merged == 0


@pytest.mark.django_db
def test_only_the_data_officer_decides_and_a_street_sees_its_own_pairs(tmp_path):
    link(tmp_path, TWINS_AND_THE_FIRST_SPELLING)
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION)
    zhou = Viewer("zhou_zhiqiang", "street_officer", str(HERE)[:9])
    with pytest.raises(PermissionMissing):
        parties.undo_merge(zhou, merge.id)
    assert len(parties.merges(zhou, Purpose.DATA_QUALITY)) == 1
    assert parties.merges(Viewer("wu_jing", "street_officer", "330108001"), Purpose.DATA_QUALITY) == []
    with pytest.raises(parties.MergeNotFound, match="no merge 0"):
        parties.merge_residents(SYSTEM, 0)


@pytest.mark.django_db
def test_a_number_cannot_be_merged_into_two(tmp_path):
    ResidentMerge.objects.create(kept_resident_no=1, merged_resident_no=2, match_probability=1, state="merged")
    second = ResidentMerge.objects.create(kept_resident_no=3, merged_resident_no=2, match_probability=0.9, state="proposed")
    around = ResidentMerge.objects.create(kept_resident_no=2, merged_resident_no=1, match_probability=0.9, state="proposed")
    with pytest.raises(parties.MergeImpossible, match="already merged into 1"):
        parties.merge_residents(SYSTEM, second.id)
    with pytest.raises(parties.MergeImpossible, match="2 is already merged into it"):
        parties.merge_residents(SYSTEM, around.id)


def test_numbers_stay_and_new_ones_follow(tmp_path):
    first = write_residents(tmp_path / "a.parquet", FAMILY[:2])
    assert parties.update_register([first]) == 2
    number = parties.resident_no_of("330106194301010240")
    second = write_residents(tmp_path / "b.parquet", FAMILY[1:])
    assert parties.update_register([second]) == 3
    assert parties.update_register([second]) == 0
    assert parties.resident_no_of("330106194301010240") == number
    assert parties.resident_no_of("330106198803020310") in (3, 4, 5)
    assert parties.resident_no_of("110105194912310020") is None
    assert parties.resident_no_of("") is None
