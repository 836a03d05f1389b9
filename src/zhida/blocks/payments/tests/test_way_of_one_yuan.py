"""A month's payments from decisions to accounts, through the door."""

from pathlib import Path

import pytest

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.differences import DecisionSource
from zhida.blocks.payments.testing import CHECKER, MAKER, MadeUpFacts, decision, write_decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


def source(home: Path, rows, run_id: int = 1, month: str = "2025-10") -> DecisionSource:
    return DecisionSource(run_id, month, write_decisions(home / "runs" / str(run_id), rows))


def test_a_month_is_prepared_approved_released_paid_and_settled(home):
    facts = MadeUpFacts()
    api.set_budget(CHECKER, "dibao", 2025, 10_000_000_00)
    batch = prepare_from(MAKER, source(home, [decision(n, 1000_00 + n) for n in range(1, 2001)]), facts)
    assert (batch.count, batch.held_count, batch.state) == (2000, 0, "prepared")
    api.approve_batch(CHECKER, batch.pk, facts)
    out = api.release_batch(MAKER, batch.pk, facts)
    assert out == home / "bank" / "out" / f"ZHIDA-{batch.pk:08d}.pain.001.xml"
    answers = demo_bank.answer(out, home / "bank" / "in")
    files, problems = api.import_folder(MAKER)
    assert not problems and len(files) == len(answers) == 3 and sum(f.problem_count for f in files) == 0
    settled = api.settle(MAKER, batch.pk)
    assert settled.state == "settled"
    states = {row.key[0]: row.count for row in api.totals_by("state", batch_id=batch.pk)}
    assert sum(states.values()) == 2000 and states["paid"] > 1900 and states["rejected"] > 0 and states["returned"] > 0
    held = {row.kind: row.balance_fen for row in api.trial_balance()}
    paid = sum(row.amount_fen for row in api.totals_by("state", batch_id=batch.pk) if row.key[0] == "paid")
    assert held["paid_out"] == paid and held["in_transit"] == 0 and sum(held.values()) == 0
    assert prepare_from(MAKER, source(home, [decision(n, 1000_00 + n) for n in range(1, 2001)]), facts) is None
