"""What a year's auditor asks for, in one folder and by one command: every posting, every payment behind it, and whether both agree.

The books are read as they stood at one moment, payments a batch at a time. The same command again in the same folder continues:
files that are whole are kept as long as the books are the same.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Sum
from pyarrow import csv as arrow_csv

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk, ledger
from zhida.blocks.payments.adapters.demo_bank import orders
from zhida.blocks.payments.closing import verify_closes
from zhida.blocks.payments.commands import may
from zhida.blocks.payments.errors import CloseBroken, LedgerBroken
from zhida.blocks.payments.models import (
    AccountStatement,
    BankFile,
    BankFileProblem,
    BatchApproval,
    BudgetEnvelope,
    CostShare,
    Deduction,
    LedgerAccount,
    LedgerClose,
    LedgerEntry,
    Overpayment,
    PaymentFile,
    PaymentInstruction,
    PaymentTotal,
    Repayment,
    SampledPayment,
)
from zhida.blocks.payments.rules import ON_THE_WAY, BatchState, transaction_id_of
from zhida.blocks.payments.subsidiary import BY_HAND, PAYMENT_SCHEMA, Account, Event, Recomputed, Subsidiary, payments_in, share_table
from zhida.kernel.files import atomic_path, content_hash
from zhida.kernel.money import format_yuan
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

MANIFEST = "SHA256SUMS"
# What the folder's README says, with {year} and the verdict to be filled in.
README = Path(__file__).parent / "audit_readme.md"
_OPEN_CLAIM = F("claimed_fen") - F("recovered_fen") - F("waived_fen")
# Of what the books were when the files of payments were written; it is no part of what is handed over.
_BEGUN = ".begun.json"
# A payment of the folder: what the auditor needs of it, and of the payee no more than the key.
_FILE_COLUMNS = [name for name in PAYMENT_SCHEMA.names if not name.endswith("_file")]


@dataclass
class AuditResult:
    """What an audit found: nothing in ``findings`` where everything agrees."""

    year: int
    folder: Path
    postings: int = 0
    payments: int = 0
    amount_fen: int = 0
    files: int = 0
    findings: list[Text] = field(default_factory=list)

    @property
    def verdict(self) -> Text:
        """One line: that all agrees, or how much does not and what comes first."""
        seen_zh = f"{self.postings} 笔过账，{self.payments} 笔付款共 {format_yuan(self.amount_fen)} 元，{self.files} 个文件"
        seen_en = f"{self.postings:,} postings, {self.payments:,} payments of {format_yuan(self.amount_fen)} yuan, {self.files} files"
        if not self.findings:
            return Text(f"{self.year} 年账目全部相符：{seen_zh}。", f"The books of {self.year} agree: {seen_en}.")
        first, count = self.findings[0], len(self.findings)
        return Text(
            f"{self.year} 年账目有 {count} 处不符（{seen_zh}），第一处：{first.zh}",
            f"The books of {self.year} disagree in {count} place{'s' if count > 1 else ''} ({seen_en}). The first: {first.en}",
        )


def audit_year(viewer: access.Viewer, year: int, folder: Path, progress: Progress | None = None) -> AuditResult:
    """Write a year's books into a folder and verify them; what does not agree is a finding, not an error.

    Raises: PermissionMissing, DiskFull.
    """
    may(viewer, "audit.view")
    access.record_access(viewer, access.Purpose.AUDIT, "payments.audit", f"year {year}")
    folder = Path(folder)
    (folder / "payments").mkdir(parents=True, exist_ok=True)
    with _one_moment():
        return _Audit(year, folder, progress).run()


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read everything as it stands now, whatever is booked meanwhile."""
    with transaction.atomic(durable=False):
        if bulk.is_postgresql() and not connection.savepoint_ids:
            bulk.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


