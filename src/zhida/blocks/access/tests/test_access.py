"""Who may see what, and that nobody can rewrite who looked."""

from __future__ import annotations

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.models import AuditEntry
from zhida.blocks.access.rules import Purpose, Viewer

ZHOU = Viewer("zhou_zhiqiang", "street_officer", "330106001")
WU = Viewer("wu_jing", "street_officer", "330108001")
LIN = Viewer("lin_xiaoman", "resident", resident_no=7)


def test_an_area_contains_what_its_code_begins() -> None:
    assert ZHOU.sees_area(330106001003)
    assert not WU.sees_area(330106001003)
    assert Viewer("city", "captain", "330100").sees_area(330182999001)
    assert not Viewer("nowhere", "street_officer", "").sees_area(330106001003)


def test_a_permission_brings_its_purpose_and_a_missing_one_a_sentence() -> None:
    assert access.require(LIN, "entitlements.view_own") is Purpose.OWN_ENTITLEMENTS
    with pytest.raises(access.PermissionMissing, match=r"lin_xiaoman does not hold the permission 'payments\.approve'"):
        access.require(LIN, "payments.approve")


def test_nobody_who_makes_a_payment_may_approve_one() -> None:
    for role, granted in access.PERMISSIONS.items():
        assert not {"payments.prepare", "payments.approve"} <= set(granted), role


def test_a_resident_sees_only_themself_and_an_officer_only_their_street() -> None:
    access.require_resident(LIN, 7, 330106001003)
    access.require_resident(ZHOU, 7, 330106001003)
    for viewer, number in ((LIN, 8), (WU, 7)):
        with pytest.raises(access.NotYours):
            access.require_resident(viewer, number, 330106001003)


@pytest.mark.django_db
def test_the_audit_log_shows_where_somebody_changed_it() -> None:
    for number in range(5):
        access.record_access(ZHOU, Purpose.CASEWORK, "records.resident_card", f"resident {number}")
    assert access.verify_audit_log() == 5
    assert [entry.subject for entry in access.audit_entries(limit=2)] == ["resident 4", "resident 3"]
    AuditEntry.objects.filter(sequence=3).update(subject="resident 99")
    with pytest.raises(access.AuditChainBroken, match="Entry 3"):
        access.verify_audit_log()


@pytest.mark.django_db
def test_a_removed_entry_breaks_the_chain() -> None:
    for number in range(3):
        access.record_access(WU, Purpose.CASEWORK, "look", f"resident {number}")
    AuditEntry.objects.filter(sequence=2).delete()
    with pytest.raises(access.AuditChainBroken):
        access.verify_audit_log()


@pytest.mark.django_db
def test_a_demo_account_has_no_password_and_is_made_once() -> None:
    for _ in range(2):
        access.create_account("zhou_zhiqiang", "周志强", "street_officer", "330106001", is_demo=True)
    (account,) = access.demo_accounts()
    assert not account.has_usable_password()
    assert access.viewer_of(account) == ZHOU
