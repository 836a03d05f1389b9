"""Reads of the ledger: postings of an account or a batch, and the words for both. No personal data: control accounts name nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.payments import ledger
from zhida.blocks.payments.closing import verify_closes
from zhida.blocks.payments.commands import may
from zhida.blocks.payments.errors import CloseBroken, LedgerBroken
from zhida.blocks.payments.models import LedgerAccount, LedgerEntry
from zhida.kernel.text import Text

PAGE_ROWS = 50
# A file for a spreadsheet holds so many at most; a year's are in the audit's folder.
FILE_ROWS = 50_000

ACCOUNT_TEXT = {
    ledger.TREASURY: Text("财政拨款", "Treasury"),
    ledger.BUDGET: Text("可用预算", "Budget left"),
    ledger.IN_TRANSIT: Text("在途", "On its way"),
    ledger.PAID_OUT: Text("已付", "Paid out"),
    ledger.RECEIVABLE: Text("应追回", "To be recovered"),
}
POSTING_TEXT = {
    "budget": Text("预算拨入或收回", "Budget set"),
    "released": Text("发往银行", "Sent to the bank"),
    "paid": Text("到账", "Paid"),
    "rejected": Text("银行拒付", "Rejected"),
    "returned": Text("银行退回", "Returned"),
    "claimed": Text("转为应追回", "Claimed back"),
    "unclaimed": Text("撤销应追回", "Claim withdrawn"),
    "deducted": Text("抵扣", "Kept back"),
    "undeducted": Text("撤销抵扣", "Not kept back after all"),
    "recovered": Text("已追回", "Recovered"),
    "unrecovered": Text("撤销追回", "Not recovered after all"),
    "waived": Text("豁免", "Waived"),
}


@dataclass(frozen=True)
class PostingFilter:
    """Which postings: of an account (its code), of a batch, with words in the reference or kind or as a number; empty: all."""

    account: str = ""
    batch_id: int | None = None
    words: str = ""


def postings(viewer: access.Viewer, wanted: PostingFilter, page: int = 1) -> list[LedgerEntry]:
    """List postings, the newest first, ``PAGE_ROWS`` to a page, counted from 1."""
    may(viewer, "payments.view")
    rows = _wanted(wanted).select_related("debit_account", "credit_account").order_by("-id")
    return list(rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])


def count_postings(viewer: access.Viewer, wanted: PostingFilter) -> int:
    may(viewer, "payments.view")
    return _wanted(wanted).count()


def all_postings(viewer: access.Viewer, wanted: PostingFilter) -> Iterator[LedgerEntry]:
    """Yield the newest ``FILE_ROWS`` postings."""
    may(viewer, "payments.view")
    yield from _wanted(wanted).select_related("debit_account", "credit_account").order_by("-id")[:FILE_ROWS].iterator(2_000)


def _wanted(wanted: PostingFilter) -> QuerySet[LedgerEntry]:
    rows = LedgerEntry.objects.all()
    if wanted.account:
        ours = [account.pk for account in LedgerAccount.objects.all() if account.code == wanted.account]
        rows = rows.filter(Q(debit_account__in=ours) | Q(credit_account__in=ours))
    if wanted.batch_id is not None:
        name = f"batch:{wanted.batch_id}"
        rows = rows.filter(Q(reference=name) | Q(reference__startswith=f"{name}:") | Q(reference__startswith=f"{name}@"))
    if wanted.words:
        found = Q(reference__icontains=wanted.words) | Q(kind__icontains=wanted.words) | Q(debit_account__benefit__icontains=wanted.words)
        rows = rows.filter(found | Q(pk=int(wanted.words)) if wanted.words.isdecimal() and len(wanted.words) < len(str(2**62)) else found)
    return rows


def broken_at(viewer: access.Viewer) -> Text | None:
    """Verify the whole chain and all closes; return what is broken first, None where nothing is."""
    may(viewer, "payments.view")
    try:
        ledger.verify_chain()
        verify_closes()
    except (LedgerBroken, CloseBroken) as error:
        return error.text
    return None
