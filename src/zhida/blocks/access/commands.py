"""Writes of the access block."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta

from django.db import transaction

from zhida.blocks.access.errors import DelegationEnded, DelegationRefused, PermissionMissing
from zhida.blocks.access.models import AuditEntry, AuditHead, Delegation, UserAccount
from zhida.blocks.access.rules import DELEGABLE, DELEGATION_DAYS_MAX, NOT_OFFICERS, PERMISSIONS, Purpose, Viewer, own_purpose
from zhida.kernel import clock


def entry_hash(previous_hash: str, content: list[str | int]) -> str:
    """Return SHA-256 over the previous hash and the entry's content as canonical JSON."""
    return hashlib.sha256((previous_hash + json.dumps(content, ensure_ascii=False)).encode()).hexdigest()


# No savepoint of its own within a caller's transaction: it would cost as much as the entry.
@transaction.atomic(savepoint=False)
def record_access(viewer: Viewer, purpose: Purpose, action: str, subject: str) -> None:
    """Append one entry to the audit log: who looked at or changed what, and why."""
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    at = clock.now()
    sequence = head.sequence + 1
    content = [sequence, at.isoformat(), viewer.account, viewer.role, str(purpose), action, subject]
    hashed = entry_hash(head.entry_hash, content)
    AuditEntry.objects.create(
        sequence=sequence,
        at=at,
        account=viewer.account,
        role=viewer.role,
        purpose=str(purpose),
        action=action,
        subject=subject,
        previous_hash=head.entry_hash,
        entry_hash=hashed,
    )
    AuditHead.objects.filter(pk=1).update(sequence=sequence, entry_hash=hashed)


def create_account(
    username: str,
    display_name: str,
    role: str,
    area_code: str = "",
    resident_no: int | None = None,
    is_demo: bool = False,
    department: str = "",
) -> UserAccount:
    """Create an account, or bring an existing one of that name up to date. Demo accounts have no password: they sign in by choice."""
    account, _ = UserAccount.objects.update_or_create(
        username=username,
        defaults={
            "display_name": display_name,
            "role": role,
            "area_code": area_code,
            "resident_no": resident_no,
            "is_demo": is_demo,
            "department": department,
        },
    )
    if not account.password:
        account.set_unusable_password()
        account.save(update_fields=["password"])
    return account


@transaction.atomic
def delegate(viewer: Viewer, to_account: str, permission: str, begin: date, end: date, reason: str) -> Delegation:
    """Let another officer use a permission that the viewer's own role holds, from ``begin`` until before ``end``.

    Raises: DelegationRefused, PermissionMissing.
    """
    if permission not in DELEGABLE or own_purpose(viewer, permission) is None:
        raise PermissionMissing(viewer.account, permission)
    _refuse_delegation(viewer, to_account, permission, begin, end, reason)
    made = Delegation.objects.create(
        from_account=viewer.account, to_account=to_account, permission=permission, begin=begin, end=end, reason=reason.strip()[:300],
        made_at=clock.now(),
    )  # fmt: skip
    record_access(viewer, Purpose.OPERATION, "access.delegate", f"delegation {made.pk}")
    return made


def _refuse_delegation(viewer: Viewer, to_account: str, permission: str, begin: date, end: date, reason: str) -> None:
    """Raise DelegationRefused where the other, the days or the reason do not do."""
    other = UserAccount.objects.filter(username=to_account, is_active=True).first()
    if other is None or other.role in NOT_OFFICERS or to_account == viewer.account:
        raise DelegationRefused(to_account, "请选择另一位工作人员。", "Choose another officer.")
    if permission in PERMISSIONS.get(other.role, {}):
        raise DelegationRefused(
            to_account, "对方本来就有这项权限，请另选一位。", "that account holds the permission itself. Choose another officer."
        )
    if end <= begin or begin < clock.today() or end - begin > timedelta(days=DELEGATION_DAYS_MAX):
        raise DelegationRefused(
            to_account,
            f"起始日不能早于今天，结束日要在起始日之后，最长 {DELEGATION_DAYS_MAX} 天；请改日期。",
            f"it begins today or later, ends after it begins, and lasts {DELEGATION_DAYS_MAX} days at most. Change the days.",
        )
    if not reason.strip():
        raise DelegationRefused(to_account, "请写明原因。", "write down the reason.")


@transaction.atomic
def end_delegation(viewer: Viewer, delegation_id: int) -> None:
    """End a delegation from today on: by whom it was made, or a colleague whose own role holds the same permission.

    Raises: DelegationEnded, PermissionMissing.
    """
    today = clock.today()
    rows = Delegation.objects.filter(pk=delegation_id, end__gt=today, ended_on=None)
    found = rows.first()
    if found is None:
        raise DelegationEnded(delegation_id)
    if own_purpose(viewer, found.permission) is None:
        raise PermissionMissing(viewer.account, found.permission)
    if not rows.update(ended_by=viewer.account, ended_on=today):
        raise DelegationEnded(delegation_id)
    record_access(viewer, Purpose.OPERATION, "access.end_delegation", f"delegation {delegation_id}")
