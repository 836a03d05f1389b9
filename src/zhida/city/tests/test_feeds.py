"""The clean files keep the contracts, and what they say fits together."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

import pytest

from zhida.blocks.places.api import area
from zhida.city.contracts import contracts, fields
from zhida.city.tests.conftest import BuiltCity, read
from zhida.kernel.identifiers import is_id_number, is_uscc, luhn_check_digit

RECEIVED = date(2025, 11, 1)


def _keeps(definition: dict, cell: str) -> bool:
    """Say whether a cell is what its field's type wants."""
    if cell == "":
        return not definition.get("required")
    match definition["type"]:
        case "id_number":
            return is_id_number(cell)
        case "date":
            return bool(date.fromisoformat(cell)) and (not definition.get("past") or date.fromisoformat(cell) < RECEIVED)
        case "month":
            return bool(re.fullmatch(r"\d{4}-\d{2}", cell))
        case "code":
            return cell in definition["codes"].values()
        case "boolean":
            return cell in ("是", "否")
        case "integer":
            return cell.isdigit() and definition.get("min", 0) <= int(cell) <= definition.get("max", 10**9)
        case "money_yuan" | "decimal":
            return bool(re.fullmatch(r"\d+\.\d{2}", cell))
        case "area12":
            return area(int(cell)).level == "community"
        case "area6" | "household_no" | "digits":
            return cell.isdigit()
        case "uscc":
            return is_uscc(cell)
        case "bank_account":
            return luhn_check_digit(cell[:-1]) == cell[-1]
        case _:
            return cell == cell.strip()


@pytest.mark.parametrize("record_type", sorted(contracts()))
def test_every_clean_cell_keeps_its_contract(city: BuiltCity, record_type: str):
    rows = city.truth(record_type)
    assert rows, f"{record_type} is empty"
    for name, definition in fields(record_type).items():
        wrong = {row[name] for row in rows if not _keeps(definition, row[name])}
        assert not wrong, f"{record_type}.{name}: {sorted(wrong)[:5]}"
    keys = Counter(tuple(row[part] for part in contracts()[record_type]["key"]) for row in rows)
    assert max(keys.values()) == 1


