"""Signing a PDF (PAdES B-B, ETSI EN 319 142-1) and reading who signed one. pyHanko is loaded only here and in keys."""

from __future__ import annotations

import hashlib
from io import BytesIO

from zhida.blocks.credentials.keys import signer

_FIELD = "Zhida"


def sign(pdf: bytes) -> bytes:
    """Return a PDF with our signature. Raises: SigningKeyUnusable."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signed = signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer())
    return bytes(signed.getvalue())


def signer_of(pdf: bytes) -> str | None:
    """Return the SHA-256 of the certificate that signed a PDF; None where the file is not signed once, unchanged, to its last byte.

    Not whether that certificate is still in force: a paper stays what it was when its issuer's key is renewed.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    try:
        signatures = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        if len(signatures) != 1:
            return None
        certificate = signatures[0].signer_cert
        status = validate_pdf_signature(signatures[0], ValidationContext(trust_roots=[certificate], allow_fetching=False))
    except (PdfError, SignatureValidationError, ValueError):
        return None
    is_whole = status.intact and status.valid and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    return hashlib.sha256(certificate.dump()).hexdigest() if is_whole else None
