"""The daily close: the ledger against the payments and the envelopes it stands for, and a day to which nothing is booked any more.

Days close in their order. A close covers all days since the one before, so nobody closes a holiday by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date

from django.db.models import Count, Q, Sum

from zhida.blocks.access import api as access
from zhida.blocks.payments import ledger
from zhida.blocks.payments.commands import may, record
from zhida.blocks.payments.errors import BooksDisagree, CloseBroken, DayCannotBeClosed
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import BudgetEnvelope, LedgerAccount, LedgerClose, LedgerEntry, PaymentTotal
from zhida.blocks.payments.rules import ON_THE_WAY, BatchState, Level, TransactionState
from zhida.blocks.payments.sharing import SHARE_COLUMNS
from zhida.kernel import clock
from zhida.kernel.text import Text

# An account's code, what it was given (debit) and what it gave (credit).
Balance = list[str | int]

_ON_THE_WAY = Text("在途付款合计", "the totals of payments on their way")
_AVAILABLE = Text("预算可用数", "what the envelope has left")


def close_day(viewer: access.Viewer, day: date | None = None) -> LedgerClose:
    """Close a day (today where none is named), after the books were found to agree; a day that is closed returns its close.

    Raises: DayCannotBeClosed, BooksDisagree, LedgerBroken, PermissionMissing.
    """
    may(viewer, "payments.close")
    day = day or clock.today()
    with one_command():
        last = LedgerClose.objects.order_by("-day").first()
        if last and day <= last.day:
            return _closed(day, last)
        if day > clock.today():
            raise DayCannotBeClosed(day, Text("这一天还没有到", "it is still to come"))
        ledger.verify_chain(_verified_by(last))
        require_agreement(day)
        close = _close(viewer, day, last)
        record(viewer, "payments.close", f"day {day.isoformat()}")
    return close


def closes(viewer: access.Viewer) -> list[LedgerClose]:
    """List the closed days, the newest first."""
    may(viewer, "payments.view")
    return list(LedgerClose.objects.order_by("-day"))


def require_agreement(day: date) -> None:
    """Refuse a close where the ledger and what it stands for differ now. Raises: BooksDisagree, for the first account by name."""
    held = ledger_balances()
    for other, kind, expected in ((_ON_THE_WAY, ledger.IN_TRANSIT, on_the_way()), (_AVAILABLE, ledger.BUDGET, available())):
        codes = {code for code in held if code.startswith(f"{kind}:")} | set(expected)
        for code in sorted(codes):
            if held.get(code, 0) != expected.get(code, 0):
                raise BooksDisagree(day, code, held.get(code, 0), expected.get(code, 0), other)


def ledger_balances() -> dict[str, int]:
    """Return what each account holds by all postings, by its code."""
    return {str(code): int(debit) - int(credit) for code, debit, credit in balances_on(None)}


def balances_on(day: date | None) -> list[Balance]:
    """Return the trial balance at the end of a day, or of everything: [account code, debit fen, credit fen], accounts by their codes."""
    booked = LedgerEntry.objects.filter(booked_on__lte=day) if day else LedgerEntry.objects.all()
    debits, credits = (
        dict(booked.values_list(side).annotate(fen=Sum("amount_fen")).order_by()) for side in ("debit_account", "credit_account")
    )
    rows: list[Balance] = [[a.code, int(debits.get(a.pk, 0)), int(credits.get(a.pk, 0))] for a in LedgerAccount.objects.all()]
    return sorted((row for row in rows if row[1] or row[2]), key=lambda row: str(row[0]))


def on_the_way() -> dict[str, int]:
    """Return by account what the totals say is on its way: sent, and neither paid nor back."""
    left = [BatchState.RELEASED, BatchState.SETTLED]
    return _by_account(ledger.IN_TRANSIT, Q(state__in=ON_THE_WAY, batch__state__in=left))


def available() -> dict[str, int]:
    """Return by account what envelopes have left, as the ledger sees it: what is approved and has not left is still there."""
    approved = _by_account(ledger.BUDGET, Q(state=TransactionState.INSTRUCTED, batch__state=BatchState.APPROVED))
    for envelope in BudgetEnvelope.objects.all():
        code = LedgerAccount(
            kind=ledger.BUDGET, benefit=envelope.benefit, year=envelope.year, level=envelope.level, area_code=envelope.area_code
        ).code
        approved[code] = approved.get(code, 0) + envelope.available_fen
    return approved


def _by_account(kind: str, chosen: Q) -> dict[str, int]:
    rows = PaymentTotal.objects.filter(chosen).values_list("benefit", "batch__budget_year", "district")
    sums: dict[str, int] = {}
    for benefit, year, district, *parts in rows.annotate(*(Sum(column) for column in SHARE_COLUMNS)).order_by():
        for level, fen in zip(Level, parts, strict=True):
            if fen:
                area_code = district if level == Level.DISTRICT else 0
                code = LedgerAccount(kind=kind, benefit=benefit, year=year, level=level.value, area_code=area_code).code
                sums[code] = sums.get(code, 0) + int(fen)
    return sums


def _closed(day: date, last: LedgerClose) -> LedgerClose:
    """Return the close of a day; one without a close of its own was closed by a later day's."""
    close = LedgerClose.objects.filter(day=day).first()
    if close is None:
        raise DayCannotBeClosed(day, Text(f"它已随 {last.day} 之前的日结一并关闭", f"it was closed with a later day, up to {last.day}"))
    return close


