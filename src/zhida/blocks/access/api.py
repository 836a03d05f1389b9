"""The door of access: accounts, roles, purposes and the audit log."""

from zhida.blocks.access.commands import create_account, delegate, end_delegation, record_access
from zhida.blocks.access.errors import AuditChainBroken, DelegationEnded, DelegationRefused, NotYours, PermissionMissing
from zhida.blocks.access.queries import (
    account_named,
    audit_entries,
    delegations,
    delegators,
    demo_accounts,
    officers_of,
    possible_delegates,
    require,
    require_resident,
    verify_audit_log,
    viewer_of,
)
from zhida.blocks.access.rules import ALL_PERMISSIONS, PERMISSIONS, SYSTEM, Purpose, Viewer, is_in_force, own_purpose, purpose_of

__all__ = [
    "ALL_PERMISSIONS",
    "PERMISSIONS",
    "SYSTEM",
    "AuditChainBroken",
    "DelegationEnded",
    "DelegationRefused",
    "NotYours",
    "PermissionMissing",
    "Purpose",
    "Viewer",
    "account_named",
    "audit_entries",
    "create_account",
    "delegate",
    "delegations",
    "delegators",
    "demo_accounts",
    "end_delegation",
    "is_in_force",
    "officers_of",
    "own_purpose",
    "possible_delegates",
    "purpose_of",
    "record_access",
    "require",
    "require_resident",
    "verify_audit_log",
    "viewer_of",
]
