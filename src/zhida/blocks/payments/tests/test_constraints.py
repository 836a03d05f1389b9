"""What the database refuses, whoever asks: paid once, positive, append-only. Raw statements, no command in between."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from zhida.blocks.payments import api
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.testing import MAKER, decision

pytestmark = pytest.mark.django_db

COPY = """INSERT INTO payments_credittransfertransaction
(id, batch_id, benefit, period_key, entity_no, payee_key, revision, payee_no, household_no, amount_fen, deducted_fen, channel, account_no,
 bank_code, state, reason_code, risk, district, community)
SELECT id + 1000, batch_id, benefit, period_key, entity_no, payee_key, {revision}, payee_no, household_no, {amount}, 0, channel, {account},
       bank_code, state, reason_code, risk, district, community
FROM payments_credittransfertransaction"""


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def refuses(sql: str) -> None:
    with pytest.raises(IntegrityError):
        run(sql)


def test_a_period_is_paid_once_even_by_a_raw_insert(desk):
    desk.prepare([decision(1, 100_00)])
    refuses(COPY.format(revision="revision", amount="amount_fen", account="account_no"))
    run(COPY.format(revision="revision + 1", amount="amount_fen", account="account_no"))


def test_a_payment_is_positive_and_has_an_account(desk):
    desk.prepare([decision(1, 100_00)])
    refuses(COPY.format(revision="7", amount="0", account="account_no"))
    refuses(COPY.format(revision="7", amount="-1", account="account_no"))
    refuses(COPY.format(revision="7", amount="1", account="''"))
    refuses("UPDATE payments_credittransfertransaction SET state = 'lost'")


def test_a_posting_cannot_be_changed_or_posted_twice(desk):
    desk.budget()
    desk.send([decision(1, 100_00)])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run("UPDATE payments_ledgerentry SET amount_fen = amount_fen + 1")
    columns = "kind, reference, debit_account_id, credit_account_id, amount_fen, count, detail_hash, booked_on, posted_at"
    again = f"INSERT INTO payments_ledgerentry ({columns}, previous_hash, entry_hash) SELECT {{}} FROM payments_ledgerentry"
    again += " WHERE kind = 'released'"
    refuses(again.format(f"{columns}, 'another', 'new'"))
    refuses(again.format(f"{columns.replace('reference', repr('batch:8'))}, previous_hash, 'new'"))
    refuses(again.format(f"{columns.replace('credit_account_id', 'debit_account_id')}, 'another', 'new'"))
    run(again.format(f"{columns.replace('reference', repr('batch:8'))}, entry_hash, 'new'"))
    assert sum(row.balance_fen for row in api.trial_balance()) == 0


def test_decisions_that_name_a_period_twice_are_refused(desk):
    with pytest.raises(api.DecisionsUnreadable, match="is decided twice"):
        desk.prepare([decision(1, 100_00, payee_no=1), decision(1, 100_00, payee_no=2)])
    assert api.batches(MAKER) == []


def test_decisions_that_are_missing_are_one_sentence(desk):
    (desk.home / "runs").mkdir(exist_ok=True)
    source = desk.source([decision(1, 1)])
    next((desk.home / "runs").rglob("*.parquet")).write_bytes(b"PAR1 half a file")
    with pytest.raises(api.DecisionsUnreadable, match="Run that month again"):
        prepare_from(MAKER, source, desk.facts)
