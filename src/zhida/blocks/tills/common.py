"""What every write of this block does: asking for the permission, and leaving a trace in the audit log."""

from __future__ import annotations

from zhida.blocks.access import api as access


def may(viewer: access.Viewer, permission: str) -> None:
    """Let the night run through, and officers who hold the permission. Raises: PermissionMissing."""
    if viewer.role != access.SYSTEM.role:
        access.require(viewer, permission)


def record(viewer: access.Viewer, action: str, subject: str) -> None:
    """Write a command into the audit log, inside its transaction."""
    access.record_access(viewer, access.Purpose.PAYMENT, action, subject)
