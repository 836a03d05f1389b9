"""Every defect is in the files, and in the list of defects."""

from __future__ import annotations

from collections import Counter

import pytest

from zhida.city.contracts import fields
from zhida.city.dirt import Defect
from zhida.city.rates import dirt
from zhida.city.tests.conftest import BuiltCity, read
from zhida.kernel.identifiers import is_id_number

KINDS = {rule["kind"] for part in ("cells", "rows", "files") for rule in dirt()[part]}


def _rows(city: BuiltCity, defect: Defect) -> list[dict[str, str]]:
    other = {one.file for one in city.defects() if one.kind == "other_encoding"}
    return read(city.delivered / defect.file, "gb18030" if defect.file in other else "utf-8")


def test_every_kind_of_defect_is_recorded(city: BuiltCity):
    found = Counter(defect.kind for defect in city.defects())
    assert set(found) == KINDS
    assert city.report.defects == dict(found)


def test_every_recorded_cell_reads_in_its_file_as_recorded(city: BuiltCity):
    files: dict[str, list[dict[str, str]]] = {}
    for defect in city.defects():
        if defect.row_no:
            if defect.file not in files:
                files[defect.file] = _rows(city, defect)
            assert files[defect.file][defect.row_no - 1][defect.column] == defect.delivered, defect
            assert defect.delivered != defect.true
            assert defect.affected


def test_nothing_else_differs_from_the_truth(city: BuiltCity):
    """Rows that no defect names are the clean ones, byte for byte."""
    named = Counter(defect.file for defect in city.defects() if defect.row_no)
    whole = {defect.file for defect in city.defects() if not defect.row_no and defect.kind != "late_death"}
    for path in sorted(city.delivered.glob("*.csv")):
        if path.name in whole:
            continue
        delivered, clean = Counter(path.read_bytes().splitlines()), Counter((city.clean / path.name).read_bytes().splitlines())
        assert sum((delivered - clean).values()) == named[path.name], path.name


def test_check_digits_are_wrong_and_all_other_numbers_right(city: BuiltCity):
    wrong = [defect for defect in city.defects() if defect.kind == "wrong_check_digit"]
    assert len({defect.feed for defect in wrong}) > 2
    assert not any(is_id_number(defect.delivered) for defect in wrong)
    assert all(is_id_number(defect.true) for defect in wrong)


def test_a_second_spelling_is_a_valid_number_of_nobody_else(city: BuiltCity):
    truth = {row["id_number"]: row for row in city.truth("resident")}
    rows = read(city.delivered / "resident.csv")
    found = [defect for defect in city.defects() if defect.kind == "second_spelling"]
    assert found
    for defect in found:
        row, true = rows[defect.row_no - 1], truth[defect.true]
        assert is_id_number(defect.delivered) and defect.delivered not in truth
        assert sorted(defect.delivered[14:17]) == sorted(defect.true[14:17])
        assert row["姓名"] != true["name"] and (row["出生日期"], row["现居住社区代码"]) == (true["birth_date"], true["residence_community"])


def test_a_child_stands_in_two_households(city: BuiltCity):
    homes: dict[str, set[str]] = {}
    for row in read(city.delivered / "resident.csv"):
        homes.setdefault(row["公民身份号码"], set()).add(row["户号"])
    found = [defect for defect in city.defects() if defect.kind == "child_in_two_households"]
    assert found
    assert all(homes[defect.affected] == {defect.true, defect.delivered} for defect in found)


def test_late_deaths_are_not_delivered_and_their_people_still_registered(city: BuiltCity):
    late = {defect.affected for defect in city.defects() if defect.kind == "late_death"}
    delivered = {row["公民身份号码"] for row in read(city.delivered / "death.csv")}
    residents = {row["公民身份号码"] for row in read(city.delivered / "resident.csv")}
    true = {row["id_number"] for row in city.truth("death")}
    assert late and not late & delivered and late <= true and delivered | late == true
    assert len(late - residents) <= 1  # a number of theirs may be spoilt as well


def test_old_codes_stand_only_where_that_district_was(city: BuiltCity):
    for defect in city.defects():
        if defect.kind == "abolished_area":
            assert (defect.true[:6], defect.delivered[:6]) in {("330102", "330104"), ("330105", "330103"), ("330114", "330104")}


@pytest.mark.parametrize("rule", dirt()["files"], ids=lambda rule: f"{rule['kind']}-{rule['record_type']}")
def test_whole_files_are_empty_renamed_or_in_another_encoding(city: BuiltCity, rule: dict):
    defect = next(one for one in city.defects() if one.kind == rule["kind"] and one.feed == rule["record_type"])
    data = (city.delivered / defect.file).read_bytes()
    if rule["kind"] == "empty_file":
        assert data == b"" and int(defect.true) == len(read(city.clean / defect.file))
    elif rule["kind"] == "renamed_column":
        head = data.decode().splitlines()[0].split(",")
        assert rule["delivered"] in head and fields(rule["record_type"])["id_number"]["header"] not in head
    else:
        with pytest.raises(UnicodeDecodeError):
            data.decode()
        assert data.decode("gb18030").splitlines()[0] == (city.clean / defect.file).read_text(encoding="utf-8").splitlines()[0]
