"""The door of credentials: electronic certificates as signed PDF with a verification code. It knows nothing of what they are issued for."""

from zhida.blocks.credentials.commands import issue_certificate, issue_certificates, revoke_certificate
from zhida.blocks.credentials.errors import (
    CertificateAltered,
    CertificateKeyTaken,
    CertificateNotFound,
    InvalidCertificate,
    PdfLost,
    PdfToolsMissing,
    RevocationWithoutReason,
    SigningKeyUnusable,
)
from zhida.blocks.credentials.models import IssuedCertificate
from zhida.blocks.credentials.queries import certificate_of, certificate_pdf, certificates_of, verify_code, verify_pdf
from zhida.blocks.credentials.rules import STATE_TEXT, CertificateLine, CertificateState, CertificateWanted, Verified, plain_code

__all__ = [
    "STATE_TEXT",
    "CertificateAltered",
    "CertificateKeyTaken",
    "CertificateLine",
    "CertificateNotFound",
    "CertificateState",
    "CertificateWanted",
    "InvalidCertificate",
    "IssuedCertificate",
    "PdfLost",
    "PdfToolsMissing",
    "RevocationWithoutReason",
    "SigningKeyUnusable",
    "Verified",
    "certificate_of",
    "certificate_pdf",
    "certificates_of",
    "issue_certificate",
    "issue_certificates",
    "plain_code",
    "revoke_certificate",
    "verify_code",
    "verify_pdf",
]
