"""Who sees which certificate, and what a code or a file tells anybody."""

from __future__ import annotations

import pytest

from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer
from zhida.blocks.credentials.api import (
    IssuedCertificate,
    certificate_of,
    certificate_pdf,
    certificates_of,
    revoke_certificate,
    verify_code,
)
from zhida.blocks.credentials.tests.conftest import MOTHER, NEIGHBOUR, OFFICER, RESIDENT

pytestmark = pytest.mark.django_db
LOOK = Purpose.CASEWORK


def test_a_resident_sees_their_own_and_the_street_its_residents(certificate: IssuedCertificate) -> None:
    assert certificates_of(RESIDENT, Purpose.OWN_ENTITLEMENTS, MOTHER) == [certificate]
    assert certificates_of(OFFICER, LOOK, MOTHER) == [certificate] == certificates_of(SYSTEM, LOOK, MOTHER)


def test_the_next_street_and_another_resident_see_nothing(certificate: IssuedCertificate) -> None:
    other = Viewer("chen", "resident", "", MOTHER + 1)
    assert certificates_of(NEIGHBOUR, LOOK, MOTHER) == [] == certificates_of(Viewer("nobody", "street_officer"), LOOK, MOTHER)
    for viewer in (NEIGHBOUR, other):
        with pytest.raises(NotYours):
            certificate_of(viewer, LOOK, certificate.pk)
        with pytest.raises(NotYours):
            certificate_pdf(viewer, LOOK, certificate.pk)
    with pytest.raises(NotYours):
        certificates_of(other, LOOK, MOTHER)


def test_a_code_tells_only_what_is_on_the_paper_anyway(certificate: IssuedCertificate) -> None:
    found = verify_code(f"  {certificate.code.lower()} ")
    assert found is not None
    assert (found.number, found.holder, str(found.state)) == (certificate.number, "林** 002X", "valid")
    assert "小满" not in repr(found) and "110105" not in repr(found)


@pytest.mark.parametrize("code", ["", "2222-2222-2222-2222", "0000-0000-0000-0000", "2222", "'; --", "２" * 500])
def test_every_other_code_gets_the_same_answer(certificate: IssuedCertificate, code: str) -> None:
    assert verify_code(code) is None


def test_expired_and_revoked_are_told(certificate: IssuedCertificate, monkeypatch: pytest.MonkeyPatch) -> None:
    states = []
    for today in ("2026-11-04", "2026-11-05"):
        monkeypatch.setenv("ZHIDA_TODAY", today)
        states.append(str(verify_code(certificate.code).state))  # type: ignore[union-attr]
    revoke_certificate(OFFICER, LOOK, certificate.pk, "办错了")
    states.append(str(verify_code(certificate.code).state))  # type: ignore[union-attr]
    assert states == ["valid", "expired", "revoked"]
