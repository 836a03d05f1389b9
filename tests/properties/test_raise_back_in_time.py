"""The real case, by the real law and the real commands: 失业保险金 raised on 12 May 2024 from 2052 to 2241 yuan, back to January."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.notices import api as notices
from zhida.blocks.parties import api as parties
from zhida.blocks.payments import api as payments
from zhida.blocks.records import testing
from zhida.kernel.period import Month
from zhida.project import pipeline
from zhida.project.cli_recompute import recompute

pytestmark = pytest.mark.django_db
MONTHS = [Month(2024, number) for number in (1, 2, 3, 4)]
BENEFIT, BEFORE, AFTER = "shiye_baoxianjin", 2052_00, 2241_00
CHEN_LI, XIAOMAN = (testing.tiny_residents()[place] for place in (1, 0))
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}
OUT_OF_WORK = {"registered_on": "2023-11-20", "ended_on": None, "involuntary": True, "benefit_from": None, "hardship": False}
INSURED = {
    "kind": "employee", "pension_months": 60, "unemployment_months": 60, "continuous_months": 0, "pension_paid": 0, "medical_paid": 0,
}  # fmt: skip


def city(home: Path) -> None:
    people = [CHEN_LI["id_number"], XIAOMAN["id_number"]]
    cards = [
        {"id_number": number, "account_no": testing.account_number(place), "bank_code": "102331000016", "opened_on": "2020-01-01"}
        for place, number in enumerate(people, 1)
    ]
    testing.tiny_city(
        home, unemployment=[{"id_number": number} | OUT_OF_WORK for number in people],
        insured=[{"id_number": number} | INSURED for number in people], card_account=cards, death=[LONG_DEAD],
    )  # fmt: skip


def pay(batch: Any) -> None:
    for total in payments.totals_by("benefit", batch_id=batch.id):
        payments.set_budget(pipeline.CHECKER, total.key[0], 2024, 1_000_000_00)
    pipeline.release(pipeline.approve(batch))


def recomputed(*options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(recompute, ["--since", "2023-11", "--law-as-of", "2024-05-12", "--json", "--quiet", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.output.splitlines()[-1])


def test_each_of_four_months_is_topped_up_by_189_yuan_told_and_never_twice(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-20")
    city(own_home)
    runs = [pipeline.decide_as_of(month, date(2024, 4, 30), date(2025, 11, 20), quiet=True) for month in MONTHS]
    batches = [payments.prepare_batch(pipeline.MAKER, run.id) for run in runs]
    # January goes all the way; the other months stand instructed, which is what arrears are compared with.
    pay(batches[0])
    paid = [line for line in payments.payments_of(SYSTEM, None, _numbers()) if line.benefit == BENEFIT]
    assert [line.amount_fen for line in paid] == [BEFORE] * 8
    shown = recomputed("--dry-run")
    assert [(month["month"], month["arrears"], month["arrears_fen"], month["batch"]) for month in shown] == [
        (month.text, 2, 2 * (AFTER - BEFORE), None) for month in MONTHS
    ]
    done = recomputed()
    assert [month["overpaid"] for month in done] == [0] * 4 and all(month["batch"] for month in done)
    pay(payments.batch(SYSTEM, done[0]["batch"]))
    lines = [line for line in payments.payments_of(SYSTEM, None, _numbers()) if line.benefit == BENEFIT]
    arrears = [line for line in lines if line.revision == 1]
    assert {(line.period_key, line.amount_fen) for line in arrears} == {(month.text, 189_00) for month in MONTHS} and len(arrears) == 8
    assert sum(line.amount_fen for line in lines) == 2 * 4 * AFTER
    for number in _numbers():
        told = notices.inbox(Viewer("someone", "resident", resident_no=number))[0]
        assert [message.title.zh for message in told if message.kind == "payment_paid_arrears"] == ["补发给您 189.00\u00a0元"]
    # Again: nothing is owed any more, and months that were never paid are not invented.
    assert recomputed() == []


def _numbers() -> list[int]:
    return [parties.resident_no_of(person["id_number"]) or 0 for person in (CHEN_LI, XIAOMAN)]