class _Audit:
    """One audit: the year, its folder, what was found so far."""

    def __init__(self, year: int, folder: Path, progress: Progress | None) -> None:
        self.begin, self.end = date(year, 1, 1), date(year, 12, 31)
        self.folder, self.progress = folder, progress
        self.result = AuditResult(year, folder)
        self.subsidiary = Subsidiary()
        self.accounts = {account.pk: account for account in LedgerAccount.objects.all()}

    def run(self) -> AuditResult:
        self._verify_chain()
        self._write_trial_balance()
        batches = self._batches()
        self._write_payments(batches)
        self._write_postings()
        self._find_unposted()
        self._compare_claims()
        self._write_journal([batch.pk for batch in batches])
        self._write_bank()
        self._write_recoveries()
        self._write_budgets()
        self._write_findings()
        return self.result

    def find(self, zh: str, en: str) -> None:
        self.result.findings.append(Text(zh, en))

    # ---- the chain and its closes --------------------------------------------------------------------------------------------------------

    def _verify_chain(self) -> None:
        self.verified: dict[str, Any] = {"year": self.result.year}
        try:
            chain = ledger.verify_chain()
            self.verified |= {"chain": "whole", "postings_ever": chain.count, "head": chain.head}
        except LedgerBroken as error:
            self.verified["chain"] = "broken"
            self.result.findings.append(error.text)
        try:
            self.verified |= {"closes": verify_closes()}
        except CloseBroken as error:
            self.verified["closes"] = "broken"
            self.result.findings.append(error.text)

    def _write_trial_balance(self) -> None:
        before, during = LedgerEntry.objects.filter(booked_on__lt=self.begin), self._postings()
        sums = [_by_account(rows, side) for rows in (before, during) for side in ("debit_account", "credit_account")]
        lines = []
        for account in sorted(self.accounts.values(), key=lambda each: each.code):
            was_given, gave, debit, credit = (side.get(account.pk, 0) for side in sums)
            opening = was_given - gave
            names = (account.code, account.kind, account.benefit, account.year, account.level, account.area_code)
            lines.append((*names, opening, debit, credit, opening + debit - credit))
        heads = ("account", "kind", "benefit", "year", "level", "area_code", "opening_fen", "debit_fen", "credit_fen", "closing_fen")
        self._write("trial-balance.csv", heads, lines)
        for name, place in (("期初", 6), ("期末", 9)):
            if total := sum(line[place] for line in lines):
                self.find(
                    f"试算表{name}合计为 {format_yuan(total)} 元，应为零。",
                    f"The trial balance adds up to {format_yuan(total)} yuan, not to 0.",
                )

    def _postings(self) -> Any:
        return LedgerEntry.objects.filter(booked_on__range=(self.begin, self.end))

    # ---- payments ------------------------------------------------------------------------------------------------------------------------

    def _batches(self) -> list[PaymentInstruction]:
        """List the batches of the year: prepared or released in it, or with an answer that was booked in it."""
        references = self._postings().values_list("reference", flat=True).distinct()
        named: dict[str, set[int]] = {"batch": set(), "file": set()}
        for reference in references.order_by():
            kind, _, number = reference.partition("@")[0].partition(":")
            if kind in named and number.isdigit():
                named[kind].add(int(number))
        in_year = Q(prepared_at__year=self.result.year) | Q(released_on__range=(self.begin, self.end))
        rows = PaymentInstruction.objects.filter(in_year | Q(pk__in=named["batch"] | self._answered_batches(named["file"])))
        return list(rows.order_by("first_id", "id"))

    def _answered_batches(self, files: set[int]) -> set[int]:
        """Return the batches that these bank files speak of, or persons in this year."""
        marks = ", ".join(str(number) for number in sorted(files)) or "-1"
        return {
            row[0]
            for row in bulk.rows(
                f"""SELECT DISTINCT t.batch_id FROM payments_bankanswer a
                JOIN payments_credittransfertransaction t ON t.id = a.transaction_id
                WHERE a.bank_file_id IN ({marks}) OR (a.bank_file_id = 0 AND a.booked_on BETWEEN %s AND %s)""",
                [self.begin, self.end],
            )
        }

    def _write_payments(self, batches: list[PaymentInstruction]) -> None:
        """Stream every payment once: into its batch's file, and into the subsidiary ledger."""
        continues = self._continues()
        if self.progress:
            self.progress.total = max(sum(batch.last_id - batch.first_id + 1 for batch in batches if batch.last_id), 1)
        with self._writer(
            "unanswered.csv", ("transaction_id", "batch", "benefit", "period_key", "payee_key", "amount_fen", "released_on")
        ) as late:
            for batch in batches:
                path = self.folder / "payments" / f"batch-{batch.pk:08d}.csv"
                rows = self._taken(batch, late) if batch.last_id else iter(())
                if continues and path.exists():
                    _exhaust(rows)
                else:
                    _write_arrow(path, rows)
        self.result.payments, self.result.amount_fen = self.subsidiary.count, self.subsidiary.amount_fen

    def _taken(self, batch: PaymentInstruction, late: Any) -> Iterator[pa.Table]:
        """Yield a batch's payments for its file, and take each into the subsidiary ledger on the way."""
        counted: dict[tuple[str, str], list[int]] = {}
        for payments in payments_in(batch):
            self.subsidiary.take(batch, payments)
            if batch.released_on:
                late.writerows(_unanswered(batch, payments))
            _count(counted, payments)
            yield _for_file(batch, payments)
            if self.progress:
                self.progress.step(payments.num_rows, f"batch {batch.pk}")
        # The payments of a refused or cancelled batch were removed; its totals say what it would have been.
        if batch.state not in (BatchState.REFUSED, BatchState.CANCELLED):
            self._compare_totals(batch, counted)

    def _compare_totals(self, batch: PaymentInstruction, counted: dict[tuple[str, str], list[int]]) -> None:
        totals = PaymentTotal.objects.filter(batch=batch).values_list("benefit", "state")
        told = {(b, s): [count, int(fen)] for b, s, count, fen in totals.annotate(Sum("count"), Sum("amount_fen")).order_by()}
        for key in sorted(set(told) | set(counted)):
            if told.get(key, [0, 0]) != counted.get(key, [0, 0]):
                (count, fen), (there, sum_fen) = told.get(key, [0, 0]), counted.get(key, [0, 0])
                self.find(
                    f"批次 {batch.pk} 的 {key[0]}（{key[1]}）合计为 {count} 笔 {format_yuan(fen)} 元，"
                    f"逐笔为 {there} 笔 {format_yuan(sum_fen)} 元。",
                    f"Batch {batch.pk} counts {count} payments of {format_yuan(fen)} yuan of {key[0]} as {key[1]}; "
                    f"one by one they are {there} of {format_yuan(sum_fen)} yuan.",
                )

    def _continues(self) -> bool:
        """Say whether the folder's files of payments were written from the books as they are now; note it for the next time."""
        path, books = self.folder / _BEGUN, _books_now(self.result.year)
        if path.exists() and path.read_text() == books:
            return True
        for old in (self.folder / "payments").glob("batch-*.csv"):
            old.unlink()
        with atomic_path(path) as temporary:
            temporary.write_text(books)
        return False

    # ---- postings ------------------------------------------------------------------------------------------------------------------------

    def _write_postings(self) -> None:
        heads = (
            "id", "kind", "reference", "debit", "credit", "amount_fen", "count", "detail_hash", "booked_on", "posted_at", "previous_hash",
            "entry_hash", "payments_count", "payments_fen", "payments_hash", "agrees",
        )  # fmt: skip
        checked = 0
        wrong: dict[str, list[tuple[LedgerEntry, Recomputed]]] = {}
        rows = self._postings().select_related("debit_account", "credit_account").order_by("id")
        with self._writer("postings.csv", heads) as out:
            for entry in rows.iterator(2_000):
                found = self.subsidiary.recomputed(entry)
                agrees = ""
                if found is not None:
                    checked += 1
                    agrees = "yes" if found == (entry.detail_hash, entry.count, entry.amount_fen) else "no"
                    if agrees == "no":
                        wrong.setdefault(entry.reference, []).append((entry, found))
                self.result.postings += 1
                out.writerow(
                    (
                        entry.pk, entry.kind, entry.reference, entry.debit_account.code, entry.credit_account.code, entry.amount_fen,
                        entry.count, entry.detail_hash, entry.booked_on, entry.posted_at.isoformat(), entry.previous_hash,
                        entry.entry_hash, *((found[1], found[2], found[0]) if found else ("", "", "")), agrees,
                    )
                )  # fmt: skip
        self.verified |= {"postings": self.result.postings, "compared_with_payments": checked}
        for entries in wrong.values():
            self._explain(entries)

    def _explain(self, wrong: list[tuple[LedgerEntry, Recomputed]]) -> None:
        """Say which postings of one event have other sums than their payments; where all sums agree, that payments were exchanged."""
        by_sum = [each for each in wrong if (each[0].count, each[0].amount_fen) != each[1][1:]]
        changed = _changed_payment(wrong[0][0].reference)
        zh, en = (f"；{changed.zh}", f"; {changed.en}") if changed else ("", "")
        for entry, (_, count, fen) in by_sum or wrong[:1]:
            said, is_now = format_yuan(entry.amount_fen), format_yuan(fen)
            self.find(
                f"过账 {entry.pk}（{entry.reference}，{entry.kind}，{entry.debit_account.code}）为 {entry.count} 笔 {said} 元，"
                f"按它的付款为 {count} 笔 {is_now} 元{'' if by_sum else '，但明细不同'}{zh}。",
                f"Posting {entry.pk} ({entry.reference}, {entry.kind}, {entry.debit_account.code}) stands for {entry.count} payments of "
                f"{said} yuan; by its payments it is {count} of {is_now} yuan{'' if by_sum else ', but not the same ones'}{en}.",
            )

    def _find_unposted(self) -> None:
        """Find what payments and answers say and no posting stands for."""
        for event, account, count, fen in self.subsidiary.unposted():
            side = {f"debit_account__{name}": value for name, value in account._asdict().items()}
            if event.reference == BY_HAND:
                self._compare_by_hand(event, account, side, count, fen)
                continue
            that_day = Q(reference=event.reference, **({"booked_on": event.day} if event.day else {}))
            posted = LedgerEntry.objects.filter(that_day | Q(reference=f"{event.reference}@{event.day}"), kind=event.kind)
            if not posted.filter(**side).exists():
                self.find(
                    f"{event.reference} 的 {event.kind} {format_yuan(fen)} 元（{account.benefit}，{account.level}）没有过账。",
                    f"{format_yuan(fen)} yuan of {event.reference} ({event.kind}, {account.benefit}, {account.level}) were never posted.",
                )

    def _compare_by_hand(self, event: Event, account: Account, side: dict[str, Any], count: int, fen: int) -> None:
        """Compare a day's answers by persons with all their postings: each has a reference of its own."""
        if not self.begin.isoformat() <= event.day <= self.end.isoformat():
            return
        rows = LedgerEntry.objects.filter(kind=event.kind, **side).exclude(
            Q(reference__startswith="file:") | Q(reference__startswith="batch:")
        )
        rows = rows.filter(Q(reference__endswith=f"@{event.day}") | (Q(booked_on=event.day) & ~Q(reference__contains="@")))
        posted = rows.aggregate(count=Sum("count", default=0), fen=Sum("amount_fen", default=0))
        if (posted["count"], posted["fen"]) != (count, fen):
            self.find(
                f"{event.day} 人工登记的 {event.kind}（{account.benefit}，{account.level}）为 {count} 笔 {format_yuan(fen)} 元，"
                f"过账为 {posted['count']} 笔 {format_yuan(posted['fen'])} 元。",
                f"Officers booked {count} payments of {format_yuan(fen)} yuan as {event.kind} on {event.day} ({account.benefit}, "
                f"{account.level}); posted are {posted['count']} of {format_yuan(posted['fen'])} yuan.",
            )

    def _compare_claims(self) -> None:
        """Compare what is to be recovered by the ledger with the overpayments themselves, by benefit and year."""
        held: dict[tuple[str, int], int] = {}
        sums = [_by_account(LedgerEntry.objects.all(), side) for side in ("debit_account", "credit_account")]
        for account in self.accounts.values():
            if account.kind == ledger.RECEIVABLE:
                key = (account.benefit, account.year)
                held[key] = held.get(key, 0) + sums[0].get(account.pk, 0) - sums[1].get(account.pk, 0)
        debts = Overpayment.objects.values_list("benefit", "budget_year")
        owed = {(benefit, year): int(fen) for benefit, year, fen in debts.annotate(fen=Sum(_OPEN_CLAIM)).order_by()}
        for benefit, year in sorted(set(held) | set(owed)):
            fen, other = held.get((benefit, year), 0), owed.get((benefit, year), 0)
            if fen != other:
                by_ledger, by_debts = format_yuan(fen), format_yuan(other)
                self.find(
                    f"{year} 年 {benefit} 应追回：总账为 {by_ledger} 元，多发台账为 {by_debts} 元。",
                    f"To be recovered of {benefit} {year}: {by_ledger} yuan by the ledger, {by_debts} yuan by the overpayments.",
                )

    # ---- the rest ------------------------------------------------------------------------------------------------------------------------

    def _write_journal(self, batch_ids: list[int]) -> None:
        names = (
            "id", "month", "run_id", "law_name", "snapshot_hash", "is_reissue", "budget_year", "state", "count", "amount_fen", "held_count",
            "held_fen", "overpaid_count", "overpaid_fen", "deducted_fen", "prepared_by", "prepared_at", "needed_checkers", "approved_by",
            "approved_at", "refused_by", "refusal_reason", "cancelled_by", "cancel_reason", "released_by", "released_on", "settled_on",
            "message_id", "risk_counts", "shares",
        )  # fmt: skip
        chosen = Q(batch_id__in=batch_ids)
        self._dump("batches.csv", PaymentInstruction.objects.filter(pk__in=batch_ids).order_by("id"), names)
        self._dump("approvals.csv", BatchApproval.objects.filter(chosen), ("batch_id", "account", "on_behalf_of", "approved_at"))
        names = ("batch_id", "transaction_id", "kind", "risk", "seen_by", "seen_at", "verdict", "note")
        self._dump("samples.csv", SampledPayment.objects.filter(chosen).order_by("batch_id", "id"), names)
        names = ("batch_id", "file_name", "message_id", "first_id", "last_id", "count", "amount_fen", "accepted_on")
        self._dump("payment-files.csv", PaymentFile.objects.filter(chosen).order_by("id"), names)

    def _write_bank(self) -> None:
        in_year = Q(imported_on__range=(self.begin, self.end))
        names = (
            "id", "content_hash", "file_name", "message_name", "message_id", "imported_by", "imported_on", "rows", "applied", "repeated",
            "problem_count",
        )  # fmt: skip
        files = BankFile.objects.filter(in_year).order_by("id")
        self._dump("bank-files.csv", files, names)
        names = (
            "bank_file_id", "position", "event", "reference", "amount_fen", "bank_reason", "booked_on", "problem", "closed_by", "closed_at",
            "closing_note",
        )  # fmt: skip
        self._dump("bank-file-problems.csv", BankFileProblem.objects.filter(bank_file__in=files), names)
        names = ("bank_file_id", "begin", "end", "opening_fen", "closing_fen")
        self._dump("statements.csv", AccountStatement.objects.filter(bank_file__in=files).order_by("id"), names)

    def _write_recoveries(self) -> None:
        names = (
            "id", "benefit", "period_key", "payee_key", "district", "budget_year", "instructed_fen", "decided_fen", "recovered_fen",
            "waived_fen", "state", "found_on", "proposed_by", "decided_by", "note",
        )  # fmt: skip
        self._dump("overpayments.csv", Overpayment.objects.filter(found_on__lte=self.end).order_by("id"), names)
        self._dump("deductions.csv", Deduction.objects.order_by("id"), ("id", "overpayment_id", "transaction_id", "amount_fen", "state"))
        names = ("id", "overpayment_id", "amount_fen", "receipt_no", "received_on", "booked_by")
        self._dump("repayments.csv", Repayment.objects.filter(received_on__lte=self.end).order_by("id"), names)

    def _write_budgets(self) -> None:
        envelopes = BudgetEnvelope.objects.filter(year=self.result.year)
        self._dump("envelopes.csv", envelopes, ("benefit", "year", "level", "area_code", "amount_fen", "committed_fen"))
        names = ("benefit", "valid_from", "central_bp", "province_bp", "city_bp", "district_bp", "source")
        self._dump("shares.csv", CostShare.objects.filter(valid_from__lte=self.end), names)
        closes = LedgerClose.objects.filter(day__range=(self.begin, self.end))
        names = ("day", "last_entry_id", "entries", "in_transit_fen", "close_hash", "closed_by", "closed_at", "balances")
        self._dump("closes.csv", closes, names)

    def _write_findings(self) -> None:
        self._write("findings.csv", ("zh", "en"), [(each.zh, each.en) for each in self.result.findings])
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        names = {path.relative_to(self.folder).as_posix() for path in paths} - {MANIFEST}
        self.result.files = len(names | {"README.md", "verification.json"})
        verdict = self.result.verdict
        self.verified |= {"findings": len(self.result.findings), "payments": self.result.payments, "payments_fen": self.result.amount_fen}
        self._write_text("verification.json", json.dumps({**self.verified, "verdict": verdict.en}, indent=1) + "\n")
        self._write_text(
            "README.md", README.read_text(encoding="utf-8").format(year=self.result.year, verdict_zh=verdict.zh, verdict_en=verdict.en)
        )
        lines = [f"{content_hash(self.folder / name)}  {name}\n" for name in sorted(names | {"README.md", "verification.json"})]
        self._write_text(MANIFEST, "".join(lines))

    # ---- files ---------------------------------------------------------------------------------------------------------------------------

    def _dump(self, name: str, rows: Any, names: Sequence[str]) -> None:
        self._write(name, names, rows.values_list(*names).iterator(2_000))

    def _write(self, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with self._writer(name, heads) as out:
            out.writerows(rows)

    @contextmanager
    def _writer(self, name: str, heads: Sequence[str]) -> Iterator[Any]:
        with atomic_path(self.folder / name) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(heads)
            yield writer

    def _write_text(self, name: str, text: str) -> None:
        with atomic_path(self.folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _by_account(rows: Any, side: str) -> dict[int, int]:
    return {key: int(fen) for key, fen in rows.values_list(side).annotate(Sum("amount_fen")).order_by()}


def _books_now(year: int) -> str:
    """Return what changes when anything in the books does: the last posting, and a hash over all totals."""
    head = LedgerEntry.objects.order_by("-id").values_list("entry_hash", flat=True).first() or ""
    totals = PaymentTotal.objects.order_by("batch_id", "benefit", "district", "state").values_list(
        "batch_id", "state", "count", "amount_fen"
    )
    hashed = hashlib.sha256("".join(map(str, totals.iterator(5_000))).encode()).hexdigest()
    return json.dumps({"year": year, "head": head, "totals": hashed})


def _for_file(batch: PaymentInstruction, payments: pa.RecordBatch) -> pa.Table:
    table = pa.Table.from_batches([payments]).select(_FILE_COLUMNS)
    shares = share_table(payments, batch.shares)
    for name in shares.column_names:
        table = table.append_column(name, shares[name])
    return table


def _write_arrow(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables of one schema into a CSV file, whole or not at all; an empty file where there are none."""
    with atomic_path(path) as temporary, temporary.open("wb") as out:
        for number, table in enumerate(tables):
            arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(include_header=number == 0, quoting_style="needed"))


def _exhaust(rows: Iterator[Any]) -> None:
    for _ in rows:
        pass


def _seen(payments: pa.RecordBatch) -> pa.Array:
    """Return the state of payments as people see it (totals.STATE_SEEN in Arrow's words)."""
    waits = pc.equal(payments["state"], "instructed")
    paid, accepted = (pc.not_equal(payments[f"{event}_on"], "") for event in ("paid", "accepted"))
    told = pc.if_else(paid, "paid", pc.if_else(accepted, "accepted", "instructed"))
    return pc.if_else(waits, told, payments["state"])


def _count(counted: dict[tuple[str, str], list[int]], payments: pa.RecordBatch) -> None:
    """Count payments by benefit and state, and add up their fen."""
    table = pa.table({"benefit": payments["benefit"], "state": _seen(payments), "fen": payments["amount_fen"]})
    summed = table.group_by(["benefit", "state"]).aggregate([("fen", "count"), ("fen", "sum")])
    for row in summed.to_pylist():
        sums = counted.setdefault((row["benefit"], row["state"]), [0, 0])
        sums[0], sums[1] = sums[0] + row["fen_count"], sums[1] + row["fen_sum"]


def _unanswered(batch: PaymentInstruction, payments: pa.RecordBatch) -> Iterator[tuple]:
    waiting = payments.filter(pc.is_in(_seen(payments), pa.array([str(state) for state in ON_THE_WAY])))
    for row in waiting.select(["transaction_id", "benefit", "period_key", "payee_key", "amount_fen"]).to_pylist():
        yield row["transaction_id"], batch.pk, row["benefit"], row["period_key"], row["payee_key"], row["amount_fen"], batch.released_on


def _changed_payment(reference: str) -> Text | None:
    """Name the first payment of a batch that is not as it went to the bank, where our file to the bank still lies in ``bank/out``."""
    kind, _, number = reference.partition("@")[0].partition(":")
    if kind != "batch":
        return None
    for part in PaymentFile.objects.filter(batch_id=int(number)).order_by("id"):
        path = Path(settings.HOME) / "bank" / "out" / part.file_name
        changed = _first_changed(path, part) if path.exists() else _other_sum(part)
        if changed:
            return changed
    return None


def _first_changed(path: Path, part: PaymentFile) -> Text | None:
    """Compare a file to the bank with the payments it carries now."""
    _, sent = orders(path)
    sql = "SELECT id, amount_fen FROM payments_credittransfertransaction WHERE id BETWEEN %s AND %s"
    now = dict(bulk.rows(sql, [part.first_id, part.last_id]))
    for name, fen in zip(sent["end_to_end_id"].to_pylist(), sent["amount_fen"].to_pylist(), strict=True):
        number = transaction_id_of(name)
        if now.get(number) != fen:
            has = format_yuan(now[number]) if number in now else "0.00"
            return Text(
                f"付款 {name} 发往银行时为 {format_yuan(fen)} 元，现在为 {has} 元",
                f"payment {name} went to the bank with {format_yuan(fen)} yuan and has {has} yuan now",
            )
    return None


def _other_sum(part: PaymentFile) -> Text | None:
    """Say which file to the bank no longer adds up, where the file itself is gone."""
    sql = """SELECT coalesce(sum(amount_fen), 0) FROM payments_credittransfertransaction
             WHERE id BETWEEN %s AND %s AND batch_id = %s AND channel = 'bank' AND state <> 'held'"""
    fen = int(bulk.rows(sql, [part.first_id, part.last_id, part.batch_id])[0][0])
    if fen == part.amount_fen:
        return None
    return Text(
        f"文件 {part.file_name} 发出时为 {format_yuan(part.amount_fen)} 元，现在为 {format_yuan(fen)} 元",
        f"file {part.file_name} carried {format_yuan(part.amount_fen)} yuan and adds up to {format_yuan(fen)} yuan now",
    )
