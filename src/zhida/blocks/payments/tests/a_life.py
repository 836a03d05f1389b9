"""A month of a small payment office, for tests that kill its commands: everything that can become of a payment is in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, models

from zhida.blocks.payments import api
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.differences import DecisionSource
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import CostShare, CreditTransferTransaction, Overpayment, PaymentInstruction
from zhida.blocks.payments.rules import end_to_end_id
from zhida.blocks.payments.testing import CHECKER, MAKER, MadeUpFacts, account_of, decision, write_decisions
from zhida.blocks.payments.tests.audit_of_books import faults as faults_of_books
from zhida.blocks.payments.tests.audit_of_books import file_faults
from zhida.blocks.payments.tests.bank_letters import letter, notification, statement, status_report

MONTHS = ("2025-09", "2025-10", "2025-11")
CANTEEN = "91330100MA2000001X"
PEOPLE = 40

# What the office knows of payees, as time goes by.
AT_FIRST = {"without_account": [5], "dead": [6], "organisation_cards": {CANTEEN: "33010000000000012"}}
CHANGED = AT_FIRST | {"new_cards": {7: account_of(7, 1), 11: account_of(11, 1)}}
ONE_DIED = CHANGED | {"dead": [6, 12]}
ONE_CLOSED = ONE_DIED | {"without_account": [5, 13]}
LATER = ONE_DIED | {"new_cards": {number: account_of(number, 2) for number in (5, 7, 11, 14, 15, 16, 17)}, "without_account": []}


def rows_of(month: str, less: tuple[int, ...] = ()) -> list[dict[str, object]]:
    """Return a month's decisions: people of two benefits, and a canteen."""
    rows = [decision(number, 10_000 + 37 * number - (3_001 if number in less else 0), period_key=month) for number in range(1, 35)]
    rows += [decision(number, 900 + number, "meals", month, district=330108) for number in range(35, PEOPLE)]
    return [*rows, decision(PEOPLE, 77_777, "meals", month, payee_no=0, payee_organisation=CANTEEN)]


def write_months(home: Path) -> None:
    for month in MONTHS:
        write_decisions(home / "runs" / month, rows_of(month))


def begin(facts: MadeUpFacts) -> None:
    """Live through September: paid, rejected, returned and held; two debts of it are kept back of what follows."""
    home = Path(settings.HOME)
    write_months(home)
    CostShare.objects.create(
        benefit="dibao", valid_from=date(2025, 1, 1), central_bp=3_000, province_bp=2_001, city_bp=2_499, district_bp=2_500, source="test"
    )
    for benefit in ("dibao", "meals"):
        for level in api.Level:
            api.set_budget(CHECKER, benefit, 2025, 10**8, level, 330106 if level == api.Level.DISTRICT else 0)
    batch = prepare_from(MAKER, DecisionSource(1, MONTHS[0], str(home / "runs" / MONTHS[0] / "*.parquet")), facts)
    api.look_at(CHECKER, batch.pk)
    api.approve_batch(CHECKER, batch.pk, facts)
    api.release_batch(MAKER, batch.pk, facts)
    for number in (1, 2, 3):
        bank_writes(batch.pk, number)
        api.import_folder(MAKER)
    api.settle(MAKER, batch.pk)
    redecided = write_decisions(home / "runs" / "again", rows_of(MONTHS[0], less=(9, 20)))
    prepare_from(MAKER, DecisionSource(2, MONTHS[0], redecided), facts)
    Overpayment.objects.update(state="netting", limit_bp=2_000)


def bank_writes(batch_id: int, number: int) -> None:
    """Put the bank's next letter into ``bank/in``: a status report, then what was booked, then a statement with returns."""
    sent = CreditTransferTransaction.objects.filter(batch_id=batch_id, state__in=["instructed", "rejected", "returned"]).order_by("id")
    money = [(end_to_end_id(row.pk), row.amount_fen) for row in sent]
    rejected, returned, booked = money[7:9], money[9:11], money[:7] + money[9:]
    text = {
        1: status_report([(reference, "RJCT", "AC04") for reference, _ in rejected] + [(reference, "ACSP", "") for reference, _ in booked]),
        2: notification([*booked, booked[0], ("ZD0000000999999999", 1), (rejected[0][0], rejected[0][1])]),
        3: statement(0, [(*row, "CRDT") for row in returned], sum(fen for _, fen in returned)),
    }[number]
    letter(Path(settings.HOME) / "bank" / "in", text.replace("B-1", f"B-{batch_id}").replace("S-1", f"S-{batch_id}"), f"{number}.xml")


_NOT_COMPARED = {"posted_at", "previous_hash", "entry_hash"}


def books() -> dict[str, list[list[str]]]:
    """Return every row of payments, and who did what, without the moments at which it happened.

    Numbers that a killed command had drawn are put back, so that one life's numbers are another's: PostgreSQL leaves gaps.
    """
    tables = [*apps.get_app_config("payments").get_models(), apps.get_model("access", "AuditEntry")]
    with one_command():
        counted = [table for table in tables if isinstance(table._meta.pk, models.AutoField | models.BigAutoField)]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), counted):
                cursor.execute(statement)
        return {table.__name__: _rows(table) for table in tables}


def _rows(table: type[models.Model]) -> list[list[str]]:
    hashes = _NOT_COMPARED if table.__name__ == "AuditEntry" else set()
    names = [field.attname for field in table._meta.concrete_fields if not field.attname.endswith("_at") and field.attname not in hashes]
    names = [name for name in names if name != "at"]
    return sorted([str(value) for value in row] for row in table.objects.order_by().values_list(*names))


def faults() -> list[str]:
    """Say what is wrong with the books and the files of this life, and who was paid more than was decided."""
    given: dict[tuple[str, str, int], int] = {}
    for row in CreditTransferTransaction.objects.exclude(state__in=["reissued", "cancelled"]):
        key = (row.benefit, row.period_key, row.entity_no)
        given[key] = given.get(key, 0) + row.amount_fen + row.deducted_fen
    decided = {
        (str(row["benefit"]), str(row["period_key"]), int(str(row["entity_no"]))): int(str(row["amount"]))
        for month in MONTHS
        for row in rows_of(month)
    }
    more = [f"{key} gets {fen} fen of {decided[key]}" for key, fen in given.items() if fen > decided[key]]
    sent_twice = PaymentInstruction.objects.filter(state="released", released_on=None)
    return faults_of_books() + file_faults() + more + [f"batch {batch.pk} left on no day" for batch in sent_twice]
