"""Who is paid and where: arrangements for other payees, and accounts that have just changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import bulk
from zhida.blocks.payments.errors import (
    AccountChangeNotOpen,
    ArrangementDaysWrong,
    ArrangementOverlaps,
    ArrangementUnknown,
    PayeeNotKnown,
    PayeeTwice,
    ReasonMissing,
    SecondOfficerNeeded,
    SharesAreNotAWhole,
)
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import AccountChange, PayeeArrangement
from zhida.blocks.payments.rules import COOLING_OFF_DAYS, ORGANISATION, PayeeKind
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.identifiers import is_uscc

WHOLE_BP = 10_000
# payee_key, why that one is paid, share in basis points.
Payee = tuple[str, PayeeKind, int]


# ---- arrangements ------------------------------------------------------------------------------------------------------------------------


def arrange_payees(
    viewer: access.Viewer,
    entity_no: int,
    benefit: str,
    payees: Sequence[Payee],
    begin: date,
    end: date | None,
    reason: str,
    community: int,
    is_known: Callable[[str], bool] | None = None,
) -> list[PayeeArrangement]:
    """Let an entity's money go to these payees, in shares that add up to the whole. Without a second officer it has no effect.

    benefit: empty for every benefit of the entity. end: the first day on which it does not hold any more. community: where the entity
    lives; the viewer's area must hold it. is_known: says whether a payee exists, the records when none is given.

    Raises: SharesAreNotAWhole, PayeeNotKnown, PayeeTwice, ArrangementDaysWrong, ArrangementOverlaps, ReasonMissing, NotYours,
    PermissionMissing.
    """
    access.require(viewer, "payees.arrange")
    if not viewer.sees_area(community):
        raise access.NotYours(viewer.account, f"entity {entity_no}")
    _check(entity_no, payees, begin, end, reason, is_known or payee_exists)
    with one_command():
        _refuse_overlap(entity_no, benefit, begin, end)
        now = clock.now()
        made = [
            PayeeArrangement.objects.create(
                benefit=benefit, entity_no=entity_no, payee_key=payee_key, kind=kind, share_bp=share_bp, begin=begin, end=end,
                community=community, reason=reason.strip()[:300], made_by=viewer.account, made_at=now,
            )
            for payee_key, kind, share_bp in payees
        ]  # fmt: skip
        _record(viewer, "payments.arrange", f"entity {entity_no} {benefit or 'all'}")
    return made


def _check(entity_no: int, payees: Sequence[Payee], begin: date, end: date | None, reason: str, is_known: Callable[[str], bool]) -> None:
    total = sum(share_bp for _, _, share_bp in payees)
    if total != WHOLE_BP or any(share_bp <= 0 for _, _, share_bp in payees):
        raise SharesAreNotAWhole(entity_no, total)
    if end is not None and end <= begin:
        raise ArrangementDaysWrong(begin.isoformat(), end.isoformat())
    if not reason.strip():
        raise ReasonMissing("收款安排", "an arrangement of payees")
    seen: set[str] = set()
    for payee_key, _, _ in payees:
        if payee_key in seen:
            raise PayeeTwice(payee_key)
        seen.add(payee_key)
        if not is_known(payee_key):
            raise PayeeNotKnown(payee_key)


def payee_exists(payee_key: str) -> bool:
    """Say whether a payee can be paid: a resident of the newest snapshot, or an organisation whose code has the right check character."""
    if payee_key.startswith(ORGANISATION):
        return is_uscc(payee_key.removeprefix(ORGANISATION))
    if not payee_key.isdigit():
        return False
    try:
        return bool(records.names_of(records.newest_snapshot().hash, [int(payee_key)]))
    except records.NoSnapshot:
        return False


def _refuse_overlap(entity_no: int, benefit: str, begin: date, end: date | None) -> None:
    rows = PayeeArrangement.objects.filter(entity_no=entity_no, benefit=benefit).filter(Q(end__isnull=True) | Q(end__gt=begin))
    found = (rows.filter(begin__lt=end) if end else rows).first()
    if found is not None:
        raise ArrangementOverlaps(entity_no, found.pk)


def confirm_arrangement(viewer: access.Viewer, arrangement_id: int) -> list[PayeeArrangement]:
    """Let a second officer confirm an arrangement, with all of its payees. It holds from the first payday after its first day.

    Raises: ArrangementUnknown, SecondOfficerNeeded, PermissionMissing.
    """
    access.require(viewer, "payees.confirm")
    with one_command():
        row = _arrangement(viewer, arrangement_id)
        if row.made_by == viewer.account:
            raise SecondOfficerNeeded(f"PayeeArrangement {arrangement_id}", viewer.account)
        _together(row).filter(confirmed_by="").update(confirmed_by=viewer.account, confirmed_at=clock.now())
        _record(viewer, "payments.confirm_arrangement", f"arrangement {arrangement_id}")
        return list(_together(row))


def end_arrangement(viewer: access.Viewer, arrangement_id: int, end: date) -> list[PayeeArrangement]:
    """End an arrangement with all of its payees; from that day whom the decision names is paid. One that nobody confirmed is withdrawn.

    Raises: ArrangementUnknown, ArrangementDaysWrong, PermissionMissing.
    """
    access.require(viewer, "payees.arrange")
    with one_command():
        row = _arrangement(viewer, arrangement_id)
        rows = _together(row)
        _record(viewer, "payments.end_arrangement", f"arrangement {arrangement_id} {end}")
        if not row.confirmed_by:
            rows.delete()
            return []
        if end <= row.begin or (row.end is not None and end > row.end):
            raise ArrangementDaysWrong(row.begin.isoformat(), end.isoformat())
        numbers = list(rows.values_list("pk", flat=True))
        rows.update(end=end)
        return list(PayeeArrangement.objects.filter(pk__in=numbers))


def _arrangement(viewer: access.Viewer, arrangement_id: int) -> PayeeArrangement:
    row = PayeeArrangement.objects.filter(pk=arrangement_id).first()
    if row is None or not viewer.sees_area(row.community):
        raise ArrangementUnknown(arrangement_id)
    return row


def _together(row: PayeeArrangement) -> QuerySet[PayeeArrangement]:
    """Return the rows that were entered as one arrangement."""
    return PayeeArrangement.objects.filter(
        entity_no=row.entity_no, benefit=row.benefit, begin=row.begin, end=row.end, made_by=row.made_by, made_at=row.made_at
    )


def arrangements(viewer: access.Viewer, purpose: access.Purpose, entity_nos: Sequence[int]) -> list[PayeeArrangement]:
    """List the arrangements of entities in the viewer's area, also those that ended or wait, the newest first."""
    rows = _visible(viewer, PayeeArrangement.objects.filter(entity_no__in=list(entity_nos))).order_by("-begin", "-made_at", "id")
    access.record_access(viewer, purpose, "payments.arrangements", f"entities {', '.join(map(str, entity_nos))}")
    return list(rows)


