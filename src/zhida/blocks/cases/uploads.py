"""Files that residents add to a case, or officers for them. Kept by their hash, and read only by who may see that evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.declarations.model import Field
from zhida.blocks.cases.errors import AnswersMissing, CaseNotFound, FileRefused
from zhida.blocks.cases.models import Case, CaseItem, UploadedFile
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.text import Text

BYTES_MAX = 10 * 1024 * 1024
# What a file begins with -> what it is. Names and the browser's word are not believed.
_BEGINNINGS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
# A file that no case took in is dropped after so many days, and nobody keeps more than so many waiting.
UNUSED_DAYS = 2
UNUSED_MAX = 30
MISSING = Text("请重新添加这个文件", "Add this file again")
# The key of a file that answers no question, but what a desk asked for when it sent an item back; bound, the item's key stands behind it.
ADDED = "added"


@dataclass(frozen=True)
class UploadedContent:
    """A file to hand out."""

    name: str
    content_type: str
    content: bytes


def keep_upload(viewer: Viewer, key: str, name: str, content: bytes) -> str:
    """Keep a file for the field ``key`` of a form that is still being filled in; return its number, which is the field's answer.

    Raises: PermissionMissing, FileRefused (size, or not a PDF, JPEG or PNG by its content), DiskFull.
    """
    access.require(viewer, "cases.own" if viewer.role == "resident" else "cases.open")
    content_type = _content_type(name, content)
    _drop_unused()
    waiting = UploadedFile.objects.filter(uploaded_by=viewer.account, case=None)
    if waiting.count() >= UNUSED_MAX:
        raise FileRefused(name, f"已有 {UNUSED_MAX} 个文件没有提交，请先提交表单", f"{UNUSED_MAX} files wait; send the form first")
    sha256 = hashlib.sha256(content).hexdigest()
    path = _path(sha256)
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    row = UploadedFile.objects.create(
        key=key, name=_plain_name(name, content_type), content_type=content_type, sha256=sha256, size=len(content),
        uploaded_by=viewer.account, uploaded_at=clock.now(),
    )  # fmt: skip
    return str(row.pk)


def _content_type(name: str, content: bytes) -> str:
    if not content:
        raise FileRefused(name, "文件是空的，请重新选择", "it is empty; choose it again")
    if len(content) > BYTES_MAX:
        raise FileRefused(name, "超过 10 MB，请压缩或分开拍照后再添加", "it is larger than 10 MB; make it smaller")
    found = next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)
    if found is None:
        raise FileRefused(name, "只收 PDF、JPG、PNG，请另存为其中一种", "only PDF, JPG and PNG are taken; save it as one of these")
    return found


def _plain_name(name: str, content_type: str) -> str:
    """Return a name without folders and without what breaks a header, ending as its content says."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    plain = "".join(each for each in stem if each.isprintable() and each not in "\"';/\\")[:80].strip(" .")
    return (plain or "file") + ENDINGS[content_type]


def _path(sha256: str) -> Path:
    return Path(settings.HOME) / "cases" / "files" / sha256[:2] / sha256


def _drop_unused() -> None:
    """Forget files that no case took in; the bytes go with the last row that names them."""
    old = UploadedFile.objects.filter(case=None, uploaded_at__lt=clock.now() - timedelta(days=UNUSED_DAYS))
    hashes = set(old.values_list("sha256", flat=True))
    old.delete()
    for sha256 in hashes - set(UploadedFile.objects.filter(sha256__in=hashes).values_list("sha256", flat=True)):
        _path(sha256).unlink(missing_ok=True)


def upload_names(viewer: Viewer, answers: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, str]:
    """Return the names of the viewer's own files that stand as answers of file fields, by key."""
    numbers = _numbers(answers, fields)
    rows = UploadedFile.objects.filter(pk__in=numbers.values(), uploaded_by=viewer.account)
    names = {row.pk: row.name for row in rows}
    return {key: names[number] for key, number in numbers.items() if number in names}


