"""What is kept of feeds and snapshots beside their files. No personal data: rows are in Parquet."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from zhida.kernel.text import Text


class Delivery(models.Model):
    """One file of one department as it was received. Written last: where it exists, its files are whole."""

    ACCEPTED, REFUSED, SUPERSEDED = "accepted", "refused", "superseded"

    record_type = models.CharField(max_length=40)
    # 330100, or the district of a register that is delivered by district.
    area = models.IntegerField()
    file_name = models.CharField(max_length=200)
    # Where the file lay; a refused one is read again from here once its columns are confirmed.
    source_path = models.CharField(max_length=500)
    content_hash = models.CharField(max_length=64)
    # Names the folder records/<record_type>/<folder>/ of its two Parquet files; empty for a refused file.
    folder = models.CharField(max_length=64, blank=True)
    received_on = models.DateField()
    rows_received = models.BigIntegerField(default=0)
    rows_accepted = models.BigIntegerField(default=0)
    rows_quarantined = models.BigIntegerField(default=0)
    by_reason = models.JSONField(default=dict)
    # Headers as delivered: what the cells of a quarantined row are called.
    columns = models.JSONField(default=list)
    state = models.CharField(max_length=12, default=ACCEPTED)
    supersedes = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by")
    # A correction holds single rows, corrected by an officer, of the delivery it names.
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    received_by = models.CharField(max_length=150)
    problem_zh = models.TextField(blank=True)
    problem_en = models.TextField(blank=True)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["received_on", "id"]
        indexes = [models.Index(fields=["record_type", "area", "received_on"])]
        constraints = [
            models.CheckConstraint(
                name="received_is_accepted_plus_quarantined", condition=Q(rows_received=F("rows_accepted") + F("rows_quarantined"))
            ),
            models.CheckConstraint(name="delivery_state_known", condition=Q(state__in=["accepted", "refused", "superseded"])),
            models.UniqueConstraint(
                name="same_content_once_a_day",
                fields=["record_type", "area", "content_hash", "received_on"],
                # A refused file has no folder; it may be received once its columns are confirmed.
                condition=~Q(folder=""),
            ),
        ]

    @property
    def path(self) -> Path:
        """The folder of its two Parquet files."""
        return Path(settings.HOME) / "records" / self.record_type / self.folder

    @property
    def problem(self) -> Text:
        return Text(self.problem_zh, self.problem_en)

    @property
    def note(self) -> Text:
        return Text(self.note_zh, self.note_en)


class CorrectedRow(models.Model):
    """A quarantined row that an officer corrected: once."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="corrected_rows")
    row_no = models.BigIntegerField()
    correction = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="+")
    corrected_by = models.CharField(max_length=150)
    corrected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="row_corrected_once", fields=["delivery", "row_no"])]


class Withdrawal(models.Model):
    """Rows of a delivery that were taken back: from a day on another file of its folder, without them, is in force."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="withdrawals")
    withdrawn_on = models.DateField()
    file_name = models.CharField(max_length=80)
    rows = models.IntegerField()
    withdrawn_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["withdrawn_on", "id"]


class Snapshot(models.Model):
    """Facts of one month as known on a day: a folder of Parquet files, named by the hash of what is in it."""

    hash = models.CharField(max_length=64, unique=True)
    # Hash of what it was made from: deliveries, contracts, merges, month and day. The same inputs give the same snapshot.
    inputs_hash = models.CharField(max_length=64, unique=True)
    month = models.CharField(max_length=7)
    known_on = models.DateField()
    path = models.CharField(max_length=500)
    persons = models.BigIntegerField()
    households = models.BigIntegerField()
    claims = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["month", "known_on", "id"]