def waiting_arrangements(viewer: access.Viewer) -> list[PayeeArrangement]:
    """List the arrangements of the viewer's area that wait for a second officer, the oldest first."""
    access.require(viewer, "payees.confirm")
    return list(_visible(viewer, PayeeArrangement.objects.filter(confirmed_by="")).order_by("made_at", "id"))


# ---- accounts that change ----------------------------------------------------------------------------------------------------------------


def note_account_changes(changes: Sequence[tuple[str, str, str, int]]) -> None:
    """Remember changed accounts: payee_key, the account paid to before, the one of now, community. One that is known keeps its days.

    Each resident is told at once, and may say that it was not they who changed it.
    """
    if not changes:
        return
    today = clock.today()
    AccountChange.objects.bulk_create(
        (
            AccountChange(
                payee_key=payee_key, account_before=before, account_now=now, community=community, first_seen_on=today,
                hold_until=today + timedelta(days=COOLING_OFF_DAYS),
            )
            for payee_key, before, now, community in changes
        ),
        batch_size=500,
        ignore_conflicts=True,
    )  # fmt: skip
    _tell_payees(today)


def _tell_payees(today: date) -> None:
    seen = AccountChange.objects.filter(first_seen_on=today, state="waiting").exclude(payee_key__startswith=ORGANISATION)
    notices.notify(
        access.SYSTEM,
        "account_changed",
        (
            notices.Recipient(
                subject=f"account change:{row.pk}",
                parameters={"account_end": row.account_now[-4:], "day": row.hold_until.isoformat()},
                resident_no=int(row.payee_key),
                community=row.community,
            )
            for row in seen.iterator()
        ),
    )


