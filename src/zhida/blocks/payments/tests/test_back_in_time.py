"""What policies say two runs owe each payee differently is what a second batch pays, and what it shows as overpaid."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.payments import api as payments
from zhida.blocks.payments.models import CreditTransferTransaction, Overpayment
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
MAKER = Viewer("maker", "payment_maker", "330100")
JANUARY, LATER = Month(2023, 1), date(2025, 11, 20)
RESIDENTS = testing.tiny_residents()
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}
# Ninety-one in 2023; he dies in January and the register learns it years later.
VERY_OLD = {**RESIDENTS[6], "name": "周老", "birth_date": "1932-01-01", "id_number": testing.id_number("1932-01-01", 15, 330105)}


def decided(known_on: date, law_as_of: date) -> Any:
    snapshot = records.freeze_snapshot(SYSTEM, JANUARY, known_on)
    return policies.run_period(SYSTEM, JANUARY, snapshot=snapshot, law_as_of=law_as_of)


def test_a_second_batch_pays_and_shows_just_what_the_runs_differ_by(own_home: Path) -> None:
    testing.tiny_city(own_home, death=[LONG_DEAD], resident=[*RESIDENTS, {**VERY_OLD, "relation": "other"}])
    as_then = decided(testing.RECEIVED_ON, date(2023, 3, 5))
    first = payments.prepare_batch(MAKER, as_then.id)
    assert first is not None and first.amount_fen + _held(first.id) == as_then.entitled_fen
    dead = {"id_number": VERY_OLD["id_number"], "died_on": "2022-12-20", "registered_on": "2025-11-18"}
    ninety = {"birth_date": "1936-09-09", "id_number": testing.id_number("1936-09-09", 13, 330105)}
    residents = [{**row, **(ninety if row["name"] == "周明" else {})} for row in RESIDENTS]
    feed = testing.make_feed(own_home / "late", "death", [LONG_DEAD, dead])
    records.receive_feed(SYSTEM, feed, received_on=LATER)
    feed = testing.make_feed(own_home / "late", "resident", [*residents, {**VERY_OLD, "relation": "other"}])
    records.receive_feed(SYSTEM, feed, received_on=LATER)
    records.link_residents(SYSTEM)
    as_now = decided(LATER, date(2025, 11, 5))
    with policies.payee_differences(SYSTEM, as_now.id, as_then.id) as found:
        rows = found.changes().read_all().to_pylist()
    assert {row["change_fen"] > 0 for row in rows} == {True, False}
    second = payments.prepare_batch(MAKER, as_now.id)
    columns = ("benefit", "period_key", "entity_no", "payee_no", "amount_fen")
    paid = CreditTransferTransaction.objects.filter(batch=second.id).values_list(*columns)
    assert sorted(paid) == sorted(_key(row) for row in rows if row["change_fen"] > 0)
    shown = list(Overpayment.objects.values_list("benefit", "period_key", "entity_no", "instructed_fen", "decided_fen"))
    # What had been held with us is not owed by anybody: it is cancelled.
    dropped = CreditTransferTransaction.objects.filter(state="cancelled", reason_code="not_due")
    shown += [(row.benefit, row.period_key, row.entity_no, row.amount_fen, 0) for row in dropped]
    assert sorted(shown) == sorted((*_key(row)[:3], row["before_fen"], row["after_fen"]) for row in rows if row["change_fen"] < 0)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["benefit"], row["period_key"], row["entity_no"], row["payee_no"], row["change_fen"]


def _held(batch_id: int) -> int:
    return sum(CreditTransferTransaction.objects.filter(batch=batch_id, state="held").values_list("amount_fen", flat=True))
