"""A database of the earlier layout goes on: its payments, answers, budgets and ledger are carried over by migration 0003."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from zhida.blocks.access import api as access
from zhida.blocks.payments import api
from zhida.blocks.payments.models import BankAnswer, BudgetEnvelope, LedgerEntry, Overpayment, PaymentFile, PaymentTotal
from zhida.blocks.payments.testing import CHECKER, MAKER, account_of, decision

OLD = ("payments", "0002_ledger_append_only")
NOON = datetime(2025, 11, 1, 4, tzinfo=UTC)
DAY, LATER = date(2025, 11, 2), date(2025, 11, 4)
# entity_no -> where its payment stood in the first batch; each is of 100 yuan and as many fen.
STOOD = {1: "paid", 2: "paid", 3: "paid", 4: "rejected", 5: "returned", 6: "accepted", 7: "instructed", 8: "held", 9: "reissued"}

REASONS = {"rejected": "AC04", "returned": "AC01", "held": "no_account"}


@pytest.fixture
def empty_database(transactional_db, own_home):
    """Point this process to a database without any table: a schema of its own on PostgreSQL, another file on SQLite."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA earlier; SET search_path TO earlier")
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET search_path TO public; DROP SCHEMA earlier CASCADE")
        return
    memory, kept = connection.settings_dict["NAME"], connection.connection
    connection.connection, connection.settings_dict["NAME"] = None, str(own_home / "earlier.sqlite3")
    try:
        yield
    finally:
        connection.connection and connection.connection.close()
        connection.connection, connection.settings_dict["NAME"] = kept, memory


def migrate(*targets):
    MigrationExecutor(connection).migrate(list(targets))


def newest(app):
    return next(node for node in MigrationExecutor(connection).loader.graph.leaf_nodes(app))


def fill(apps):
    """Write a released batch, one that waits, a budget raised and lowered, bank files, and an overpayment, as the earlier version did."""
    get = lambda name: apps.get_model("payments", name).objects  # noqa: E731
    told = get("BankFile").create(content_hash="a" * 64, file_name="a.xml", message_name="camt.054", message_id="A", imported_by="maker",
                                  imported_on=DAY, rows=6, applied=5, problem_count=1)  # fmt: skip
    get("BankFileProblem").create(bank_file=told, position=6, event="paid", reference="ZD77", amount_fen=5, problem="unknown_reference")
    common = {"month": "2025-10", "budget_year": 2025, "prepared_by": "maker", "prepared_at": NOON}
    left = get("PaymentInstruction").create(
        **common, id=11, state="released", approved_by="checker", approved_at=NOON, message_id="ZHIDA-00000011",
        file_name="ZHIDA-00000011.pain.001.xml", released_by="maker", released_on=DAY, count=7, amount_fen=7 * 100_00 + sum(range(1, 8)),
        held_count=1, held_fen=100_08,
    )  # fmt: skip
    waits = get("PaymentInstruction").create(
        **common, id=12, state="approved", approved_by="checker", approved_at=NOON, is_reissue=True, count=1, amount_fen=100_09
    )
    payments = {}
    for entity_no, state in {**STOOD, 109: "instructed"}.items():
        who, again = entity_no % 100, entity_no > 100
        payments[entity_no] = get("CreditTransferTransaction").create(
            batch=waits if again else left, benefit="dibao", period_key="2025-10", entity_no=who, payee_key=str(who), revision=int(again),
            payee_no=who, household_no=who, amount_fen=100_00 + who, account_no="" if state in ("held", "reissued") else account_of(who),
            bank_code="102331000016", state=state, reason_code=REASONS.get(state, ""),
            district=330106, community=330106001001, reissue_of=payments[9] if again else None,
        )  # fmt: skip
    for batch, state in ((left, state) for state in sorted(set(STOOD.values()))):
        fen = [100_00 + who for who, stood in STOOD.items() if stood == state]
        get("PaymentTotal").create(batch=batch, benefit="dibao", district=330106, state=state, count=len(fen), amount_fen=sum(fen))
    get("PaymentTotal").create(batch=waits, benefit="dibao", district=330106, state="instructed", count=1, amount_fen=100_09)
    post_as_before(get, payments, told)
    get("Overpayment").create(benefit="dibao", period_key="2025-09", entity_no=1, payee_key="1", community=330106001001,
                              instructed_fen=200_00, decided_fen=150_00, found_on=DAY)  # fmt: skip


