"""The file: signed by us, the same for ever, readable by people and programs; whole or absent."""

from __future__ import annotations

import multiprocessing
import re
import stat
import time
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.credentials.api import CertificateAltered, IssuedCertificate, PdfLost, SigningKeyUnusable, certificate_pdf, verify_pdf
from zhida.blocks.credentials.keys import own_key, signer
from zhida.blocks.credentials.rendering import render_certificate, typeset
from zhida.blocks.credentials.signing import sign, signer_of
from zhida.blocks.credentials.tests.conftest import RESIDENT

FORK = multiprocessing.get_context("fork")


def words(pdf: bytes) -> str:
    """Return the text of a PDF as programs find it: glyphs of each font through its table of characters (ToUnicode)."""
    page = PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Kids"][0]
    fonts = page["/Resources"]["/Font"]
    tables = {name: _characters(fonts[name]) for name in fonts}
    found, table = [], {}
    for font, glyphs in re.findall(rb"(/\w+) [\d.]+ Tf|<([0-9a-fA-F]+)>", page["/Contents"].data):
        table = tables[font.decode()] if font else table
        found += [table.get(glyphs[at : at + 4].lower(), "") for at in range(0, len(glyphs), 4)]
    return "".join(found)


def _characters(font: DictionaryObject) -> dict[bytes, str]:
    pairs = re.findall(rb"<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>\n", font["/ToUnicode"].data)
    return {glyph.lower(): bytes.fromhex(written.decode()).decode("utf-16-be") for glyph, written in pairs}


def test_the_file_is_signed_kept_and_always_the_same(certificate: IssuedCertificate, key_folder: Path) -> None:
    first = certificate_pdf(RESIDENT, Purpose.OWN_ENTITLEMENTS, certificate.pk)
    second = certificate_pdf(SYSTEM, Purpose.CASEWORK, certificate.pk)
    row = IssuedCertificate.objects.get()
    assert first == second == row.pdf_path.read_bytes()
    assert signer_of(first) == row.signer_sha256 != ""
    assert verify_pdf(first).number == row.number  # type: ignore[union-attr]
    trusting = ValidationContext(trust_roots=[load_cert_from_pemder(key_folder / "root.crt")], allow_fetching=False)
    assert validate_pdf_signature(PdfFileReader(BytesIO(first)).embedded_regular_signatures[0], trusting).bottom_line
    # PDF/A-3 level A: tags, a language, text that programs can read.
    root = PdfFileReader(BytesIO(first)).root
    assert root["/MarkInfo"]["/Marked"] and str(root["/Lang"]).startswith("zh")
    assert b'pdfaid:part="3" pdfaid:conformance="A"' in root["/Metadata"].data
    text = words(first)
    assert all(each in text for each in ("出生一件事办理结果", "林小满", "户口登记", "已办理", certificate.code, certificate.number))
    assert '<img src="file:///etc/hostname">&' in text


def test_a_file_that_was_touched_is_not_ours(certificate: IssuedCertificate) -> None:
    pdf = certificate_pdf(SYSTEM, Purpose.CASEWORK, certificate.pk)
    middle = len(pdf) // 3
    flipped = pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.set_info(writer.add_object(DictionaryObject()))
    added = BytesIO()
    writer.write(added)
    signed_again = BytesIO()
    unsigned = typeset(certificate)
    signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(unsigned)),
        signers.PdfSignatureMetadata(field_name="Zhida"),
        signer(),
        output=signed_again,
    )
    for other in (flipped, pdf + b" ", pdf[:-10], added.getvalue(), unsigned, signed_again.getvalue(), b"", b"%PDF-1.7"):
        assert verify_pdf(other) is None
    for broken in (flipped, added.getvalue(), unsigned, b"", b"%PDF-1.7"):
        assert signer_of(broken) is None


def test_a_file_killed_before_it_was_noted_down_is_the_one_that_stays(certificate: IssuedCertificate) -> None:
    left = sign(typeset(certificate))
    certificate.pdf_path.parent.mkdir(parents=True)
    certificate.pdf_path.write_bytes(left)
    assert render_certificate(certificate) == left
    assert verify_pdf(left) is not None


def test_a_lost_or_changed_file_is_said_not_made_anew(certificate: IssuedCertificate) -> None:
    pdf = render_certificate(certificate)
    certificate.pdf_path.write_bytes(pdf + b" ")
    with pytest.raises(PdfLost):
        render_certificate(certificate)
    certificate.pdf_path.unlink()
    with pytest.raises(PdfLost):
        render_certificate(certificate)
    certificate.holder_name = "别人"
    with pytest.raises(CertificateAltered):
        render_certificate(certificate)


def test_the_key_is_the_owners_alone_and_made_once(key_folder: Path, settings: object) -> None:
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in key_folder.iterdir()} == {"signing.p12": 0o600, "root.crt": 0o644}
    before = (key_folder / "signing.p12").read_bytes()
    assert own_key(key_folder.parent) == key_folder and (key_folder / "signing.p12").read_bytes() == before
    settings.CERTIFICATE_KEY = str(key_folder / "root.crt")  # type: ignore[attr-defined]
    with pytest.raises(SigningKeyUnusable):
        signer()


def render_apart(certificate_id: int, out: Path) -> None:
    if connection.vendor == "postgresql":
        connection.connection = None
    # On SQLite the test's database is memory: each process has its copy, and the folder is what they share.
    out.write_bytes(render_certificate(IssuedCertificate.objects.get(pk=certificate_id)))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_give_one_file_and_a_killed_one_leaves_none(certificate: IssuedCertificate, tmp_path: Path) -> None:
    for delay in (0.05, 0.2):
        killed = FORK.Process(target=render_apart, args=(certificate.pk, tmp_path / "killed"))
        killed.start()
        time.sleep(delay)
        killed.kill()
        killed.join()
        assert not certificate.pdf_path.exists() or signer_of(certificate.pdf_path.read_bytes())
    both = [FORK.Process(target=render_apart, args=(certificate.pk, tmp_path / name)) for name in ("one", "two")]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=60)
    assert [process.exitcode for process in both] == [0, 0]
    pdf = certificate_pdf(SYSTEM, Purpose.CASEWORK, certificate.pk)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == pdf
    assert [path for path in certificate.pdf_path.parents[2].rglob("*") if path.is_file()] == [certificate.pdf_path]
    assert verify_pdf(pdf) is not None
