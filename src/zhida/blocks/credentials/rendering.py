"""The PDF of a certificate: typeset and signed once, when it is first fetched. WeasyPrint is loaded only here."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import segno
from django.conf import settings
from django.template import Context, Engine

from zhida.blocks.credentials.errors import CertificateAltered, PdfLost, PdfToolsMissing
from zhida.blocks.credentials.models import IssuedCertificate
from zhida.blocks.credentials.signing import sign, signer_of
from zhida.kernel.files import DiskFull
from zhida.kernel.warehouse import scratch_folder

_PAGES = Engine(dirs=[str(Path(__file__).parent / "templates")])
# Kept for decades and read aloud by programs: ISO 19005-3 level A wants fonts inside, colours defined, and tags.
_VARIANT = "pdf/a-3a"


def render_certificate(row: IssuedCertificate) -> bytes:
    """Return a certificate's PDF; the first call makes it. Two at once give one file, and a killed one leaves none.

    Raises: CertificateAltered, PdfLost, SigningKeyUnusable, PdfToolsMissing, DiskFull.
    """
    if row.says() != row.content_hash:
        raise CertificateAltered(row.pk)
    path = row.pdf_path
    if not row.pdf_sha256:
        if not path.exists():
            _place(path, sign(typeset(row)))
        _record(row, path.read_bytes())
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != row.pdf_sha256:
        raise PdfLost(row.pk)
    return data


def typeset(row: IssuedCertificate) -> bytes:
    """Return the page, not signed yet: PDF/A-3a with text that can be searched and read aloud. Raises: PdfToolsMissing."""
    try:
        import weasyprint
    except OSError as error:
        raise PdfToolsMissing from error
    address = verification_address(row)
    code = segno.make(address, error="m", micro=False)
    page = _PAGES.get_template("certificate.html").render(
        Context(
            {
                "row": row,
                "address": address.partition("?")[0],
                "qr": code.svg_data_uri(border=0, dark="#16211f", svgversion=1.1),
                "last_day": row.valid_until - timedelta(days=1) if row.valid_until else None,
            }
        )
    )
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=["data"])
    html = weasyprint.HTML(string=page, base_url=None, url_fetcher=fetcher)
    return bytes(html.write_pdf(pdf_variant=_VARIANT, pdf_identifier=row.content_hash[:32].encode()))


def verification_address(row: IssuedCertificate) -> str:
    """Return the address at which anybody checks this certificate."""
    return f"{settings.SITE_URL}/verify/?code={row.code}"


def _place(path: Path, data: bytes) -> None:
    """Put a file in its place, whole and on the disk, unless one is there: the first stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(Path(settings.HOME)) as scratch:
            made = scratch / path.name
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(made, path)
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(path) from error
        raise


def _record(row: IssuedCertificate, data: bytes) -> None:
    """Keep the hash of the file that is in place; of two that record it at once both have seen the same file."""
    by = signer_of(data)
    if by is None:
        raise PdfLost(row.pk)
    IssuedCertificate.objects.filter(pk=row.pk, pdf_sha256="").update(pdf_sha256=hashlib.sha256(data).hexdigest(), signer_sha256=by)
    row.refresh_from_db(fields=["pdf_sha256", "signer_sha256"])