def _verified_by(last: LedgerClose | None) -> ledger.Chain | None:
    """Return up to where the last close has verified the chain."""
    if last is None or last.last_entry_id is None:
        return None
    before = LedgerEntry.objects.filter(pk__lte=last.last_entry_id).count()
    return ledger.Chain(before, last.last_entry_id, last.last_entry.entry_hash)


def _close(viewer: access.Viewer, day: date, last: LedgerClose | None) -> LedgerClose:
    booked = LedgerEntry.objects.filter(booked_on__lte=day)
    close = LedgerClose(
        day=day, last_entry=booked.order_by("-id").first(), entries=booked.count(), balances=balances_on(day),
        closed_by=viewer.account, closed_at=clock.now(),
    )  # fmt: skip
    close.in_transit_fen = sum(
        int(debit) - int(credit) for code, debit, credit in close.balances if str(code).startswith(ledger.IN_TRANSIT)
    )
    close.close_hash = close_hash(last.close_hash if last else "", close)
    close.save(force_insert=True)
    return close


def close_hash(previous: str, close: LedgerClose) -> str:
    """Return the hash of a close: over what it says and the close before."""
    last_hash = close.last_entry.entry_hash if close.last_entry else ""
    said = [previous, close.day.isoformat(), last_hash, close.entries, close.balances, close.in_transit_fen, close.closed_by]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def verify_closes() -> int:
    """Compare every close with the one before it and with the postings; return how many there are. Raises: CloseBroken at the first."""
    previous, count = "", 0
    recounted = _recounted()
    for close in LedgerClose.objects.select_related("last_entry").order_by("day"):
        entries, balances = next(recounted)
        if close.close_hash != close_hash(previous, close):
            raise CloseBroken(close.day, Text("它的内容与日结时不同", "it does not say what it said when the day was closed"))
        if close.entries != entries:
            zh, en = (
                f"日结时有 {close.entries} 笔过账，现在有 {entries} 笔",
                f"it counted {close.entries} postings, and now there are {entries}",
            )
            raise CloseBroken(close.day, Text(zh, en))
        if close.balances != balances:
            wrong = next(str(row[0]) for row in [*balances, *close.balances] if row not in close.balances or row not in balances)
            raise CloseBroken(close.day, Text(f"账户 {wrong} 的余额不同", f"account {wrong} has another balance now"))
        previous, count = close.close_hash, count + 1
    return count


def _recounted() -> Iterator[tuple[int, list[Balance]]]:
    """Yield for each closed day how many postings there are up to it, and the trial balance, in one pass over sums by day."""
    codes = {account.pk: account.code for account in LedgerAccount.objects.all()}
    sums = LedgerEntry.objects.values_list("booked_on", "debit_account", "credit_account").annotate(Sum("amount_fen"), Count("id"))
    moves = list(sums.order_by("booked_on"))
    held: dict[str, list[int]] = {}
    place = entries = 0
    for day in LedgerClose.objects.order_by("day").values_list("day", flat=True):
        while place < len(moves) and moves[place][0] <= day:
            _, debit, credit, fen, count = moves[place]
            held.setdefault(codes[debit], [0, 0])[0] += int(fen)
            held.setdefault(codes[credit], [0, 0])[1] += int(fen)
            entries, place = entries + count, place + 1
        yield entries, [[code, *sides] for code, sides in sorted(held.items())]
