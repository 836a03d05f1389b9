"""Tables of credentials: what was certified to whom. A row never changes, but for its revocation and its file (migration 0001)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q

from zhida.blocks.credentials.rules import CertificateLine, CertificateState, content_hash, grouped, state_of
from zhida.kernel.text import Text


class IssuedCertificate(models.Model):
    """One electronic certificate. Its PDF is made when it is first fetched, and kept: see ``rendering``.

    ``key``: what it was issued for, in the caller's words; the same key gives the same certificate. ``valid_until`` is exclusive.
    """

    key = models.CharField(max_length=200, unique=True)
    certificate = models.CharField(max_length=60)
    verification_code = models.CharField(max_length=16, unique=True)
    resident_no = models.BigIntegerField()
    community = models.BigIntegerField()
    holder_name = models.CharField(max_length=100)
    masked_id = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200)
    lines = models.JSONField()
    issuer_zh = models.CharField(max_length=120)
    issuer_en = models.CharField(max_length=200)
    issued_on = models.DateField()
    issued_by = models.CharField(max_length=150)
    purpose = models.CharField(max_length=30)
    valid_until = models.DateField(null=True)
    content_hash = models.CharField(max_length=64)
    # Of the PDF once it was made, and of the certificate that signed it.
    pdf_sha256 = models.CharField(max_length=64, default="", blank=True)
    signer_sha256 = models.CharField(max_length=64, default="", blank=True)
    revoked_on = models.DateField(null=True)
    revoked_by = models.CharField(max_length=150, default="", blank=True)
    revoked_reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_on=None, revoked_by="", revoked_reason="") | (Q(revoked_on__isnull=False) & ~Q(revoked_reason="")),
                name="revoked_with_a_reason",
            ),
            models.CheckConstraint(condition=Q(valid_until=None) | Q(valid_until__gt=models.F("issued_on")), name="certificate_has_a_term"),
        ]
        indexes = [
            models.Index(fields=["resident_no", "id"], name="certificates_of_resident"),
            models.Index(fields=["pdf_sha256"], condition=~Q(pdf_sha256=""), name="certificate_of_file"),
        ]

    @property
    def number(self) -> str:
        """The number people quote, as ``2025-00000012``: the year of issue and the row, so that nobody waits for a counter."""
        return f"{self.issued_on.year}-{self.pk:08d}"

    @property
    def code(self) -> str:
        return grouped(self.verification_code)

    @property
    def title(self) -> Text:
        return Text(self.title_zh, self.title_en)

    @property
    def issuer(self) -> Text:
        return Text(self.issuer_zh, self.issuer_en)

    @property
    def text_lines(self) -> list[CertificateLine]:
        return [CertificateLine(Text(line["zh"], line["en"]), line["value"]) for line in self.lines]

    @property
    def pdf_path(self) -> Path:
        """Where its file is. The hash is in the name, so that a row that was rolled back leaves nothing for the next one of its number."""
        return Path(settings.HOME) / "certificates" / str(self.issued_on.year) / self.content_hash[:2] / f"{self.content_hash}.pdf"

    def state_on(self, day: date) -> CertificateState:
        return state_of(self.valid_until, self.revoked_on, day)

    def says(self) -> str:
        """Return the hash of what the row says now; equal to ``content_hash`` unless somebody changed it."""
        return content_hash(
            {
                "key": self.key,
                "certificate": self.certificate,
                "code": self.verification_code,
                "resident_no": self.resident_no,
                "holder": [self.holder_name, self.masked_id],
                "title": [self.title_zh, self.title_en],
                "lines": self.lines,
                "issuer": [self.issuer_zh, self.issuer_en],
                "issued_on": self.issued_on.isoformat(),
                "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            }
        )
