"""The demo bank: as correct as a real one, and as bad as one on its worst day."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest
from lxml import etree

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank, pain001
from zhida.blocks.payments.adapters.bank_files import read_bank_file
from zhida.blocks.payments.adapters.iso20022 import PAYMENT_SCHEMA, schema
from zhida.blocks.payments.adapters.pain001 import pain001_parts
from zhida.blocks.payments.testing import MAKER, account_of, decision
from zhida.kernel.identifiers import luhn_check_digit


def payments(count):
    """Payments of which some have a wrong account number, in two benefits."""
    rows = [
        {
            "id": number, "benefit": "dibao" if number <= count // 2 else "old_age", "period_key": "2025-10",
            "payee_key": f"person:{number}", "amount_fen": number * 100,
            "account_no": account_of(number)[: -1 if number % 97 == 0 else None], "bank_code": "102331000016",
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    return iter(pa.Table.from_pylist(rows, PAYMENT_SCHEMA).to_batches(max_chunksize=900))


def said(path):
    """Return what a file says of each payment."""
    contents = read_bank_file(path)
    schema(contents.message_name).assertValid(etree.parse(str(path)))
    return [(row["transaction_id"], row["event"], row["amount_fen"]) for batch in contents.batches() for row in batch.to_pylist()]


def test_every_part_of_a_batch_gets_its_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(pain001, "PAYMENTS_PER_FILE", 2_000)
    parts = pain001_parts(tmp_path / "out", "ZHIDA-00000007", payments(5_000), date(2025, 11, 5))
    answers = [path for part in parts for path in demo_bank.answer(tmp_path / "out" / part.name, tmp_path / "in")]
    assert len(parts) == 3 and len({path.name for path in answers}) == len(answers) == 9
    news = [row for path in answers for row in said(path)]
    final = [row for row in news if row[1] in ("paid", "rejected")]
    assert sorted(final) == sorted((number, event, number * 100) for number, event, _ in final) and len(final) == 5_000
    returned = {row for row in news if row[1] == "returned"}
    assert returned and {(number, "paid", fen) for number, _, fen in returned} <= set(final)
    counts = Counter(event for _, event, _ in news)
    assert 5_000 // 97 <= counts["rejected"] <= 5_000 // 97 + 40 and counts["returned"] <= 15


def test_the_same_file_gets_the_same_answers_and_another_seed_others(tmp_path):
    (part,) = pain001_parts(tmp_path / "out", "ZHIDA-00000007", payments(3_000), date(2025, 11, 5))
    path = tmp_path / "out" / part.name
    first, again, other = (demo_bank.answer(path, tmp_path / name, seed) for name, seed in (("1", 0), ("2", 0), ("3", 5)))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    assert first[0].read_bytes() != other[0].read_bytes()


def test_money_may_come_back_days_later(tmp_path):
    (part,) = pain001_parts(tmp_path / "out", "ZHIDA-00000007", payments(3_000), date(2025, 11, 5))
    *_, returned = demo_bank.answer(tmp_path / "out" / part.name, tmp_path, returned_on=date(2025, 11, 9))
    assert {row["booked_on"] for batch in read_bank_file(returned).batches() for row in batch.to_pylist()} == {"2025-11-09"}


def test_account_numbers_are_checked_as_one_by_one():
    numbers = [account_of(n) for n in range(50)] + [str(n) for n in range(500)] + ["", "62x7", "６２１７", "7", "0"]
    fine = [n.isascii() and n.isdigit() and luhn_check_digit(n[:-1]) == n[-1] for n in numbers]
    assert demo_bank._well_formed(pa.array(numbers)).tolist() == fine


def test_the_statement_of_a_day_adds_up(tmp_path):
    (part,) = pain001_parts(tmp_path / "out", "ZHIDA-00000007", payments(3_000), date(2025, 11, 5))
    _, *booked = demo_bank.answer(tmp_path / "out" / part.name, tmp_path)
    path = demo_bank.statement(booked, tmp_path, 100_000_000_00)
    assert said(path) == [row for file in booked for row in said(file)]
    contents = read_bank_file(path)
    change = sum(-fen if event == "paid" else fen for _, event, fen in said(path))
    assert list(contents.batches()) and contents.statements[0].closing_fen == 100_000_000_00 + change


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(1, 5))
def test_a_mischievous_bank_loses_and_doubles_nothing(desk, seed):
    desk.budget()
    desk.facts.new_cards[7] = "62170000"
    batch, out = desk.send([decision(number, 100_00 + number) for number in range(1, 301)])
    arrived = demo_bank.mischievous_answers(out, desk.home / "bank" / "in", seed)
    refused = []
    for path in arrived:
        try:
            found = api.import_bank_file(MAKER, path)
        except api.BankFileUnreadable as error:
            refused.append(path.name)
            assert error.text.zh and "not even in part" in error.text.en
            continue
        if ".pain.002" not in path.name and "again" not in path.name:
            assert found.rows == found.applied + found.repeated + found.problem_count
    assert refused == [f"{batch.message_id}.cut.xml"]
    problems = Counter(row.problem for row in api.bank_file_problems(MAKER))
    assert problems["unknown_reference"] == 2 and problems["wrong_amount"] == 1 and problems["contradicts"] >= 1
    assert set(problems) <= {"unknown_reference", "wrong_amount", "contradicts"}
    states = {row.key[0]: row.count for row in api.totals_by("state") if row.count}
    assert sum(states.values()) == 300 and set(states) <= {"paid", "returned", "rejected"} and states["rejected"] >= 1
    amounts = sum(row.amount_fen for row in api.totals_by("state"))
    assert amounts == sum(100_00 + number for number in range(1, 301))
    assert sum(row.debit_fen for row in api.trial_balance()) == sum(row.credit_fen for row in api.trial_balance())
