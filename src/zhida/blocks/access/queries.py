"""Reads of the access block."""

from __future__ import annotations

from zhida.blocks.access.commands import entry_hash
from zhida.blocks.access.errors import AuditChainBroken, NotYours, PermissionMissing
from zhida.blocks.access.models import AuditEntry, UserAccount
from zhida.blocks.access.rules import Purpose, Viewer, purpose_of


def viewer_of(account: UserAccount) -> Viewer:
    """Return the viewer that a signed-in account is."""
    return Viewer(account.username, account.role, account.area_code, account.resident_no)


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
