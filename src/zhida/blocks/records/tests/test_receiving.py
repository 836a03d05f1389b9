"""A feed is split into rows that are right and rows that wait, each with a reason an officer can act on."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Purpose, Viewer
from zhida.blocks.records import api as records
from zhida.blocks.records.models import Delivery
from zhida.blocks.records.testing import (
    HOUSEHOLD_OF_LIN,
    RECEIVED_ON,
    account_number,
    community,
    id_number,
    make_feed,
    organisation_code,
    tiny_residents,
)

pytestmark = pytest.mark.django_db


def receive(path, **more):
    return records.receive_feed(SYSTEM, path, **{"received_on": RECEIVED_ON, **more})


def waiting(delivery):
    return records.quarantined_rows(SYSTEM, Purpose.DATA_QUALITY, delivery.id).rows


def resident_with(**changes):
    return {**tiny_residents()[0], "id_number": id_number("1990-05-12", 24), **changes}


def received_one(tmp_path, record, row, **more):
    """Receive one wrong row and return how it waits."""
    delivery = receive(make_feed(tmp_path, record, [row]), **more)
    (waits,) = waiting(delivery)
    assert (delivery.rows_received, delivery.rows_accepted, delivery.rows_quarantined) == (1, 0, 1)
    return waits


def test_right_rows_are_accepted(tmp_path):
    delivery = receive(make_feed(tmp_path, "resident", tiny_residents()))
    assert (delivery.state, delivery.rows_received, delivery.rows_accepted, delivery.rows_quarantined) == ("accepted", 7, 7, 0)


def test_received_is_accepted_plus_quarantined_and_the_database_says_so(tmp_path):
    delivery = receive(make_feed(tmp_path, "resident", [*tiny_residents(), resident_with(sex="unknown")]))
    assert delivery.rows_received == delivery.rows_accepted + delivery.rows_quarantined == 8
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(id=delivery.id).update(rows_accepted=8)


def test_a_wrong_check_digit_says_what_it_should_be(tmp_path):
    right = id_number("1990-05-12", 24)
    waits = received_one(tmp_path, "resident", resident_with(id_number=right[:17] + ("0" if right[17] != "0" else "1")))
    assert (waits.reason, waits.field, waits.row_no) == ("id_check_digit", "id_number", 2)
    assert f"should be {right[17]}" in waits.what.en
    assert f"应为 {right[17]}" in waits.what.zh


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({"id_number": "33010619900512"}, "id_unreadable", "has 14 characters"),
        ({"id_number": "33010619901312022X"}, "date_impossible", "1990-13-12"),
        ({"id_number": id_number("2030-05-12", 24)}, "date_impossible", "2030-05-12"),
        ({"id_number": None}, "missing_required", "is required and empty"),
        ({"birth_date": "1990-02-30"}, "date_impossible", "is not a day that exists"),
        ({"birth_date": "1800-01-01"}, "date_impossible", "too early"),
        ({"birth_date": "2026-01-01"}, "date_impossible", "lies after 2025-11-01"),
        ({"birth_date": "1990-05-13"}, "date_mismatch", "differs from the date inside"),
        ({"sex": "男性"}, "unknown_code", "Is it '男'?"),
        ({"household_no": "一号"}, "number_unreadable", "cannot be read as a household number"),
        ({"residence_community": 330103001001}, "area_abolished", "Gongshu"),
        ({"residence_community": 330104001001}, "area_abolished", "Shangcheng"),
        ({"residence_community": 330106999999}, "area_unknown", "330106999999"),
        ({"hukou_area": 330103}, "area_abolished", "330105"),
        ({"hukou_area": 990101}, "area_unknown", "990101"),
    ],
)
def test_a_wrong_resident_waits_with_a_sentence(tmp_path, changes, reason, sentence):
    waits = received_one(tmp_path, "resident", resident_with(**changes))
    assert waits.reason == reason
    assert sentence in waits.what.en + waits.fix.en


@pytest.mark.parametrize(
    ("record", "changes", "reason", "sentence"),
    [
        ("wage", {"wage": "12,50"}, "number_unreadable", "yuan with at most two decimals"),
        ("wage", {"wage": "12.505"}, "number_unreadable", "yuan with at most two decimals"),
        ("wage", {"wage": "1e3"}, "number_unreadable", "yuan"),
        ("wage", {"wage": "-1.00"}, "out_of_range", "-1.00 is outside 0"),
        ("wage", {"month": "2025-13"}, "date_impossible", "not a day"),
        ("wage", {"employer_code": "913301060000000010"}, "organisation_code_invalid", "check character should be"),
        ("insured", {"pension_months": "3.7"}, "number_unreadable", "a whole number"),
        ("insured", {"pension_months": "721"}, "out_of_range", "720"),
        ("card_account", {"account_no": "6222021234567890"}, "account_number_invalid", "check character should be"),
        ("medical_enrolment", {"ltc_insured": "对"}, "unknown_code", "是, 否"),
    ],
)
def test_other_types_are_checked_too(tmp_path, record, changes, reason, sentence):
    rows = {
        "wage": {"month": "2025-10", "employer_code": organisation_code(1), "wage": "8000.50"},
        "insured": {"kind": "employee", "pension_months": 12},
        "card_account": {"account_no": account_number(1), "bank_code": "ICBC"},
        "medical_enrolment": {"scheme": "child", "year": 2025, "ltc_insured": True},
    }
    row = {"id_number": id_number("1990-05-12", 24), **rows[record]}
    assert receive(make_feed(tmp_path / "right", record, [row])).rows_accepted == 1
    waits = received_one(tmp_path / "wrong", record, {**row, **changes})
    assert waits.reason == reason
    assert sentence in waits.what.en + waits.fix.en


def test_of_two_rows_with_one_number_the_first_counts_and_the_other_names_it(tmp_path):
    rows = tiny_residents()
    delivery = receive(make_feed(tmp_path, "resident", [*rows, {**rows[2], "household_no": 330108000001}]))
    (waits,) = waiting(delivery)
    assert (waits.reason, waits.row_no, waits.other_row) == ("duplicate_key", 9, 4)
    assert waits.values["household_no"] == "330108000001"
    assert waits.values["id_number"] == rows[2]["id_number"]
    assert waits.values["sex"] == "女"


def test_gb18030_is_received_with_a_note(tmp_path):
    delivery = receive(make_feed(tmp_path, "resident", tiny_residents(), encoding="gb18030"))
    assert (delivery.state, delivery.rows_accepted) == ("accepted", 7)
    assert "GB18030" in delivery.note.en


def test_utf8_with_a_byte_order_mark_is_received(tmp_path):
    assert receive(make_feed(tmp_path, "resident", tiny_residents(), encoding="utf-8-sig")).rows_accepted == 7


def test_bytes_that_are_no_text_are_refused_whole(tmp_path):
    path = tmp_path / "resident.csv"
    path.write_bytes(bytes(range(256)) * 100)
    delivery = receive(path)
    assert (delivery.state, delivery.rows_received) == ("refused", 0)
    assert "neither UTF-8 nor GB18030" in delivery.problem.en


def test_bad_bytes_far_into_a_file_are_refused_whole(tmp_path):
    path = make_feed(tmp_path, "resident", tiny_residents() * 5000)
    path.write_bytes(path.read_bytes() + b"\xff\xff\xff\n")
    delivery = receive(path)
    assert delivery.state == "refused"
    assert "neither UTF-8 nor GB18030" in delivery.problem.en


@pytest.mark.parametrize("content", ["", "公民身份号码,姓名\n"])
def test_an_empty_file_is_refused_and_the_one_before_stays_in_force(tmp_path, content):
    before = receive(make_feed(tmp_path, "resident", tiny_residents()))
    empty = tmp_path / "empty" / "resident.csv"
    empty.parent.mkdir()
    empty.write_text(content)
    delivery = receive(empty, received_on=date(2025, 12, 1))
    assert delivery.state == "refused"
    assert "stays in force" in delivery.problem.en
    before.refresh_from_db()
    assert before.state == "accepted"


def test_a_renamed_column_is_named_with_its_likely_header_and_received_once_confirmed(tmp_path):
    path = make_feed(tmp_path, "resident", tiny_residents(), rename={"公民身份号码": "身份证号"})
    refused = receive(path)
    assert (refused.state, refused.rows_received, refused.rows_quarantined) == ("refused", 7, 7)
    assert "column '身份证号' looks like 公民身份号码: confirm the mapping" in refused.problem.en
    mapping = records.suggested_columns(path, records.record_type("resident"))
    assert mapping == {"身份证号": "公民身份号码"}
    accepted = records.confirm_columns(SYSTEM, refused.id, mapping)
    assert (accepted.state, accepted.rows_accepted) == ("accepted", 7)
    refused.refresh_from_db()
    assert refused.state == "superseded"


def test_a_missing_column_without_likeness_is_refused(tmp_path):
    path = tmp_path / "household.csv"
    path.write_text("户号,户类别,社区代码\n1,家庭户,330106002051\n")
    delivery = receive(path)
    assert delivery.by_reason == {"column_missing": 1}
    assert "'户主身份号码' is missing" in delivery.problem.en


def test_rows_of_the_wrong_width_wait_and_the_others_are_accepted(tmp_path):
    path = make_feed(tmp_path, "resident", tiny_residents())
    lines = path.read_text().splitlines()
    lines[3] += ",one,too,many"
    lines[5] = lines[5].rsplit(",", 1)[0]
    path.write_text("\n".join(lines) + "\n")
    delivery = receive(path)
    assert (delivery.rows_received, delivery.rows_accepted, delivery.by_reason) == (7, 5, {"row_width": 2})
    assert [waits.row_no for waits in waiting(delivery)] == [4, 6]


def test_the_same_file_twice_changes_nothing(tmp_path):
    path = make_feed(tmp_path, "resident", tiny_residents())
    first = receive(path)
    assert receive(path).id == first.id
    assert receive(path, received_on=date(2025, 12, 1)).id == first.id
    assert Delivery.objects.count() == 1


def test_a_corrected_file_supersedes_and_history_stays(tmp_path):
    first = receive(make_feed(tmp_path / "a", "resident", tiny_residents()))
    second = receive(make_feed(tmp_path / "b", "resident", tiny_residents()[:6]))
    first.refresh_from_db()
    assert (first.state, second.state, second.supersedes_id) == ("superseded", "accepted", first.id)
    assert (first.path / "accepted.parquet").exists()


def test_an_earlier_content_that_comes_back_later_counts_again(tmp_path):
    first = make_feed(tmp_path / "a", "resident", tiny_residents())
    receive(first)
    receive(make_feed(tmp_path / "b", "resident", tiny_residents()[:6]), received_on=date(2025, 11, 8))
    again = receive(first, received_on=date(2025, 11, 15))
    assert (again.state, again.rows_accepted, again.received_on) == ("accepted", 7, date(2025, 11, 15))


def test_a_folder_of_an_earlier_month_received_again_changes_nothing(tmp_path):
    old = make_feed(tmp_path / "a", "resident", tiny_residents())
    receive(old, received_on=date(2025, 10, 1))
    newer = receive(make_feed(tmp_path / "b", "resident", tiny_residents()[:6]))
    receive(old, received_on=date(2025, 10, 1))
    newer.refresh_from_db()
    assert newer.state == "accepted"
    assert Delivery.objects.count() == 2


def test_files_of_districts_stand_beside_each_other(tmp_path):
    row = {"household_no": HOUSEHOLD_OF_LIN, "certificate_no": "1", "kind": "dibao", "valid_from": "2024-01-01"}
    one = receive(make_feed(tmp_path, "low_income", [row], area=330106))
    two = receive(make_feed(tmp_path, "low_income", [row], area=330105))
    one.refresh_from_db()
    assert (one.state, two.state, one.area, two.area) == ("accepted", "accepted", 330106, 330105)


def test_a_file_of_an_abolished_district_is_refused_with_a_sentence(tmp_path):
    path = make_feed(tmp_path, "low_income", [], area=330103)
    with pytest.raises(records.AreaUnknown, match="330103"):
        receive(path)


def test_an_unknown_record_type_names_the_nearest(tmp_path):
    path = tmp_path / "residents.csv"
    path.write_text("x\n1\n")
    with pytest.raises(records.UnknownRecordType, match="did you mean resident"):
        receive(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(records.FeedNotFound, match=r"resident\.csv"):
        receive(tmp_path / "resident.csv")


def test_an_officer_without_the_permission_receives_nothing(tmp_path):
    zhou = Viewer("zhou_zhiqiang", "street_officer", "330106002")
    with pytest.raises(PermissionMissing):
        records.receive_feed(zhou, make_feed(tmp_path, "resident", tiny_residents()), received_on=RECEIVED_ON)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(records.FolderNotAFeed, match=r"manifest\.json is missing"):
        records.receive_folder(SYSTEM, tmp_path)


def test_a_folder_goes_on_after_a_file_it_cannot_receive(tmp_path):
    from zhida.blocks.records.testing import tiny_feeds

    folder = tiny_feeds(tmp_path)
    (folder / "household.csv").unlink()
    found = {delivery.record_type: delivery for delivery in records.receive_folder(SYSTEM, folder)}
    assert found["resident"].state == "accepted"
    assert found["household"].state == "refused"
    assert "There is no file" in found["household"].problem.en


def test_a_correction_supersedes_its_row_and_keeps_it(tmp_path):
    right = id_number("1990-05-12", 24)
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    delivery = receive(make_feed(tmp_path, "resident", [*tiny_residents(), resident_with(id_number=wrong)]))
    with pytest.raises(records.CorrectionRefused, match="differs from the date inside"):
        records.correct_row(SYSTEM, delivery.id, 9, {"id_number": right, "birth_date": "1990-05-11"})
    correction = records.correct_row(SYSTEM, delivery.id, 9, {"id_number": right})
    assert (correction.corrects_id, correction.rows_accepted) == (delivery.id, 1)
    (row,) = waiting(delivery)
    assert row.corrected
    assert row.values["id_number"] == wrong
    with pytest.raises(records.RowNotQuarantined):
        records.correct_row(SYSTEM, delivery.id, 9, {"id_number": right})
    assert records.quality(SYSTEM, Purpose.DATA_QUALITY)["resident"]["corrected"] == 1


def test_a_field_that_does_not_exist_cannot_be_corrected(tmp_path):
    delivery = receive(make_feed(tmp_path, "resident", [resident_with(sex="?")]))
    with pytest.raises(records.UnknownField, match="residence_kind"):
        records.correct_row(SYSTEM, delivery.id, 2, {"gender": "女"})


def test_an_officer_sees_the_waiting_rows_of_her_own_street_only(tmp_path):
    own = resident_with(sex="?")
    other = resident_with(sex="?", id_number=id_number("1991-05-12", 24), residence_community=community(330108))
    delivery = receive(make_feed(tmp_path, "resident", [own, other]))
    wu = Viewer("wu_jing", "street_officer", str(community(330108))[:9])
    page = records.quarantined_rows(wu, Purpose.DATA_QUALITY, delivery.id)
    assert [row.row_no for row in page.rows] == [3]
    assert page.total == 1
    with pytest.raises(Exception, match="may not see"):
        records.correct_row(wu, delivery.id, 2, {"sex": "女"})


def test_a_waiting_row_without_an_area_is_shown_where_its_owner_lives(tmp_path):
    receive(make_feed(tmp_path, "resident", tiny_residents()))
    old = next(row for row in tiny_residents() if row["name"] == "吴大有")
    delivery = receive(make_feed(tmp_path, "veteran", [{"id_number": old["id_number"], "kind": "?", "valid_from": "2000-01-01"}]))
    wu = Viewer("wu_jing", "street_officer", str(community(330108))[:9])
    zhou = Viewer("zhou_zhiqiang", "street_officer", str(community())[:9])
    assert len(records.quarantined_rows(wu, Purpose.DATA_QUALITY, delivery.id).rows) == 1
    assert records.quarantined_rows(zhou, Purpose.DATA_QUALITY, delivery.id).rows == []


def test_quality_counts_every_row_by_reason(tmp_path):
    receive(make_feed(tmp_path, "resident", [*tiny_residents(), resident_with(sex="?")]))
    line = records.quality(SYSTEM, Purpose.DATA_QUALITY)["resident"]
    assert (line["received"], line["accepted"], line["by_reason"]) == (8, 7, {"unknown_code": 1})


def test_the_header_may_stand_in_another_order_with_columns_of_its_own(tmp_path):
    path = make_feed(tmp_path, "resident", tiny_residents())
    rows = list(csv.reader(path.open()))
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([*row[::-1], "x"] for row in rows)
    assert receive(path).rows_accepted == 7
