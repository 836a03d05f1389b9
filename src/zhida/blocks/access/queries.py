"""Reads of the access block."""

from __future__ import annotations

from dataclasses import replace

from zhida.blocks.access.commands import entry_hash
from zhida.blocks.access.errors import AuditChainBroken, NotYours, PermissionMissing
from zhida.blocks.access.models import AuditEntry, Delegation, UserAccount
from zhida.blocks.access.rules import DELEGABLE, NOT_OFFICERS, PERMISSIONS, Purpose, Viewer, is_in_force, own_purpose, purpose_of
from zhida.kernel import clock


def viewer_of(account: UserAccount) -> Viewer:
    """Return the viewer that a signed-in account is today: with what was delegated to it."""
    viewer = Viewer(account.username, account.role, account.area_code, account.resident_no, department=account.department)
    if viewer.role in NOT_OFFICERS:
        return viewer
    delegated = tuple(permission for permission in DELEGABLE if not own_purpose(viewer, permission) and delegators(viewer, permission))
    return replace(viewer, delegated=delegated) if delegated else viewer


def delegators(viewer: Viewer, permission: str) -> list[str]:
    """List who lets the viewer use a permission today, the oldest delegation first: accounts whose own role still holds it."""
    today = clock.today()
    rows = Delegation.objects.filter(to_account=viewer.account, permission=permission, begin__lte=today, end__gt=today).order_by("id")
    givers = [row.from_account for row in rows if is_in_force(row.begin, row.end, row.ended_on, today)]
    holding = [role for role, granted in PERMISSIONS.items() if permission in granted]
    still = set(UserAccount.objects.filter(username__in=givers, role__in=holding, is_active=True).values_list("username", flat=True))
    return [giver for giver in dict.fromkeys(givers) if giver in still]


def delegations(viewer: Viewer) -> list[Delegation]:
    """List delegations, the newest first: an auditor and who may make them see all, others those to themselves.

    Raises: PermissionMissing.
    """
    require(viewer, "delegations.view")
    rows = Delegation.objects.order_by("-id")
    return list(rows if own_purpose(viewer, "delegations.view") else rows.filter(to_account=viewer.account))


def possible_delegates(viewer: Viewer, permission: str) -> list[UserAccount]:
    """List the officers to whom the viewer may delegate a permission: those who do not hold it themselves, by name.

    Raises: PermissionMissing.
    """
    require(viewer, "delegations.make")
    holding = [role for role, granted in PERMISSIONS.items() if permission in granted]
    rows = UserAccount.objects.filter(is_active=True).exclude(role__in=[*holding, *NOT_OFFICERS]).exclude(username=viewer.account)
    return list(rows.filter(role__in=PERMISSIONS).order_by("display_name", "username"))


def require(viewer: Viewer, permission: str) -> Purpose:
    """Return the purpose of a permission the viewer holds.

    Raises: PermissionMissing.
    """
    purpose = purpose_of(viewer, permission)
    if purpose is None:
        raise PermissionMissing(viewer.account, permission)
    return purpose


def require_resident(viewer: Viewer, resident_no: int, area_code: int | str) -> None:
    """Let a resident see only themself, an officer only residents of its area.

    Raises: NotYours.
    """
    if viewer.role == "system" or (viewer.role == "resident" and viewer.resident_no == resident_no):
        return
    if viewer.role != "resident" and viewer.sees_area(area_code):
        return
    raise NotYours(viewer.account, f"resident {resident_no}")


def demo_accounts() -> list[UserAccount]:
    """List the ready identities of the demonstration, in the order they were made."""
    return list(UserAccount.objects.filter(is_demo=True).order_by("id"))


def account_named(username: str) -> UserAccount | None:
    return UserAccount.objects.filter(username=username).first()


def audit_entries(subject: str | None = None, limit: int = 200) -> list[AuditEntry]:
    """List the newest entries, of one subject where given."""
    entries = AuditEntry.objects.order_by("-sequence")
    return list((entries.filter(subject=subject) if subject else entries)[:limit])


def verify_audit_log() -> int:
    """Recompute the whole chain and return how many entries it has.

    Raises: AuditChainBroken at the first entry that does not follow from the one before.
    """
    previous, count = "0" * 64, 0
    for entry in AuditEntry.objects.order_by("sequence").iterator(2000):
        content = [entry.sequence, entry.at.isoformat(), entry.account, entry.role, entry.purpose, entry.action, entry.subject]
        if entry.previous_hash != previous or entry.entry_hash != entry_hash(previous, content) or entry.sequence != count + 1:
            raise AuditChainBroken(entry.sequence)
        previous, count = entry.entry_hash, count + 1
    return count


def officers_of(department: str, role: str = "") -> list[Viewer]:
    """List the active officers of a department, or of a role where no department is named, by account."""
    rows = UserAccount.objects.filter(is_active=True).exclude(role__in=NOT_OFFICERS)
    rows = rows.filter(department=department) if department else rows.filter(role=role)
    return [viewer_of(row) for row in rows.order_by("username")]
