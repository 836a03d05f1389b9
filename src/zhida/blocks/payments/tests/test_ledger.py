"""The ledger: its chain, its daily close, and the audit that finds each payment behind each posting."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from zhida.blocks.access import api as access
from zhida.blocks.payments import api, ledger
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.models import CostShare, CreditTransferTransaction, LedgerClose, LedgerEntry, Overpayment
from zhida.blocks.payments.rules import end_to_end_id, split_fen
from zhida.blocks.payments.subsidiary import split_columns
from zhida.blocks.payments.testing import CHECKER, MAKER, decision
from zhida.blocks.payments.tests.bank_letters import letter, statement
from zhida.kernel import clock

# With it the demo bank rejects a payment of each batch and sends one of each back.
SEED = 21
AUDITOR = access.Viewer("auditor", "auditor", "330100")


@pytest.fixture
def paid(desk):
    """Two batches of 300 payments of two benefits, borne by three levels, answered by the bank; one payment waits without account."""
    CostShare.objects.create(benefit="", valid_from=date(2020, 1, 1), central_bp=5000, city_bp=2500, district_bp=2500)
    for benefit in ("dibao", "heating"):
        for level, area in (("central", 0), ("city", 0), ("district", 330106)):
            for year in {2025, clock.today().year}:
                api.set_budget(CHECKER, benefit, year, 10_000_000_00, level, area)
    desk.facts.without_account = {3}
    for month, benefit in (("2025-10", "dibao"), ("2025-11", "heating")):
        rows = [decision(who, 1000_01 + 7 * who, benefit, month) for who in range(1, 301)]
        _, path = desk.send(rows, month)
        demo_bank.answer(path, desk.home / "bank" / "in", seed=SEED)
        api.import_folder(MAKER)
    return desk


def tamper(sql: str) -> None:
    """Change an append-only table as somebody with the database's password could."""
    table = sql.split()[1 if sql.startswith("UPDATE") else 2]
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(sql)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            cursor.execute(f"SELECT sql FROM sqlite_master WHERE name = '{table}_append_only'")
            trigger = cursor.fetchone()
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only")
            cursor.execute(sql)
            if trigger:
                cursor.execute(trigger[0])


# ---- the chain --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_chain_names_the_posting_that_was_changed(paid):
    chain = api.verify_chain()
    assert chain.count == LedgerEntry.objects.count() > 20
    victim = list(LedgerEntry.objects.order_by("id"))[7]
    tamper(f"UPDATE payments_ledgerentry SET amount_fen = amount_fen + 1 WHERE id = {victim.pk}")
    with pytest.raises(api.LedgerBroken, match=f"Posting {victim.pk} of the ledger is broken: it does not say"):
        api.verify_chain()


@pytest.mark.django_db
def test_the_chain_finds_a_posting_that_was_removed_or_written_anew(paid):
    entries = list(LedgerEntry.objects.order_by("id"))
    tamper(f"UPDATE payments_ledgerentry SET booked_on = '2024-12-31' WHERE id = {entries[4].pk}")
    with pytest.raises(api.LedgerBroken, match=f"Posting {entries[4].pk} "):
        api.verify_chain()
    # Whoever computes the hash anew breaks the next one.
    one = LedgerEntry.objects.get(pk=entries[4].pk)
    hashed = ledger.entry_hash(
        one.previous_hash, one.kind, one.reference, one.debit_account.code, one.credit_account.code, one.amount_fen, one.count,
        one.detail_hash, "2024-12-31",
    )  # fmt: skip
    tamper(f"UPDATE payments_ledgerentry SET entry_hash = '{hashed}' WHERE id = {one.pk}")
    with pytest.raises(api.LedgerBroken, match=f"Posting {entries[5].pk} .*: a posting before it, after number {one.pk}, was removed"):
        api.verify_chain()
    tamper(f"DELETE FROM payments_ledgerentry WHERE id = {one.pk}")
    with pytest.raises(api.LedgerBroken, match=f"Posting {entries[5].pk} .*after number {entries[3].pk}"):
        api.verify_chain()


@pytest.mark.django_db
def test_an_account_renamed_under_its_postings_is_found(paid):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_ledgeraccount SET benefit = 'dibao_2' WHERE kind = 'paid_out' AND benefit = 'dibao'")
    with pytest.raises(api.LedgerBroken):
        api.verify_chain()


@pytest.mark.django_db
def test_the_database_refuses_a_fork_of_the_chain(desk):
    desk.budget()
    first = LedgerEntry.objects.get()
    ledger.post("budget", "budget:2", first.debit_account, first.credit_account, 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            kind="budget", reference="budget:3", debit_account=first.debit_account, credit_account=first.credit_account, amount_fen=5,
            booked_on=clock.today(), posted_at=clock.now(), previous_hash=first.entry_hash, entry_hash="another",
        )  # fmt: skip


