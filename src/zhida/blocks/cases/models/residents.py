"""What residents told once: answers that are kept, files, and that they do not want to be found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from zhida.blocks.cases.models.cases import Case


class KeptAnswer(models.Model):
    """What a resident answered for one case and is not asked again until ``until`` (exclusive)."""

    resident_no = models.BigIntegerField()
    key = models.CharField(max_length=60)
    value = models.JSONField()
    answered_on = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(name="answer_kept_once", fields=["resident_no", "key"])]


class LifeEventOptOut(models.Model):
    """A resident who does not want cases of a life event opened for them unasked."""

    resident_no = models.BigIntegerField()
    event = models.CharField(max_length=60)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="opted_out_of_event_once", fields=["resident_no", "event"])]


class UploadedFile(models.Model):
    """A file that an applicant added; it lies under ``cases/files/`` by its hash. case: empty while the form is still being filled in."""

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="files")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    uploaded_by = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(name="files_waiting", fields=["uploaded_by", "uploaded_at"], condition=Q(case=None))]
