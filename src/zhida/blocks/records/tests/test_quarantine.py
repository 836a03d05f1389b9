"""The list of waiting rows: it falls with every correction, and a row is found by its number, its column or a value."""

from __future__ import annotations

import pytest

from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.records import api as records
from zhida.blocks.records.testing import RECEIVED_ON, community, id_number, make_feed, tiny_residents

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(tmp_path):
    """Two rows that wait, in the third and the fourth line of the file."""
    days = ("1991-05-12", "1992-05-12")
    wrong = [{**tiny_residents()[0], "id_number": id_number(day, 24), "birth_date": day, "sex": "?"} for day in days]
    wrong[1] |= {"name": "钱多多"}
    return records.receive_feed(SYSTEM, make_feed(tmp_path, "resident", [tiny_residents()[1], *wrong]), received_on=RECEIVED_ON)


def numbers(**filters):
    return [row.row_no for row in records.quarantined_rows(SYSTEM, Purpose.DATA_QUALITY, **filters).rows]


def test_a_corrected_row_no_longer_waits_but_stays_in_the_history(delivery):
    assert (numbers(waiting=True), records.rows_waiting(SYSTEM, Purpose.DATA_QUALITY)) == ([3, 4], 2)
    records.correct_row(SYSTEM, delivery.id, 3, {"sex": "女"})
    assert (numbers(waiting=True), numbers()) == ([4], [3, 4])
    assert records.rows_waiting(SYSTEM, Purpose.DATA_QUALITY) == 1


def test_an_officer_counts_the_waiting_rows_of_her_street(delivery):
    here, elsewhere = (Viewer("officer", "street_officer", str(community(code))[:9]) for code in (330106, 330108))
    records.correct_row(SYSTEM, delivery.id, 3, {"sex": "女"})
    assert [records.rows_waiting(viewer, Purpose.DATA_QUALITY) for viewer in (here, elsewhere)] == [1, 0]


@pytest.mark.parametrize(
    ("words", "found"), [("钱多", [4]), ("性别", [3, 4]), ("1992-05", [4]), ("nowhere", []), (" ", [3, 4]), ("1992-05-12", [4])]
)
def test_rows_are_found_by_column_or_value(delivery, words, found):
    assert numbers(words=words) == found


def test_a_row_is_found_by_its_number(delivery):
    assert 3 in numbers(words="3")


def test_an_account_bound_to_no_area_sees_no_waiting_row(delivery):
    nowhere = Viewer("nowhere", "street_officer")
    assert records.quarantined_rows(nowhere, Purpose.DATA_QUALITY).rows == []
    assert records.rows_waiting(nowhere, Purpose.DATA_QUALITY) == 0