POSTER = """
import django, sys
django.setup()
from zhida.blocks.payments import api
from zhida.blocks.payments.testing import CHECKER
print("ready", flush=True)
sys.stdin.readline()
for fen in range(1, 9):
    api.set_budget(CHECKER, sys.argv[1], 2025, fen)
print(api.verify_chain().count)
"""


@pytest.fixture
def environment(transactional_db, own_home):
    """Give processes of their own the test's database: PostgreSQL's, or a copy of the empty one of SQLite."""
    of, url = connection.settings_dict, ""
    if connection.vendor == "postgresql":
        url = f"postgres://{of['USER']}:{of['PASSWORD'] or ''}@{of['HOST'] or '127.0.0.1'}:{of['PORT'] or 5432}/{of['NAME']}"
    else:
        connection.ensure_connection()
        with closing(sqlite3.connect(own_home / "zhida.sqlite3")) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")
    return {**os.environ, "ZHIDA_HOME": str(own_home), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}


def test_processes_that_post_at_once_make_one_chain(environment):
    workers = [
        subprocess.Popen([sys.executable, "-c", POSTER, benefit], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for benefit in ("dibao", "heating")
    ]
    assert all(worker.stdout.readline() == "ready\n" for worker in workers)
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    # Whoever ends last sees every posting in one chain.
    assert max(int(worker.communicate(timeout=120)[0]) for worker in workers) == 2 * 8


# ---- the daily close --------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_day_is_closed_once_and_says_what_every_account_held(paid):
    paid.send([decision(400, 50_00, period_key="2025-12")], "2025-12")
    close = api.close_day(CHECKER)
    held = {str(code): debit - credit for code, debit, credit in close.balances}
    assert sum(held.values()) == 0 and close.entries == LedgerEntry.objects.count()
    waiting = sum(row.amount_fen for row in api.totals_by("state") if row.key[0] in ("instructed", "accepted"))
    assert close.in_transit_fen == waiting >= 50_00
    assert api.close_day(CHECKER).pk == close.pk and LedgerClose.objects.count() == 1 == api.verify_closes()
    with pytest.raises(access.PermissionMissing):
        api.close_day(MAKER)


@pytest.mark.django_db
def test_nothing_is_booked_to_a_closed_day(desk):
    desk.budget()
    batch, _ = desk.send([decision(who, 100_00) for who in range(1, 5)])
    references = [end_to_end_id(batch.first_id + place) for place in range(4)]
    told = statement(0, [(reference, 100_00, "DBIT") for reference in references], -400_00)
    # The bank's answers bear two days, both of which are closed by then.
    for days_ago in (1, 1, 2, 2):
        told = told.replace("<BookgDt><Dt>2025-11-06", f"<BookgDt><Dt>{clock.today() - timedelta(days=days_ago)}", 1)
    api.close_day(CHECKER)
    api.import_bank_file(MAKER, letter(desk.home, told))
    late = LedgerEntry.objects.filter(reference__startswith="file:").order_by("id")
    assert {entry.booked_on for entry in late} == {clock.today() + timedelta(days=1)}
    assert [(entry.reference.partition("@")[2], entry.count) for entry in late] == [
        (str(clock.today() - timedelta(days=2)), 2),
        (str(clock.today() - timedelta(days=1)), 2),
    ]
    assert api.verify_closes() == 1 and not audit(desk).findings


@pytest.mark.django_db
def test_days_close_in_their_order(desk, monkeypatch):
    desk.budget()
    today = clock.today()
    with pytest.raises(api.DayCannotBeClosed, match="still to come"):
        api.close_day(CHECKER, today + timedelta(days=1))
    first = api.close_day(CHECKER, today - timedelta(days=9))
    second = api.close_day(CHECKER, today)
    assert (first.entries, second.entries) == (0, 1)
    with pytest.raises(api.DayCannotBeClosed, match="closed with a later day"):
        api.close_day(CHECKER, today - timedelta(days=3))
    assert [close.day for close in api.closes(CHECKER)] == [today, today - timedelta(days=9)]
    tamper(f"UPDATE payments_ledgerclose SET in_transit_fen = 7 WHERE id = {first.pk}")
    with pytest.raises(api.CloseBroken, match=f"close of {first.day} is broken"):
        api.verify_closes()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "account"),
    [
        ("UPDATE payments_paymenttotal SET amount_fen = 0, central_fen = 0, city_fen = 0, district_fen = 0 WHERE state = 'instructed'",
         "in_transit:dibao:2025:central"),
        ("UPDATE payments_budgetenvelope SET committed_fen = committed_fen + 300 WHERE benefit = 'heating' AND level = 'district'",
         "budget:heating:2025:district:330106"),
    ],
)  # fmt: skip
def test_a_close_is_refused_where_the_books_disagree(paid, change, account):
    paid.send([decision(400, 50_00, period_key="2025-12")], "2025-12")
    with connection.cursor() as cursor:
        cursor.execute(change)
    with pytest.raises(api.BooksDisagree, match=f"account {account} holds") as refused:
        api.close_day(CHECKER)
    assert "元，相差" in refused.value.text.zh and not LedgerClose.objects.exists()


