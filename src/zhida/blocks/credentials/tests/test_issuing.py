"""One key, one certificate; what was certified never changes; revoking is for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer
from zhida.blocks.credentials.api import (
    CertificateKeyTaken,
    CertificateNotFound,
    InvalidCertificate,
    IssuedCertificate,
    RevocationWithoutReason,
    issue_certificate,
    issue_certificates,
    revoke_certificate,
)
from zhida.blocks.credentials.rules import CODE_ALPHABET
from zhida.blocks.credentials.tests.conftest import MOTHER, NEIGHBOUR, OFFICER, RESIDENT, WANTED
from zhida.kernel.text import Text

pytestmark = pytest.mark.django_db
DONE = Purpose.CASEWORK


def test_the_same_key_gives_the_same_certificate(certificate: IssuedCertificate) -> None:
    again = issue_certificate(OFFICER, DONE, replace(WANTED, title=Text("别的", "Other")), certificate.key)
    assert (again.pk, again.code, again.title) == (certificate.pk, certificate.code, WANTED.title)
    assert IssuedCertificate.objects.count() == 1
    assert certificate.number == f"2025-{certificate.pk:08d}"


@pytest.mark.parametrize("other", [{"resident_no": MOTHER + 1}, {"certificate": "something_else"}])
def test_a_key_is_not_taken_for_something_else(certificate: IssuedCertificate, other: dict[str, Any]) -> None:
    with pytest.raises(CertificateKeyTaken), transaction.atomic():
        issue_certificate(SYSTEM, DONE, replace(WANTED, **other), certificate.key)


def test_a_thousand_are_a_few_statements(django_assert_max_num_queries: Any) -> None:
    wanted = {f"case:{number}": WANTED for number in range(1_000)}
    # SQLite takes 999 values a statement, PostgreSQL all at once.
    with django_assert_max_num_queries(30):
        issued = issue_certificates(SYSTEM, DONE, wanted)
    codes = {row.verification_code for row in issued.values()}
    assert len(codes) == len({row.number for row in issued.values()}) == 1_000
    assert all(len(code) == 16 and set(code) <= set(CODE_ALPHABET) for code in codes)
    assert all(row.says() == row.content_hash for row in IssuedCertificate.objects.all())


@pytest.mark.parametrize(
    "wrong",
    [
        {"masked_id": "11010519491231002X"},
        {"holder_name": ""},
        {"valid_until": WANTED.valid_until.replace(year=2025)},
        {"lines": WANTED.lines * 30},
    ],
)
def test_what_cannot_stand_on_a_certificate_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidCertificate):
        issue_certificate(SYSTEM, DONE, replace(WANTED, **wrong), "case:1")
    assert not IssuedCertificate.objects.exists()


@pytest.mark.parametrize("viewer", [NEIGHBOUR, RESIDENT, Viewer("nobody", "street_officer")])
def test_only_the_system_and_the_area_issue_and_revoke(certificate: IssuedCertificate, viewer: Viewer) -> None:
    with pytest.raises(NotYours):
        issue_certificate(viewer, DONE, WANTED, "case:2")
    with pytest.raises(NotYours):
        revoke_certificate(viewer, DONE, certificate.pk, "办错了")


def test_what_was_certified_never_changes(certificate: IssuedCertificate) -> None:
    for change in ({"holder_name": "别人"}, {"lines": []}, {"valid_until": None}, {"resident_no": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            IssuedCertificate.objects.filter(pk=certificate.pk).update(**change)


def test_revoking_is_for_good_and_has_a_reason(certificate: IssuedCertificate) -> None:
    with pytest.raises(RevocationWithoutReason):
        revoke_certificate(OFFICER, DONE, certificate.pk, "  ")
    with pytest.raises(CertificateNotFound):
        revoke_certificate(OFFICER, DONE, certificate.pk + 1, "办错了")
    first = revoke_certificate(OFFICER, DONE, certificate.pk, "办错了")
    second = revoke_certificate(SYSTEM, DONE, certificate.pk, "又一次")
    assert (second.revoked_reason, second.revoked_by) == (first.revoked_reason, first.revoked_by) == ("办错了", "zhou")
