"""The door of access: accounts, roles, purposes and the audit log."""

from zhida.blocks.access.commands import create_account, record_access
from zhida.blocks.access.errors import AuditChainBroken, NotYours, PermissionMissing
from zhida.blocks.access.queries import (
    account_named,
    audit_entries,
    demo_accounts,
    require,
    require_resident,
    verify_audit_log,
    viewer_of,
)
from zhida.blocks.access.rules import ALL_PERMISSIONS, PERMISSIONS, SYSTEM, Purpose, Viewer, purpose_of

__all__ = [
    "ALL_PERMISSIONS",
    "PERMISSIONS",
    "SYSTEM",
    "AuditChainBroken",
    "NotYours",
    "PermissionMissing",
    "Purpose",
    "Viewer",
    "account_named",
    "audit_entries",
    "create_account",
    "demo_accounts",
    "purpose_of",
    "record_access",
    "require",
    "require_resident",
    "verify_audit_log",
    "viewer_of",
]