def test_the_manifest_lists_every_file_with_its_rows(city: BuiltCity):
    manifest = json.loads((city.delivered / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["month"], manifest["received_on"], manifest["residents"]) == ("2025-10", "2025-11-01", 20_000)
    assert {one["file"] for one in manifest["files"]} == {path.name for path in city.delivered.glob("*.csv")}
    clean = json.loads((city.clean / "manifest.json").read_text(encoding="utf-8"))
    for one in clean["files"]:
        assert len(read(city.clean / one["file"])) == one["rows"], one["file"]


def test_every_household_has_its_head_and_everyone_a_household(city: BuiltCity):
    residents = {row["id_number"]: row for row in city.truth("resident")}
    households = {row["household_no"]: row for row in city.truth("household")}
    assert len(residents) == 20_000
    for household in households.values():
        if household["kind"] == "家庭户":
            head = residents[household["head_id_number"]]
            assert (head["household_no"], head["relation"]) == (household["household_no"], "户主")
        else:
            assert household["head_id_number"] == ""
    for resident in residents.values():
        assert households[resident["household_no"]]["community"] == resident["residence_community"]


def test_numbers_agree_with_birth_date_and_sex(city: BuiltCity):
    for row in city.truth("resident"):
        number = row["id_number"]
        assert number[6:14] == row["birth_date"].replace("-", "")
        assert (int(number[16]) % 2 == 1) == (row["sex"] == "男")


def _years(born: str, on: str = "2025-11-01") -> int:
    return int(on[:4]) - int(born[:4]) - (on[5:] < born[5:])


def test_mothers_are_in_the_city_and_of_an_age_to_be_one(city: BuiltCity):
    residents = {row["id_number"]: row for row in city.truth("resident")}
    by_mother = Counter()
    for row in city.truth("birth"):
        mother = residents[row["mother_id_number"]]
        assert mother["sex"] == "女" and 16 <= _years(mother["birth_date"], row["born_on"]) <= 50
        assert mother["household_no"] == residents[row["id_number"]]["household_no"]
        assert row["father_id_number"] == "" or residents[row["father_id_number"]]["sex"] == "男"
        by_mother[row["mother_id_number"], row["born_on"]] += 1
    plurality = {(row["mother_id_number"], row["born_on"]): int(row["plurality"]) for row in city.truth("birth")}
    assert plurality == by_mother
    assert set(plurality.values()) == {1, 2, 3}


def test_birth_order_follows_the_birth_dates(city: BuiltCity):
    orders: dict[str, list[tuple[int, str]]] = {}
    for row in city.truth("birth"):
        orders.setdefault(row["mother_id_number"], []).append((int(row["birth_order"]), row["born_on"]))
    for found in orders.values():
        found.sort()
        assert [born for _, born in found] == sorted(born for _, born in found)
        assert len({order for order, _ in found}) == len(found)


def test_pregnant_women_are_of_age_and_the_delivered_ones_have_their_child(city: BuiltCity):
    residents = {row["id_number"]: row for row in city.truth("resident")}
    births = {(row["mother_id_number"], row["born_on"]): int(row["plurality"]) for row in city.truth("birth")}
    for row in city.truth("pregnancy"):
        woman = residents[row["id_number"]]
        assert woman["sex"] == "女" and 16 <= _years(woman["birth_date"]) <= 50
        if row["delivered_on"]:
            assert births[row["id_number"], row["delivered_on"]] == int(row["expected_children"])


def test_the_dead_of_last_month_earn_claim_and_owe_nothing(city: BuiltCity):
    dead = {row["id_number"] for row in city.truth("death") if row["died_on"] < "2025-10-01"}
    assert dead
    for record_type in ("wage", "insured", "unemployment", "medical_claim", "medical_enrolment", "pregnancy", "enrolment"):
        assert not dead & {row["id_number"] for row in city.truth(record_type)}, record_type


def test_work_school_and_insurance_of_a_person_agree(city: BuiltCity):
    residents = {row["id_number"]: row for row in city.truth("resident")}
    kinds = {row["id_number"]: row["kind"] for row in city.truth("insured")}
    for row in city.truth("wage"):
        assert kinds[row["id_number"]] == "职工" and 18 <= _years(residents[row["id_number"]]["birth_date"]) <= 60
    schemes = {row["id_number"]: row["scheme"] for row in city.truth("medical_enrolment")}
    for number, kind in kinds.items():
        if kind in ("职工", "灵活就业"):
            assert schemes[number] == "职工在职"
    for row in city.truth("enrolment"):
        assert row["id_number"] not in kinds
        assert 2 <= _years(residents[row["id_number"]]["birth_date"]) <= 30
    for row in city.truth("vehicle"):
        assert _years(residents[row["id_number"]]["birth_date"]) >= 18
    for row in city.truth("medical_claim"):
        assert row["id_number"] in schemes


def test_tested_income_is_never_less_than_the_wages_of_the_household(city: BuiltCity):
    residents = {row["id_number"]: row for row in city.truth("resident")}
    wages: Counter[str] = Counter()
    for row in city.truth("wage"):
        wages[residents[row["id_number"]]["household_no"]] += round(float(row["wage"]) * 100)
    for row in city.truth("means_test"):
        assert round(float(row["monthly_income"]) * 100) >= wages[row["household_no"]]


def test_account_and_plate_numbers_are_used_once(city: BuiltCity):
    accounts = [row["account_no"] for row in city.truth("card_account")]
    plates = [row["plate_no"] for row in city.truth("vehicle")]
    assert len(set(accounts)) == len(accounts) and len(set(plates)) == len(plates)
    closed = sum(bool(row["closed_on"]) for row in city.truth("card_account")) / len(accounts)
    assert 0 < closed < 0.01


def test_every_organisation_that_is_paid_has_one_account(city: BuiltCity):
    accounts = {row["organisation_code"]: row for row in city.truth("organisation_account")}
    paid = {row["employer_code"] for row in city.truth("subsidised_post")} | {row["institution_code"] for row in city.truth("orphan")}
    assert set(accounts) == paid - {""}
    assert len(accounts) == len(city.truth("organisation_account")) > 40
    assert len({row["account_no"] for row in accounts.values()}) == len(accounts)
    closed = sum(bool(row["closed_on"]) for row in accounts.values())
    assert 0 < closed < len(accounts) / 10
    homes = {row["institution_code"] for row in city.truth("orphan")} - {""}
    assert [accounts[code]["closed_on"] for code in homes] == [""]


@pytest.mark.django_db
def test_records_accepts_every_clean_row(tmp_path, settings):
    """The strictest reader there is: the block that receives them."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.records import api as records
    from zhida.city.api import build_city
    from zhida.city.tests.conftest import OCTOBER, QUIET

    settings.HOME = tmp_path / "home"
    build_city(tmp_path, 2_000, 7, OCTOBER, progress=QUIET)
    refused = []
    for record_type in contracts():
        for path in sorted((tmp_path / "truth" / "2025-10" / "feeds").glob("*.csv")):
            # One district stands for all: each file is a delivery of its own, and deliveries take their time.
            if path.stem not in (record_type, f"{record_type}__330109") or not read(path):
                continue
            place = 330109 if "__" in path.stem else 330100
            delivery = records.receive_feed(SYSTEM, path, record_type=record_type, area=place, received_on=RECEIVED)
            if delivery.rows_quarantined or delivery.state != "accepted":
                refused.append((path.name, delivery.state, delivery.rows_quarantined))
    assert not refused
