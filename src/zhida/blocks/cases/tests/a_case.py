"""Two joint cases from the feed to the register and the bank and back again, for tests that kill their commands (``worker.do``)."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.tests import joint

# Commands in their order, with the item they are about: found, half way, refused in part, opened, done, handed over, taken back, undone.
STEPS: tuple[tuple[str, str], ...] = (
    ("find", ""), ("finish", "register"), ("answer", ""), ("finish", "insure"), ("refuse", "inspect"), ("finish", "give"),
    ("open", ""), ("finish", "register"), ("finish", "inspect"), ("finish", "insure"), ("hand_over", ""), ("pay", ""),
    ("finish", "give"), ("take_back", "insure"), ("undo", "inspect"), ("hand_over", ""), ("pay", ""),
    ("open", ""), ("finish", "register"), ("finish", "inspect"), ("withdraw", ""), ("undo", "inspect"),
)  # fmt: skip
# Chance, time, how often something was tried, and numbers of rows, of which some are lost with a process on PostgreSQL.
_LEFT_OUT = {
    "id", "at", "attempts", "next_attempt_at", "problem_zh", "problem_en", "verification_code", "number", "certificate",
    "record", "reference", "case", "content_hash", "folder", "first_id", "last_id", "message_id", "end_to_end_id",
}  # fmt: skip
_NUMBERED = {"key", "subject", "token", "mark"}
_TABLES = ("cases", "records", "payments", "credentials", "notices")


def do(job: dict[str, Any]) -> Any:
    return {
        "begin": begin, "books": books, "work": work, "find": cases.find_cases, "hand_over": lambda: cases.hand_over_records(SYSTEM),
        "pay": lambda: cases.prepare_case_payments(SYSTEM), "open": open_case, "withdraw": withdraw, "answer": answer,
        "finish": lambda: cases.finish_item(joint.desk(job["item"]), _item(job["item"]), joint.ENTERED[job["item"]]),
        "refuse": lambda: cases.refuse_item(joint.desk(job["item"]), _item(job["item"]), "不符合条件"),
        "undo": lambda: cases.undo_done(joint.desk(job["item"]), _item(job["item"]), "已收回"),
        "take_back": lambda: cases.take_back(joint.desk(job["item"]), _item(job["item"]), "办错了"),
    }[job["command"]]()  # fmt: skip


def begin() -> None:
    joint.people(Path(settings.HOME))


def _lin() -> access.Viewer:
    return access.viewer_of(access.account_named("lin"))


def _item(name: str) -> int:
    """Return the newest item of a name."""
    return CaseItem.objects.filter(item=name).latest("pk").pk


def open_case() -> object:
    return cases.open_case(_lin(), "joint", _lin().resident_no or 0, {"wish": "快"})


def answer() -> object:
    return cases.answer(_lin(), cases.Case.objects.latest("pk").pk, {"wish": "慢"})


def withdraw() -> object:
    cases.withdraw_case(_lin(), cases.Case.objects.latest("pk").pk, "不办了")
    return True


def work() -> cases.Worked:
    """Let time pass until nothing is left to be told to a system."""
    done = cases.Worked()
    for _ in range(6):
        joint.time_passes()
        done = cases.work()
    return done


def books() -> dict[str, list[str]]:
    """Return every row of the blocks that cases write to, without what time, chance and numbers that were lost put in."""
    written = [model for model in apps.get_models() if model._meta.app_label in _TABLES and model.__name__ != "Snapshot"]
    places = {model: {pk: place for place, pk in enumerate(model.objects.order_by("pk").values_list("pk", flat=True))} for model in written}
    return {model.__name__: sorted(_row(model, row, places) for row in model.objects.values()) for model in written}


def _row(model: Any, row: dict[str, Any], places: dict[Any, dict[Any, int]]) -> str:
    """Return a row as text; a row it points to is named by its place in its table."""
    kept = {}
    for name, value in row.items():
        field = model._meta.get_field(name)
        if field.is_relation and value is not None:
            kept[name] = places.get(field.related_model, {}).get(value, "elsewhere")
        elif name not in _LEFT_OUT and not name.endswith(("_at", "_id")):
            kept[name] = re.sub(r"\d+", "#", value) if name in _NUMBERED else _kept(value)
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str)


def _kept(value: Any) -> Any:
    """A certificate's code is drawn by chance; a case's number is that of its row; a file lies where its test lies."""
    if isinstance(value, dict):
        return {
            name: _kept(each) for name, each in value.items() if name not in _LEFT_OUT and not name.endswith(("_certificate", "_reference"))
        }
    if isinstance(value, list):
        return [_kept(each) for each in value]
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(bytes(value)).hexdigest()
    return re.sub(r"\d{8}-\d{6}", "#", value.replace(str(settings.HOME), "")) if isinstance(value, str) else value