@pytest.mark.django_db
def test_a_posting_taken_from_the_end_shows_in_the_closes(paid):
    api.close_day(CHECKER)
    last = LedgerEntry.objects.order_by("-id").first()
    with connection.cursor() as cursor:
        tamper("UPDATE payments_ledgerclose SET last_entry_id = NULL")
        cursor.execute("SELECT 1")
    tamper(f"DELETE FROM payments_ledgerentry WHERE id = {last.pk}")
    api.verify_chain()
    with pytest.raises(api.CloseBroken):
        api.verify_closes()


# ---- the audit --------------------------------------------------------------------------------------------------------------------------


def audit(desk):
    return api.audit_year(AUDITOR, clock.today().year, desk.home / "audit")


def read(desk, name):
    with (desk.home / "audit" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.django_db
def test_everything_in_an_audit_adds_up(paid):
    paid.send([decision(400, 50_00, period_key="2025-12")], "2025-12")
    api.close_day(CHECKER)
    result = audit(paid)
    assert result.findings == [] and "agree" in result.verdict.en and read(paid, "findings.csv") == []
    balance = read(paid, "trial-balance.csv")
    assert sum(int(row["closing_fen"]) for row in balance) == 0 == sum(int(row["opening_fen"]) for row in balance)
    assert sum(int(row["debit_fen"]) for row in balance) == sum(int(row["credit_fen"]) for row in balance) > 0
    postings = read(paid, "postings.csv")
    assert len(postings) == result.postings == LedgerEntry.objects.count()
    assert {row["agrees"] for row in postings if row["kind"] != "budget"} == {"yes"}
    assert sum(int(row["debit_fen"]) for row in balance) == sum(int(row["amount_fen"]) for row in postings)
    payments = [row for path in sorted((paid.home / "audit" / "payments").iterdir()) for row in read(paid, f"payments/{path.name}")]
    assert len(payments) == CreditTransferTransaction.objects.count()
    left = [row for row in payments if row["state"] != "held"]
    assert sum(int(row["amount_fen"]) for row in left) == result.amount_fen and len(left) == result.payments
    assert {row["state"] for row in payments} == {"instructed", "held", "rejected", "returned"}
    paid_out = sum(int(row["closing_fen"]) for row in balance if row["kind"] == "paid_out")
    assert paid_out == sum(int(row["amount_fen"]) for row in payments if row["paid_on"] and not row["returned_on"])
    levels = ("central_fen", "province_fen", "city_fen", "district_fen")
    assert all(int(row["amount_fen"]) == sum(int(row[level]) for level in levels) for row in payments)
    in_transit = sum(int(row["closing_fen"]) for row in balance if row["kind"] == "in_transit")
    assert in_transit == sum(int(row["amount_fen"]) for row in read(paid, "unanswered.csv")) >= 50_00
    assert len(read(paid, "batches.csv")) == 3 and len(read(paid, "approvals.csv")) == 3 and read(paid, "samples.csv")
    assert len(read(paid, "bank-files.csv")) == 6 and len(read(paid, "closes.csv")) == 1
    assert not [name for name in payments[0] if name in ("account_no", "payee_no", "household_no", "entity_no")]


@pytest.mark.django_db
def test_the_folder_can_be_checked_without_this_system(paid):
    audit(paid)
    done = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS", "--quiet"], cwd=paid.home / "audit", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    previous = ""
    for row in read(paid, "postings.csv"):
        names = ("kind", "reference", "debit", "credit", "amount_fen", "count", "detail_hash", "booked_on")
        said = "|".join([previous, *(row[name] for name in names)])
        assert row["entry_hash"] == hashlib.sha256(said.encode()).hexdigest()
        previous = row["entry_hash"]
    assert json.loads((paid.home / "audit" / "verification.json").read_text())["head"] == previous
    assert "相符" in (paid.home / "audit" / "README.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_a_changed_payment_is_found_and_named(paid):
    victim = CreditTransferTransaction.objects.filter(benefit="heating", state="instructed").order_by("id")[100]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_credittransfertransaction SET amount_fen = amount_fen + 100 WHERE id = {victim.pk}")
    result = audit(paid)
    told = "\n".join(each.en for each in result.findings)
    assert f"payment {victim.end_to_end_id} went to the bank with" in told and "disagree" in result.verdict.en
    assert f"batch:{victim.batch_id}" in told and "dibao" not in told
    # The bank has taken our file away: the file's sum still tells.
    for path in (paid.home / "bank" / "out").iterdir():
        path.unlink()
    assert f"file ZHIDA-{victim.batch_id:08d}.pain.001.xml carried" in "\n".join(each.en for each in audit(paid).findings)


@pytest.mark.django_db
def test_two_payments_that_exchanged_their_money_are_found(paid):
    one, other = CreditTransferTransaction.objects.filter(benefit="dibao", state="instructed").order_by("id")[100:102]
    with connection.cursor() as cursor:
        for each, fen in ((one, other.amount_fen), (other, one.amount_fen)):
            cursor.execute(f"UPDATE payments_credittransfertransaction SET amount_fen = {fen} WHERE id = {each.pk}")
    assert any(one.end_to_end_id in each.en for each in audit(paid).findings)


@pytest.mark.django_db
def test_an_answer_nobody_posted_is_found(paid):
    victim = paid.send([decision(400, 50_00, period_key="2025-12")], "2025-12")[0]
    file_id = LedgerEntry.objects.filter(kind="paid").first().reference.partition(":")[2]
    day = clock.today() - timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO payments_bankanswer (transaction_id, event, bank_file_id, booked_on, reason_code) "
            f"VALUES ({victim.first_id}, 'paid', {file_id}, '{day}', '')"
        )
    told = [each.en for each in audit(paid).findings]
    assert any(f"of file:{file_id} (paid" in each and "never posted" in each for each in told)


@pytest.mark.django_db
def test_what_officers_book_by_hand_is_compared_too(paid):
    again = api.reissue(
        MAKER, [CreditTransferTransaction.objects.filter(state="returned").order_by("id")[0].pk], paid.facts, api.Channel.CASH
    )
    paid.approve(again)
    paid.release(again)
    api.book_cash(MAKER, again.first_id, "R-1", clock.today())
    assert audit(paid).findings == []
    tamper(f"UPDATE payments_bankanswer SET booked_on = '{clock.today() - timedelta(days=1)}' WHERE transaction_id = {again.first_id}")
    assert any("Officers booked 1 payments" in each.en and "posted are 0" in each.en for each in audit(paid).findings)


@pytest.mark.django_db
def test_a_claim_nobody_posted_is_found_and_a_refused_batch_is_none(paid):
    waits = paid.prepare([decision(500, 20_00, period_key="2025-12")], "2025-12")
    api.refuse_batch(CHECKER, waits.pk, "not this month")
    assert audit(paid).findings == []
    Overpayment.objects.create(
        benefit="dibao", period_key="2025-10", entity_no=1, payee_key="1", community=330106001001, budget_year=2025, instructed_fen=900,
        decided_fen=400, claimed_fen=500, found_on=clock.today(),
    )  # fmt: skip
    told = [each.en for each in audit(paid).findings]
    assert told == ["To be recovered of dibao 2025: 0.00 yuan by the ledger, 5.00 yuan by the overpayments."]


@pytest.mark.django_db
def test_an_audit_continues_where_it_stopped_as_long_as_the_books_are_the_same(paid):
    audit(paid)
    files = sorted((paid.home / "audit" / "payments").iterdir())
    files[0].unlink()
    files[1].write_text("kept")
    audit(paid)
    assert files[0].read_text().startswith('"transaction_id"') and files[1].read_text() == "kept"
    paid.send([decision(400, 50_00, period_key="2025-12")], "2025-12")
    audit(paid)
    assert files[1].read_text() != "kept"


@pytest.mark.django_db
def test_an_audit_is_for_auditors_and_leaves_a_trace(paid):
    with pytest.raises(access.PermissionMissing):
        api.audit_year(MAKER, 2025, paid.home / "audit")
    audit(paid)
    entry = access.audit_entries(f"year {clock.today().year}")[0]
    assert (entry.account, entry.purpose, entry.action) == ("auditor", "audit", "payments.audit")


def test_shares_in_columns_are_the_shares_of_each():
    import numpy as np

    dice = np.random.default_rng(3)
    cuts = np.sort(dice.integers(0, 10_001, (500, 3)), axis=1)
    shares = np.diff(cuts, axis=1, prepend=0, append=10_000)
    amounts = dice.integers(1, 10**9, 500)
    expected = [list(split_fen(int(fen), tuple(int(each) for each in share))) for fen, share in zip(amounts, shares, strict=True)]
    assert split_columns(amounts, shares).tolist() == expected
