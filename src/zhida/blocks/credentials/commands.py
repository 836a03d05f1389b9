"""Writes of credentials: issuing, alone and by the thousand, and revoking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.credentials.errors import CertificateKeyTaken, CertificateNotFound, InvalidCertificate, RevocationWithoutReason
from zhida.blocks.credentials.models import IssuedCertificate
from zhida.blocks.credentials.rules import LINES_MAX, CertificateWanted, new_code
from zhida.kernel import clock
from zhida.kernel.identifiers import is_id_number

# Rows that are written and read back together.
_AT_ONCE = 500


def issue_certificate(viewer: Viewer, purpose: Purpose, wanted: CertificateWanted, key: str) -> IssuedCertificate:
    """Issue a certificate, or return the one that was issued under this key. Its PDF is made when somebody first fetches it.

    For the system and officers of the holder's area. Raises: InvalidCertificate, CertificateKeyTaken, NotYours.
    """
    return issue_certificates(viewer, purpose, {key: wanted})[key]


def issue_certificates(viewer: Viewer, purpose: Purpose, wanted: Mapping[str, CertificateWanted]) -> dict[str, IssuedCertificate]:
    """Issue many, by key, as ``issue_certificate`` does one: all of them or none.

    Of two that issue the same key at once the second waits for the first and gets its certificate.
    """
    for key, one in wanted.items():
        _check(viewer, key, one)
    # No savepoint of its own within a caller's transaction: it would cost as much as the row.
    with transaction.atomic(savepoint=False):
        issued = {}
        for keys in _in_parts(list(wanted), _AT_ONCE):
            rows = [_row(viewer, purpose, wanted[key], key) for key in keys]
            IssuedCertificate.objects.bulk_create(rows, ignore_conflicts=True)
            issued.update({row.key: row for row in IssuedCertificate.objects.filter(key__in=keys)})
        for key, one in wanted.items():
            if (issued[key].certificate, issued[key].resident_no) != (one.certificate, one.resident_no):
                raise CertificateKeyTaken(key)
    return issued


@transaction.atomic
def revoke_certificate(viewer: Viewer, purpose: Purpose, certificate_id: int, reason: str) -> IssuedCertificate:
    """Revoke a certificate from today on; one that is revoked already stays as it is.

    For the system and officers of the holder's area. Raises: RevocationWithoutReason, CertificateNotFound, NotYours.
    """
    if not reason.strip():
        raise RevocationWithoutReason(certificate_id)
    row = IssuedCertificate.objects.filter(pk=certificate_id).first()
    if row is None:
        raise CertificateNotFound(certificate_id)
    _require_officer(viewer, row.resident_no, row.community)
    changed = IssuedCertificate.objects.filter(pk=certificate_id, revoked_on=None).update(
        revoked_on=clock.today(), revoked_by=viewer.account, revoked_reason=reason.strip()[:300]
    )
    if changed:
        access.record_access(viewer, purpose, "certificates.revoke", f"certificate {certificate_id}")
    row.refresh_from_db()
    return row


def _check(viewer: Viewer, key: str, wanted: CertificateWanted) -> None:
    if not key or not wanted.certificate or not wanted.title.zh or not wanted.holder_name:
        raise InvalidCertificate(key or "—", "缺少键、种类、名称或持证人", "its key, kind, title or holder is missing")
    if len(wanted.lines) > LINES_MAX:
        raise InvalidCertificate(key, f"超过 {LINES_MAX} 行", f"it has more than {LINES_MAX} lines")
    if is_id_number(wanted.masked_id):
        raise InvalidCertificate(key, "证件号码没有遮盖", "the id number is not masked")
    if wanted.valid_until is not None and wanted.valid_until <= clock.today():
        raise InvalidCertificate(key, "有效期已经过去", "its term is over")
    _require_officer(viewer, wanted.resident_no, wanted.community)


def _require_officer(viewer: Viewer, resident_no: int, community: int) -> None:
    """A resident holds certificates and never makes one, not even of their own."""
    if viewer.role == "resident":
        raise access.NotYours(viewer.account, f"resident {resident_no}")
    access.require_resident(viewer, resident_no, community)


def _row(viewer: Viewer, purpose: Purpose, wanted: CertificateWanted, key: str) -> IssuedCertificate:
    row = IssuedCertificate(
        key=key,
        certificate=wanted.certificate,
        verification_code=new_code(),
        resident_no=wanted.resident_no,
        community=wanted.community,
        holder_name=wanted.holder_name,
        masked_id=wanted.masked_id,
        title_zh=wanted.title.zh,
        title_en=wanted.title.en,
        lines=[{"zh": line.label.zh, "en": line.label.en, "value": line.value} for line in wanted.lines],
        issuer_zh=wanted.issuer.zh,
        issuer_en=wanted.issuer.en,
        issued_on=clock.today(),
        issued_by=viewer.account,
        purpose=str(purpose),
        valid_until=wanted.valid_until,
    )
    row.content_hash = row.says()
    return row


def _in_parts(keys: list[str], size: int) -> Iterable[list[str]]:
    return (keys[first : first + size] for first in range(0, len(keys), size))