def account_changes(viewer: access.Viewer, purpose: access.Purpose, only_open: bool = True) -> list[AccountChange]:
    """List account changes of the viewer's area, the oldest first: those that wait or were denied, or all of them."""
    rows = _visible(viewer, AccountChange.objects.order_by("id"))
    rows = rows.exclude(state="confirmed").exclude(state="waiting", hold_until__lte=clock.today()) if only_open else rows
    access.record_access(viewer, purpose, "payments.account_changes", f"area {viewer.area_code}")
    return list(rows)


def shared_accounts(rows: Sequence[AccountChange]) -> set[str]:
    """Return which of the new accounts several payees changed to: a family's card, or somebody who collects for others."""
    named = AccountChange.objects.filter(account_now__in={row.account_now for row in rows}).order_by()
    payees = named.values_list("account_now").annotate(payees=Count("payee_key", distinct=True))
    return {account for account, count in payees if count > 1}


def account_changes_of(viewer: access.Viewer, purpose: access.Purpose, resident_no: int) -> list[AccountChange]:
    """List the account changes of one resident, the newest first. The caller has made sure that the viewer may see this resident."""
    access.record_access(viewer, purpose, "payments.account_changes", f"resident {resident_no}")
    rows = AccountChange.objects.filter(payee_key=str(resident_no)).order_by("-id")
    return list(rows if viewer.role == "resident" and viewer.resident_no == resident_no else _visible(viewer, rows))


def decide_account_change(viewer: access.Viewer, change_id: int, confirm: bool, note: str = "") -> AccountChange:
    """Let money go to a new account at once, or hold it until another account is registered. What was held goes out with ``reissue``.

    A refused change may be confirmed later, when the payee has come with the card.

    Raises: AccountChangeNotOpen, ReasonMissing (a refusal without a note), PermissionMissing.
    """
    access.require(viewer, "payees.arrange")
    if not confirm and not note.strip():
        raise ReasonMissing("否认账户变更", "refusing an account")
    row = AccountChange.objects.filter(pk=change_id).first()
    if row is None or not viewer.sees_area(row.community):
        raise AccountChangeNotOpen(change_id)
    return _decide(viewer, row, "confirmed" if confirm else "refused", note)


def deny_account_change(viewer: access.Viewer, change_id: int) -> AccountChange:
    """Let a resident say that a new account is not theirs: nothing is paid to it, and their street's officers see it.

    Raises: AccountChangeNotOpen, PermissionMissing.
    """
    access.require(viewer, "entitlements.view_own")
    row = AccountChange.objects.filter(pk=change_id, payee_key=str(viewer.resident_no)).first()
    if row is None:
        raise AccountChangeNotOpen(change_id)
    return _decide(viewer, row, "refused", "")


_MAY_DECIDE = {"confirmed": ("waiting", "refused"), "refused": ("waiting", "confirmed")}
# What is held for an account says why, as its list shows it.
_HELD_FOR = """UPDATE payments_credittransfertransaction SET reason_code = %s WHERE state = 'held' AND payee_no = %s AND payee_key = %s
               AND reason_code IN ('account_cooling_off', 'account_refused', 'account_changed')"""


def _decide(viewer: access.Viewer, row: AccountChange, state: str, note: str) -> AccountChange:
    with one_command():
        waiting = AccountChange.objects.filter(pk=row.pk, state__in=_MAY_DECIDE[state])
        if not waiting.update(state=state, decided_by=viewer.account, decided_at=clock.now(), note=note.strip()[:300]):
            raise AccountChangeNotOpen(row.pk)
        number = 0 if row.payee_key.startswith(ORGANISATION) else int(row.payee_key)
        bulk.execute(_HELD_FOR, ["account_changed" if state == "confirmed" else "account_refused", number, row.payee_key])
        _record(viewer, f"payments.account_{state}", f"account change {row.pk}")
    row.refresh_from_db()
    return row


def _visible(viewer: access.Viewer, rows: QuerySet) -> QuerySet:
    if viewer.role == "resident" or not viewer.area_prefix:
        return rows.none()
    first, end = viewer.community_span
    return rows.filter(community__gte=first, community__lt=end)


def _record(viewer: access.Viewer, action: str, subject: str) -> None:
    access.record_access(viewer, access.Purpose.CASEWORK if viewer.role != "resident" else access.Purpose.OWN_ENTITLEMENTS, action, subject)
