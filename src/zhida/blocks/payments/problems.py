"""The bank desk: rows of bank files that need a person, and whether the account agrees with the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum

from zhida.blocks.access import api as access
from zhida.blocks.payments.commands import may, record
from zhida.blocks.payments.errors import ProblemNotOpen, ReasonMissing
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import AccountStatement, BankFileProblem, LedgerEntry, PaymentFile
from zhida.kernel import clock

PAGE_ROWS = 50


@dataclass(frozen=True)
class StatementCheck:
    """A statement of our account beside the ledger. All in fen; what leaves the account is negative.

    told_fen: closing less opening balance. booked_fen: what the ledger booked from bank files for these days (returned less paid).
    problems_fen: rows of bank files for these days that are not applied and wait on the work list: they explain a difference.
    """

    statement: AccountStatement
    told_fen: int
    booked_fen: int
    problems_fen: int

    @property
    def difference_fen(self) -> int:
        return self.told_fen - self.booked_fen

    @property
    def unexplained_fen(self) -> int:
        return self.difference_fen - self.problems_fen


def problems(viewer: access.Viewer, is_open: bool | None = True, problem: str = "", page: int = 1) -> list[BankFileProblem]:
    """List rows of bank files that could not be applied, the newest file first. is_open: None for all, False for closed ones."""
    may(viewer, "payments.view")
    rows = _problems(is_open, problem).select_related("bank_file").order_by("-bank_file_id", "position", "id")
    return list(rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_problems(viewer: access.Viewer, is_open: bool | None = True, problem: str = "") -> int:
    """Count what ``problems`` lists."""
    may(viewer, "payments.view")
    return _problems(is_open, problem).count()


def problem_kinds(viewer: access.Viewer) -> dict[str, int]:
    """Count the open problems of each kind (rules.PROBLEMS)."""
    may(viewer, "payments.view")
    rows = _problems(True, "").order_by().values_list("problem").annotate(n=Count("id"))
    return dict(sorted(rows))


def _problems(is_open: bool | None, problem: str) -> QuerySet[BankFileProblem]:
    rows = BankFileProblem.objects.all()
    if is_open is not None:
        rows = rows.filter(closed_by="") if is_open else rows.exclude(closed_by="")
    return rows.filter(problem=problem) if problem else rows


def close_problem(viewer: access.Viewer, problem_id: int, note: str) -> BankFileProblem:
    """Close a problem with what came of it. Raises: ReasonMissing, ProblemNotOpen, PermissionMissing."""
    may(viewer, "payments.release")
    if not note.strip():
        raise ReasonMissing("关闭银行文件问题", "closing a problem of a bank file")
    with one_command():
        rows = BankFileProblem.objects.filter(pk=problem_id, closed_by="")
        if not rows.update(closed_by=viewer.account, closed_at=clock.now(), closing_note=note.strip()[:300]):
            raise ProblemNotOpen(problem_id)
        record(viewer, "payments.close_problem", f"problem {problem_id}")
    return BankFileProblem.objects.get(pk=problem_id)


def files_out(viewer: access.Viewer, page: int = 1) -> list[PaymentFile]:
    """List our files to the bank, the newest first, with their batches."""
    may(viewer, "payments.view")
    return list(PaymentFile.objects.select_related("batch").order_by("-id")[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_files_out(viewer: access.Viewer) -> int:
    may(viewer, "payments.view")
    return PaymentFile.objects.count()


def statement_checks(viewer: access.Viewer, limit: int = PAGE_ROWS) -> list[StatementCheck]:
    """Put the newest statements of the account beside what the ledger booked from bank files for the same days."""
    may(viewer, "payments.view")
    return [_check(statement) for statement in AccountStatement.objects.select_related("bank_file").order_by("-id")[:limit]]


def _check(statement: AccountStatement) -> StatementCheck:
    days: dict[str, Any] = {}
    if statement.begin:
        days["booked_on__gte"] = statement.begin
    if statement.end:
        days["booked_on__lte"] = statement.end
    booked = LedgerEntry.objects.filter(reference__startswith="file:", **days)
    open_rows = BankFileProblem.objects.filter(closed_by="", amount_fen__isnull=False, **days).exclude(problem="doubled")
    told = statement.closing_fen - statement.opening_fen
    return StatementCheck(statement, told, _moved(booked, "kind"), _moved(open_rows, "event"))


def _moved(rows: QuerySet[Any], column: str) -> int:
    """Return what came into the account less what left it."""
    sums = dict(rows.filter(**{f"{column}__in": ["paid", "returned"]}).order_by().values_list(column).annotate(fen=Sum("amount_fen")))
    return int(sums.get("returned", 0)) - int(sums.get("paid", 0))