def take_in(case: Case, viewer: Viewer, fields: Iterable[Field], answers: Mapping[str, Any]) -> None:
    """Bind the files that answer a case's fields to it. The case has been saved. Raises: AnswersMissing where one is not the viewer's."""
    numbers = _numbers(answers, fields)
    wrong = {field.key: MISSING for field in fields if field.kind == "file" and field.key in answers and field.key not in numbers}
    rows = {row.pk: row for row in UploadedFile.objects.filter(pk__in=numbers.values(), uploaded_by=viewer.account)}
    for key, number in numbers.items():
        row = rows.get(number)
        if row is None or row.key != key or row.case_id not in (None, case.pk) or not _path(row.sha256).exists():
            wrong[key] = MISSING
    if wrong:
        raise AnswersMissing(wrong)
    UploadedFile.objects.filter(pk__in=numbers.values()).update(case=case)


def take_added(case: Case, viewer: Viewer, upload: str, items: Sequence[str]) -> str:
    """Bind a file to items that were sent back, and return its name; each item has its own row. Raises: AnswersMissing."""
    waiting = UploadedFile.objects.filter(key=ADDED, uploaded_by=viewer.account, case=None)
    row = waiting.filter(pk=upload).first() if upload.isdecimal() and len(upload) < 18 else None
    if row is None or not _path(row.sha256).exists():
        raise AnswersMissing({ADDED: MISSING})
    for item in items:
        row.case, row.key = case, f"{ADDED}:{item}"
        row.save()
        row.pk = None
    return row.name


def added_files(viewer: Viewer, case_id: int, item: str = "") -> list[UploadedFile]:
    """List what residents added to items that were sent back: all to a resident of the case, else those of an item of the viewer's desk.

    Raises: PermissionMissing, CaseNotFound.
    """
    from zhida.blocks.cases import desk, queries

    found = UploadedFile.objects.filter(case=case_id, key__startswith=f"{ADDED}:")
    if viewer.role == "resident":
        queries.my_case(viewer, case_id)
        return list(found)
    access.require(viewer, "cases.handle")
    is_theirs = CaseItem.objects.filter(desk.at_desk(viewer), case=case_id, item=item).exists()
    return list(found.filter(key=f"{ADDED}:{item}")) if is_theirs else []


def _numbers(answers: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, int]:
    """Return the number of the file by key, of those answers that are one."""
    written = {field.key: str(answers[field.key]) for field in fields if field.kind == "file" and answers.get(field.key)}
    return {key: int(number) for key, number in written.items() if number.isdecimal() and len(number) < 18}


@transaction.atomic
def read_upload(viewer: Viewer, upload_id: int) -> UploadedContent:
    """Return a file to who may see it: its resident, whoever added it, or a department whose item needs that evidence.

    The look is in the audit log. Raises: PermissionMissing, CaseNotFound.
    """
    purpose = access.require(viewer, "cases.own" if viewer.role == "resident" else "cases.handle")
    row = UploadedFile.objects.filter(pk=upload_id).select_related("case").first()
    if row is None or not _may_read(viewer, row):
        raise CaseNotFound(upload_id)
    access.record_access(viewer, purpose, "cases.file", f"case {row.case_id} file {row.pk}")
    return UploadedContent(row.name, row.content_type, _path(row.sha256).read_bytes())


def _may_read(viewer: Viewer, row: UploadedFile) -> bool:
    from zhida.blocks.cases import queries

    if row.case is None:
        return row.uploaded_by == viewer.account
    if row.key.startswith(f"{ADDED}:") and viewer.role != "resident":
        return row in added_files(viewer, row.case.pk, row.key.partition(":")[2])
    try:
        view = queries.my_case(viewer, row.case.pk) if viewer.role == "resident" else queries.office_case(viewer, row.case.pk)
    except CaseNotFound:
        return False
    # What an answer replaced since stays with the case, for who may see all of it.
    return row.key.startswith(f"{ADDED}:") or any(line.field.key == row.key for line in view.evidence)
