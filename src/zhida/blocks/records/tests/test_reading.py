"""One resident is read without a scan, by those who may see them, and the look is kept."""

from __future__ import annotations

import pytest

from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer, audit_entries
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.blocks.records.testing import HOUSEHOLD_OF_LIN, community, tiny_city, tiny_residents

pytestmark = pytest.mark.django_db

ID = {row["name"]: row["id_number"] for row in tiny_residents()}
ZHOU = Viewer("zhou_zhiqiang", "street_officer", str(community())[:9])
WU = Viewer("wu_jing", "street_officer", str(community(330108))[:9])


@pytest.fixture
def snapshot(tmp_path):
    return tiny_city(tmp_path)


def lin():
    return parties.resident_no_of(ID["林小满"])


def test_an_officer_of_her_street_sees_her_card_without_her_birth_date_in_the_number(snapshot):
    card = records.resident_card(ZHOU, Purpose.CASEWORK, lin())
    assert (card.name, card.sex, card.household_no) == ("林小满", "female", HOUSEHOLD_OF_LIN)
    assert card.masked_id == "330106********0222"
    assert audit_entries(f"resident {lin()}")[0].account == "zhou_zhiqiang"


def test_an_officer_of_another_street_sees_nothing(snapshot):
    with pytest.raises(NotYours):
        records.resident_card(WU, Purpose.CASEWORK, lin())
    assert records.find_residents(WU, Purpose.CASEWORK, "林小满") == []
    assert records.find_residents(WU, Purpose.CASEWORK, ID["林小满"]) == []


def test_a_resident_sees_only_herself(snapshot):
    herself = Viewer("lin", "resident", resident_no=lin())
    assert records.resident_card(herself, Purpose.OWN_ENTITLEMENTS, lin()).name == "林小满"
    with pytest.raises(NotYours):
        records.resident_card(herself, Purpose.OWN_ENTITLEMENTS, parties.resident_no_of(ID["陈立"]))
    with pytest.raises(NotYours):
        records.find_residents(herself, Purpose.OWN_ENTITLEMENTS, "陈")


def test_residents_are_found_by_the_beginning_of_a_name_and_by_number(snapshot):
    assert [card.name for card in records.find_residents(ZHOU, Purpose.CASEWORK, "陈")] == ["陈一诺", "陈安", "陈立"]
    assert [card.name for card in records.find_residents(ZHOU, Purpose.CASEWORK, ID["陈立"].lower())] == ["陈立"]
    assert records.find_residents(ZHOU, Purpose.CASEWORK, "龙") == []
    assert records.find_residents(ZHOU, Purpose.CASEWORK, " ") == []


def test_who_is_not_there_is_named_by_number(snapshot):
    with pytest.raises(records.ResidentNotFound, match="999"):
        records.household_of(999, snapshot.hash)
    with pytest.raises(records.HouseholdNotFound, match="12345"):
        records.read_household(snapshot.hash, 12345)
    with pytest.raises(records.SnapshotMissing):
        records.read_household("0" * 64, HOUSEHOLD_OF_LIN)


def test_a_sample_is_the_same_for_the_same_seed(snapshot):
    assert records.sample_residents(snapshot.hash, 4, 1) == records.sample_residents(snapshot.hash, 4, 1)
    assert len(records.sample_residents(snapshot.hash, 99, 1)) == 7


def test_names_are_given_by_number(snapshot):
    assert records.names_of(snapshot.hash, [lin()]) == {lin(): "林小满"}


def test_the_data_officer_lists_merges_of_the_whole_city(snapshot):
    assert parties.merges(SYSTEM, Purpose.OPERATION) == []
