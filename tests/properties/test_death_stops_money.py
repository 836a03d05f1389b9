"""A death found in the feeds: benefits end with the month after, and what was paid too much is one sum in the case and in payments."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.parties import api as parties
from zhida.blocks.payments import api as payments
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month
from zhida.project import pipeline
from zhida.project.cli_recompute import recompute

pytestmark = pytest.mark.django_db
MONTH, BENEFIT = Month(2025, 10), "gaoling"
DIED_ON = "2025-09-20"
GRANDMOTHER = testing.tiny_residents()[5]
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}


def city(home: Path) -> None:
    number = GRANDMOTHER["id_number"]
    card = {"id_number": number, "account_no": testing.account_number(1), "bank_code": "102331000016", "opened_on": "2020-01-01"}
    testing.tiny_city(home, card_account=[card], death=[LONG_DEAD])


def pay(batch: Any) -> None:
    for total in payments.totals_by("benefit", batch_id=batch.id):
        payments.set_budget(pipeline.CHECKER, total.key[0], 2025, 1_000_000_00)
    pipeline.release(pipeline.approve(batch))


def test_what_was_paid_after_a_death_is_the_same_sum_in_the_case_and_in_payments(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    city(own_home)
    run = pipeline.decide_as_of(MONTH, date(2025, 11, 5), date(2025, 11, 5), quiet=True)
    pay(payments.prepare_batch(pipeline.MAKER, run.id))
    resident_no = parties.resident_no_of(GRANDMOTHER["id_number"])
    paid = [line for line in payments.payments_of(SYSTEM, None, [resident_no]) if line.benefit == BENEFIT]
    assert [line.period_key for line in paid] == [MONTH.text] and paid[0].amount_fen > 0

    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-10")
    row = {"id_number": GRANDMOTHER["id_number"], "died_on": DIED_ON, "registered_on": "2025-11-06"}
    feed = testing.make_feed(own_home / "late", "death", [row], area=330100)
    records.receive_feed(SYSTEM, feed, record_type="death", area=330100, received_on=date(2025, 11, 10))
    (found,) = cases.find_cases(["death"])
    assert found.opened == 1
    case = cases.Case.objects.get()
    health = Viewer("health", "department_officer", "330108", department="health")
    (item,) = cases.queue(health, which="open")
    cases.finish_item(health, item.pk, {"certificate_no": "33010620250001"})

    case.refresh_from_db()
    values = case.process["values"]
    assert (values["stopped_from"], values["overpaid_fen"]) == ("2025-10-01", paid[0].amount_fen)
    done = CliRunner().invoke(recompute, ["--since", "2025-10", "--law-as-of", "2025-11-05", "--json", "--quiet"])
    assert done.exit_code == 0, done.output
    assert [month["overpaid_fen"] for month in json.loads(done.output.splitlines()[-1])] == [paid[0].amount_fen]
    assert [each.amount_fen for each in payments.overpayments(SYSTEM, Purpose.AUDIT)] == [paid[0].amount_fen]
