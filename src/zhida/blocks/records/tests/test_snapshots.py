"""From feeds to a snapshot: who is in it, what is known of them, and that it is the same every time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.blocks.records.testing import (
    HOUSEHOLD_OF_LIN,
    RECEIVED_ON,
    account_number,
    community,
    id_number,
    make_feed,
    organisation_code,
    tiny_city,
    tiny_residents,
)
from zhida.kernel import clock
from zhida.kernel.period import NEVER, Month

pytestmark = pytest.mark.django_db

OCTOBER = Month.parse("2025-10")
ID = {row["name"]: row["id_number"] for row in tiny_residents()}


def number(name):
    return parties.resident_no_of(ID[name])


def fact(snapshot, name, fact_name):
    """Read one fact of one resident."""
    household = records.read_household(snapshot.hash, records.household_of(number(name), snapshot.hash))
    return household.person[fact_name][household.resident_nos.index(number(name))]


def family(snapshot):
    return records.read_household(snapshot.hash, HOUSEHOLD_OF_LIN)


def test_every_living_resident_stands_in_their_household(tmp_path):
    snapshot = tiny_city(tmp_path)
    assert (snapshot.persons, snapshot.households, snapshot.claims) == (7, 3, 0)
    assert len(family(snapshot).resident_nos) == 4
    assert family(snapshot).household["head_resident_no"] == number("林小满")
    assert fact(snapshot, "林小满", "is_head") is True
    assert fact(snapshot, "陈立", "is_head") is False
    assert fact(snapshot, "林小满", "birth_date") == date(1990, 5, 12)
    assert fact(snapshot, "林小满", "hukou_local") is True
    assert family(snapshot).household["street"] == community() // 1000


def test_row_groups_are_the_chunks_of_the_manifest(tmp_path):
    path = Path(tiny_city(tmp_path).path)
    (chunk,) = json.loads((path / "manifest.json").read_text())["chunks"]
    assert (chunk["person_rows"], chunk["household_rows"], chunk["claim_rows"]) == (7, 3, 0)
    for name in ("person", "household", "claim"):
        assert pq.ParquetFile(path / f"{name}.parquet").metadata.row_group(0).num_rows == chunk[f"{name}_rows"]


def test_the_same_inputs_give_the_same_snapshot_and_the_same_bytes(tmp_path, settings):
    first = tiny_city(tmp_path)
    assert records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON).id == first.id
    bytes_of = {path.name: path.read_bytes() for path in Path(first.path).iterdir()}
    first.delete()
    again = records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)
    assert again.hash == Path(again.path).name
    settings.HOME = tmp_path / "elsewhere"
    records.Delivery.objects.all().delete()
    elsewhere = tiny_city(tmp_path / "second")
    assert {path.name: path.read_bytes() for path in Path(elsewhere.path).iterdir()} == bytes_of


def test_a_register_never_delivered_is_unknown_and_one_delivered_without_a_row_is_absent(tmp_path):
    snapshot = tiny_city(tmp_path, veteran=[{"id_number": ID["吴大有"], "kind": "retired", "valid_from": "2000-01-01"}])
    assert fact(snapshot, "吴大有", "veteran_kind") == 1
    assert fact(snapshot, "林小满", "veteran_kind") == 0
    assert fact(snapshot, "林小满", "wage") is None
    assert fact(snapshot, "林小满", "died_on") is None


def test_a_district_without_a_delivery_is_unknown(tmp_path):
    row = {"household_no": 330108000001, "certificate_no": "1", "kind": "dibao", "valid_from": "2024-01-01", "area": 330108}
    snapshot = tiny_city(tmp_path, low_income=[row])
    assert records.read_household(snapshot.hash, 330108000001).household["certified_kind"] == 1
    assert family(snapshot).household["certified_kind"] is None


def test_an_empty_cell_means_what_the_contract_says(tmp_path):
    row = {"id_number": ID["陈立"], "registered_on": "2025-06-01", "hardship": False}
    snapshot = tiny_city(tmp_path, unemployment=[row])
    assert fact(snapshot, "陈立", "unemployed_on") == date(2025, 6, 1)
    assert fact(snapshot, "陈立", "reemployed_on") == NEVER
    assert fact(snapshot, "陈立", "unemployment_involuntary") is None
    assert fact(snapshot, "林小满", "unemployment_involuntary") is False
    assert fact(snapshot, "林小满", "unemployed_on") == NEVER


def test_money_area_and_organisation_keep_their_units(tmp_path):
    employer = organisation_code(7)
    wage = [{"id_number": ID["陈立"], "month": "2025-10", "employer_code": employer, "wage": "8000.5"}]
    means = [{"household_no": HOUSEHOLD_OF_LIN, "tested_on": "2025-01-01", "monthly_income": "0", "dwelling_area": "89.25"}]
    snapshot = tiny_city(tmp_path, wage=wage, means_test=means)
    assert fact(snapshot, "陈立", "wage") == 800050
    assert fact(snapshot, "陈立", "employer") == employer
    assert fact(snapshot, "林小满", "employer") is None
    assert family(snapshot).household["dwelling_area"] == 8925
    assert family(snapshot).household["household_income"] == 0
    assert family(snapshot).household["means_tested"] is True
    assert family(snapshot).household["household_savings"] is None


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "counts"),
    [
        ("2025-10-31", None, True),
        ("2025-11-01", None, False),
        ("2020-01-01", "2025-10-01", True),
        ("2020-01-01", "2025-09-30", False),
    ],
)
def test_a_row_counts_while_it_is_valid_in_the_month(tmp_path, valid_from, valid_until, counts):
    row = {"id_number": ID["陈一诺"], "kind": "other", "valid_from": valid_from, "valid_until": valid_until}
    assert bool(fact(tiny_city(tmp_path, child_in_difficulty=[row]), "陈一诺", "difficulty_kind")) is counts


def test_a_mother_is_known_by_her_resident_number(tmp_path):
    born = {"mother_id_number": ID["林小满"], "born_on": "2025-08-18", "birth_order": 2, "plurality": 1, "hukou_first_local": True}
    snapshot = tiny_city(tmp_path, birth=[{**born, "id_number": ID["陈安"]}])
    assert fact(snapshot, "陈安", "mother") == number("林小满")
    assert fact(snapshot, "陈一诺", "mother") == 0


def test_private_vehicles_are_counted(tmp_path):
    def car(plate, purpose, until=None):
        row = {"plate_no": plate, "id_number": ID["陈立"], "purpose": purpose, "valid_from": "2020-01-01"}
        return {**row, "valid_until": until, "area": 330106}

    cars = [car("浙A1", "private"), car("浙A2", "private"), car("浙A3", "operating"), car("浙A4", "private", "2021-01-01")]
    snapshot = tiny_city(tmp_path, vehicle=cars)
    assert fact(snapshot, "陈立", "private_vehicles") == 2
    assert fact(snapshot, "林小满", "private_vehicles") == 0
    assert fact(snapshot, "吴大有", "private_vehicles") is None


def test_who_died_before_the_month_is_left_out_and_who_died_in_it_stays(tmp_path):
    deaths = [
        {"id_number": ID["吴大有"], "died_on": "2025-09-30", "registered_on": "2025-10-20"},
        {"id_number": ID["陈立"], "died_on": "2025-10-01", "registered_on": "2025-10-20"},
    ]
    snapshot = tiny_city(tmp_path, death=deaths)
    assert snapshot.persons == 6
    assert fact(snapshot, "陈立", "died_on") == date(2025, 10, 1)
    assert fact(snapshot, "林小满", "died_on") == NEVER
    widow = records.read_household(snapshot.hash, 330108000001)
    assert widow.resident_nos == [number("沈阿英")]
    assert widow.household["head_resident_no"] == number("沈阿英")
    assert sorted(records.died_residents()) == sorted([number("吴大有"), number("陈立")])


def test_a_row_in_quarantine_makes_its_facts_unknown_until_it_is_corrected(tmp_path):
    row = {"id_number": ID["陈立"], "registered_on": "2025-02-30", "involuntary": True, "hardship": False}
    snapshot = tiny_city(tmp_path, unemployment=[row])
    assert fact(snapshot, "陈立", "unemployed_on") is None
    assert fact(snapshot, "林小满", "unemployed_on") == NEVER
    (delivery,) = records.deliveries(SYSTEM, Purpose.DATA_QUALITY, "unemployment")
    correction = records.correct_row(SYSTEM, delivery.id, 2, {"registered_on": "2025-02-28"})
    later = records.freeze_snapshot(SYSTEM, OCTOBER, correction.received_on)
    assert later.hash != snapshot.hash
    assert fact(later, "陈立", "unemployed_on") == date(2025, 2, 28)


def complete(snapshot, household_no=HOUSEHOLD_OF_LIN):
    return records.read_household(snapshot.hash, household_no).household["members_complete"]


def test_a_household_is_not_complete_while_a_row_that_names_it_waits(tmp_path):
    rows = tiny_residents()
    wrong = rows[3]["id_number"][:-1] + ("1" if rows[3]["id_number"][-1] != "1" else "2")
    snapshot = tiny_city(tmp_path, resident=[*rows[:3], {**rows[3], "id_number": wrong}, *rows[4:]])
    assert len(family(snapshot).resident_nos) == 3
    assert complete(snapshot) is None
    assert complete(snapshot, 330108000001) is True
    delivery = next(each for each in records.deliveries(SYSTEM, Purpose.DATA_QUALITY) if each.record_type == "resident")
    correction = records.correct_row(SYSTEM, delivery.id, 5, {"id_number": rows[3]["id_number"]})
    assert complete(records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)) is None, "as known before the correction"
    records.link_residents(SYSTEM)
    later = records.freeze_snapshot(SYSTEM, OCTOBER, correction.received_on)
    assert (complete(later), len(family(later).resident_nos)) == (True, 4)


def test_a_duplicate_in_another_household_leaves_that_one_open_and_a_repeated_row_does_not(tmp_path):
    rows = tiny_residents()
    snapshot = tiny_city(tmp_path, resident=[*rows, {**rows[2], "household_no": 330108000001}, rows[1]])
    assert (complete(snapshot), complete(snapshot, 330108000001), complete(snapshot, 330105000001)) == (True, None, True)


def test_nobody_waits_for_a_member_who_died_before_the_month(tmp_path):
    rows = tiny_residents()
    waiting = [{**row, "residence_community": 330104001001} if row["name"] in ("沈阿英", "陈立") else row for row in rows]
    death = [{"id_number": ID["沈阿英"], "died_on": "2025-09-30", "registered_on": "2025-10-02"}]
    death += [{"id_number": ID["陈立"], "died_on": "2025-10-01", "registered_on": "2025-10-02"}]
    snapshot = tiny_city(tmp_path, resident=waiting, death=death)
    assert snapshot.persons == 5
    assert (complete(snapshot, 330108000001), complete(snapshot)) == (True, None)


def test_a_waiting_row_whose_household_cannot_be_read_or_is_not_there_names_nobody(tmp_path):
    extra = tiny_residents()[0]
    unread = {**extra, "id_number": id_number("2001-01-01", 7), "birth_date": "2001-01-01", "household_no": "33010699900x"}
    nowhere = {**extra, "id_number": id_number("2001-01-02", 7), "birth_date": "2001-02-30", "household_no": 330106999999}
    snapshot = tiny_city(tmp_path, resident=[*tiny_residents(), unread, nowhere])
    assert [complete(snapshot, number) for number in (HOUSEHOLD_OF_LIN, 330108000001, 330105000001)] == [True] * 3


def test_facts_are_as_known_on_the_day(tmp_path):
    snapshot = tiny_city(tmp_path)
    death = [{"id_number": ID["吴大有"], "died_on": "2025-09-01", "registered_on": "2025-11-03"}]
    records.receive_feed(SYSTEM, make_feed(tmp_path / "later", "death", death), received_on=date(2025, 11, 4))
    assert records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON).hash == snapshot.hash
    assert records.freeze_snapshot(SYSTEM, OCTOBER, date(2025, 11, 4)).persons == 6


def test_increments_add_up_and_the_newest_row_of_a_key_wins(tmp_path):
    def death(name, day):
        return {"id_number": ID[name], "died_on": day, "registered_on": "2025-10-20"}

    first = make_feed(tmp_path / "1", "death", [death("吴大有", "2025-10-02"), death("沈阿英", "2025-10-03")])
    second = make_feed(tmp_path / "2", "death", [death("沈阿英", "2025-10-05")])
    records.receive_feed(SYSTEM, first, received_on=date(2025, 10, 30))
    records.receive_feed(SYSTEM, second, received_on=date(2025, 10, 31))
    snapshot = tiny_city(tmp_path)
    assert fact(snapshot, "吴大有", "died_on") == date(2025, 10, 2)
    assert fact(snapshot, "沈阿英", "died_on") == date(2025, 10, 5)


def test_a_confirmed_duplicate_replaces_the_row_that_was_accepted(tmp_path):
    rows = tiny_residents()
    snapshot = tiny_city(tmp_path, resident=[*rows, {**rows[2], "household_no": 330108000001}])
    assert records.household_of(number("陈一诺"), snapshot.hash) == HOUSEHOLD_OF_LIN
    delivery = next(each for each in records.deliveries(SYSTEM, Purpose.DATA_QUALITY) if each.record_type == "resident")
    correction = records.correct_row(SYSTEM, delivery.id, 9, {})
    later = records.freeze_snapshot(SYSTEM, OCTOBER, correction.received_on)
    assert records.household_of(number("陈一诺"), later.hash) == 330108000001
    assert later.persons == 7


def test_merged_numbers_are_one_resident_with_the_facts_of_both(tmp_path):
    again = id_number("1943-11-02", 21, 330108)
    twice = {**tiny_residents()[5], "id_number": again, "name": "沈阿瑛", "relation": "other"}
    wage = {"month": "2025-10", "employer_code": organisation_code(1), "wage": "1.00"}
    snapshot = tiny_city(
        tmp_path,
        resident=[*tiny_residents(), twice],
        medical_enrolment=[{"id_number": ID["沈阿英"], "scheme": "resident_other", "year": 2025, "ltc_insured": True}],
    )
    assert snapshot.persons == 7
    (merge,) = parties.merges(SYSTEM, Purpose.OPERATION, "merged")
    assert merge.kept_resident_no == number("沈阿英")
    records.receive_feed(SYSTEM, make_feed(tmp_path, "wage", [{**wage, "id_number": again}]), received_on=RECEIVED_ON)
    merged = records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)
    assert fact(merged, "沈阿英", "wage") == 100
    assert fact(merged, "沈阿英", "ltc_insured") is True
    parties.undo_merge(SYSTEM, merge.id)
    assert records.freeze_snapshot(SYSTEM, OCTOBER, clock.today()).persons == 8
    # On the day before, nobody knew better: the same facts again are the same snapshot.
    assert records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON).hash == merged.hash
    records.link_residents(SYSTEM)
    assert [each.state for each in parties.merges(SYSTEM, Purpose.OPERATION)] == ["undone"]


def test_claims_of_the_month_stand_beside_their_persons(tmp_path):
    claim = {"id_number": ID["陈立"], "kind": "inpatient", "tier": "tertiary"}
    claim |= {"eligible_cost": "1234.50", "cost_before": "0", "deductible_paid": "0"}
    claims = [{**claim, "claim_no": 1, "settled_on": "2025-10-31"}, {**claim, "claim_no": 2, "settled_on": "2025-09-30"}]
    snapshot = tiny_city(tmp_path, medical_claim=claims)
    assert snapshot.claims == 1
    found = family(snapshot).claim
    assert (found["claim_no"], found["resident_no"], found["claim_cost"]) == ([1], [number("陈立")], [123450])


def test_an_account_is_found_unless_it_was_closed(tmp_path):
    def account(name, n, closed=None):
        return {"id_number": ID[name], "account_no": account_number(n), "bank_code": "ICBC", "closed_on": closed}

    snapshot = tiny_city(tmp_path, card_account=[account("林小满", 1), account("陈立", 2, "2025-10-01"), account("吴大有", 3)])
    found = records.account_of([number("林小满"), number("陈立")], snapshot.hash)
    assert found.to_pylist() == [{"resident_no": number("林小满"), "account_no": account_number(1), "bank_code": "ICBC"}]


def test_the_account_of_an_organisation_is_found_unless_it_was_closed(tmp_path):
    def account(n, closed=None):
        row = {"organisation_code": organisation_code(n), "name": f"单位{n}", "account_no": account_number(n), "bank_code": "ICBC"}
        return {**row, "closed_on": closed}

    accounts = [account(3), account(1), account(2, "2025-10-31"), account(4, "2025-12-31")]
    snapshot = tiny_city(tmp_path, organisation_account=accounts)
    codes = [organisation_code(n) for n in (4, 3, 2, 9, 3)]
    found = records.organisation_accounts_of(codes, snapshot.hash).to_pylist()
    wanted = sorted((organisation_code(n), account_number(n)) for n in (3, 4))
    assert [(row["organisation_code"], row["account_no"]) for row in found] == wanted
    whole = pq.read_table(Path(snapshot.path) / "organisation_accounts.parquet")
    assert whole.column_names == ["organisation_code", "account_no", "bank_code"]
    assert whole["organisation_code"].to_pylist() == sorted(organisation_code(n) for n in (1, 3, 4))


def test_without_a_delivery_no_organisation_has_an_account(tmp_path):
    assert records.organisation_accounts_of([organisation_code(1)], tiny_city(tmp_path).hash).num_rows == 0
    assert records.organisation_accounts_of([], records.newest_snapshot().hash).num_rows == 0


def test_a_wrong_account_of_an_organisation_waits_for_the_whole_city(tmp_path):
    row = {"organisation_code": organisation_code(1), "name": "单位1", "account_no": account_number(1)[:-1] + "x", "bank_code": "ICBC"}
    twice = {**row, "account_no": account_number(2)}
    snapshot = tiny_city(tmp_path, organisation_account=[row, twice, {**twice, "account_no": account_number(3)}])
    delivery = next(each for each in records.deliveries(SYSTEM, Purpose.DATA_QUALITY) if each.record_type == "organisation_account")
    found = records.quarantined_rows(SYSTEM, Purpose.DATA_QUALITY, delivery.id).rows
    assert [(row.reason, row.area) for row in found] == [("account_number_invalid", None), ("duplicate_key", None)]
    assert records.organisation_accounts_of([organisation_code(1)], snapshot.hash)["account_no"].to_pylist() == [account_number(2)]


def test_a_month_without_a_snapshot_says_what_to_do(tmp_path):
    with pytest.raises(records.NoSnapshot, match="Receive the departments' feeds and freeze that month first"):
        records.snapshot_for(OCTOBER)


def test_a_city_without_residents_cannot_be_frozen(tmp_path):
    with pytest.raises(records.NoResidents, match="No resident register"):
        records.freeze_snapshot(SYSTEM, OCTOBER, RECEIVED_ON)
