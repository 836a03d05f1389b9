"""Writes of the access block."""

from __future__ import annotations

import hashlib
import json

from django.db import transaction

from zhida.blocks.access.models import AuditEntry, AuditHead, UserAccount
from zhida.blocks.access.rules import Purpose, Viewer
from zhida.kernel import clock


def entry_hash(previous_hash: str, content: list[str | int]) -> str:
    """Return SHA-256 over the previous hash and the entry's content as canonical JSON."""
    return hashlib.sha256((previous_hash + json.dumps(content, ensure_ascii=False)).encode()).hexdigest()


@transaction.atomic
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
    username: str, display_name: str, role: str, area_code: str = "", resident_no: int | None = None, is_demo: bool = False
) -> UserAccount:
    """Create an account, or bring an existing one of that name up to date. Demo accounts have no password: they sign in by choice."""
    account, _ = UserAccount.objects.update_or_create(
        username=username,
        defaults={"display_name": display_name, "role": role, "area_code": area_code, "resident_no": resident_no, "is_demo": is_demo},
    )
    if not account.password:
        account.set_unusable_password()
        account.save(update_fields=["password"])
    return account