def post_as_before(get, payments, told):
    """Post a row for every single payment, as the earlier ledger did."""
    make = get("LedgerAccount").create
    treasury = make(kind="treasury")
    budget, transit, out = (make(kind=kind, benefit="dibao", year=2025) for kind in ("budget", "in_transit", "paid_out"))
    moves = {"released": (transit, budget), "paid": (out, transit), "rejected": (budget, transit), "returned": (budget, out)}
    get("LedgerEntry").create(kind="budget", debit_account=budget, credit_account=treasury, amount_fen=9_000_00, booked_on=DAY)
    get("LedgerEntry").create(kind="budget", debit_account=treasury, credit_account=budget, amount_fen=1_000_00, booked_on=DAY)
    for who, state in STOOD.items():
        news = ["paid"] if state in ("paid", "returned") else []
        news += [state] if state in ("rejected", "returned") else []
        for kind in ["released", *news] if state not in ("held", "reissued") else []:
            debit, credit = moves[kind]
            get("LedgerEntry").create(
                kind=kind, transaction=payments[who], debit_account=debit, credit_account=credit, amount_fen=100_00 + who,
                booked_on=LATER if kind == "returned" else DAY, bank_file=None if kind == "released" else told,
            )  # fmt: skip
    committed = sum(100_00 + who for who in (1, 2, 3, 6, 7, 9))
    get("BudgetEnvelope").create(benefit="dibao", year=2025, amount_fen=8_000_00, committed_fen=committed)


def test_a_database_of_the_earlier_layout_goes_on(empty_database, desk):
    migrate(OLD)
    fill(MigrationExecutor(connection).loader.project_state([OLD]).apps)
    migrate(newest("payments"), newest("access"), newest("notices"))

    states = {row.entity_no: row.state for row in api.transactions(MAKER, access.Purpose.PAYMENT, 11)}
    assert states == STOOD
    assert api.transactions(MAKER, access.Purpose.PAYMENT, 12)[0].end_to_end_id == "ZD0000000000000010"
    answers = sorted(BankAnswer.objects.values_list("event", "transaction_id", "booked_on", "reason_code"))
    assert [(event, reason) for event, _, _, reason in answers] == [
        ("accepted", ""),
        *[("paid", "")] * 4,
        ("rejected", "AC04"),
        ("returned", "AC01"),
    ]
    assert answers[-1][2] == LATER
    by_state = dict(PaymentTotal.objects.filter(batch=11).values_list("state", "city_fen"))
    assert by_state["paid"] == 300_06 and sum(by_state.values()) == 9 * 100_00 + 45
    envelope = BudgetEnvelope.objects.get()
    assert (envelope.level, envelope.area_code, envelope.available_fen) == ("city", 0, 8_000_00 - 600_28)
    file = PaymentFile.objects.get()
    assert (file.first_id, file.last_id, file.count, file.message_id) == (1, 9, 7, "ZHIDA-00000011")
    debt = Overpayment.objects.get()
    assert (debt.district, debt.budget_year, debt.state, debt.open_fen) == (330106, 2025, "found", 50_00)
    assert [problem.closed_by for problem in api.bank_file_problems(MAKER)] == [""]

    balance = {row.kind: row.balance_fen for row in api.trial_balance()}
    assert balance == {"budget": 8_000_00 - 500_19, "in_transit": 200_13, "paid_out": 300_06, "treasury": -8_000_00}
    assert [(e.reference, e.kind, e.count, e.amount_fen) for e in LedgerEntry.objects.all()] == [
        ("budget:1", "budget", 1, 9_000_00),
        ("budget:2", "budget", 1, 1_000_00),
        ("batch:11", "released", 7, 700_28),
        ("file:1", "paid", 4, 400_11),
        ("file:1", "rejected", 1, 100_04),
        ("file:1", "returned", 1, 100_05),
    ]

    assert api.close_day(CHECKER).in_transit_fen == 200_13
    result = api.audit_year(access.SYSTEM, 2025, desk.home / "audit")
    assert result.findings == [] and result.payments == 7
    # What the earlier version paid is not paid again, and what waits can leave.
    assert desk.prepare([decision(who, 100_00 + who) for who in STOOD]) is None
    assert desk.prepare([decision(who, 101_00 + who) for who in STOOD]).first_id == 11
    assert desk.release(api.batch(MAKER, 12)) is not None


def test_an_empty_database_of_the_earlier_layout_goes_on(empty_database):
    migrate(OLD)
    migrate(newest("payments"))
    assert api.trial_balance() == [] and api.verify_chain().count == 0
