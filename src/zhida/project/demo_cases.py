"""Joint cases of the demonstration: births and deaths found in the feeds some days ago, some of them on their way, a few of them late."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.kernel.calendar import working_days_after
from zhida.kernel.errors import ZhidaError

# When the feeds were looked at for each event: families had days to agree, the dead's cases began by themselves not long ago.
FOUND_ON = {"birth": date(2025, 10, 27), "death": date(2025, 11, 4)}
# Of the births of the cast's district so many were agreed to, on three days in turn, each with one more item done than the one before.
AGREED, AGREEING_DAYS, ITEMS_AT_MOST = 18, 3, 7
AT_A_DESK = (cases.ItemState.READY, cases.ItemState.CLAIMED)
ANSWERS = {"text": "汉族", "date": "2025-10-24", "integer": "2", "money": "1200.00", "boolean": "true", "statement": "true"}


def play_cases(district: int, cast: set[int]) -> dict[str, int]:
    """Find what the feeds tell of, let families of a district agree and desks do a part of it; run again it finds that done.

    cast: residents whose cases stay as they were found, for whoever tries the demonstration.
    """
    for event, day in FOUND_ON.items():
        with on_day(day):
            cases.find_cases([event])
    births = [case for case in _found_births(district) if not {case.subject_no, case.applicant_no} & cast][:AGREED]
    for place, case in enumerate(births):
        agreed_on = working_days_after(FOUND_ON["birth"], place % AGREEING_DAYS)
        with on_day(agreed_on):
            agree(case)
        do_items(case.pk, place % ITEMS_AT_MOST, str(district), agreed_on)
    done = cases.supervise()
    return {"late": done.red, "told": done.told}


def _found_births(district: int) -> list[Any]:
    low, high = district * 1_000_000, (district + 1) * 1_000_000
    rows = cases.Case.objects.filter(event="birth", community__gte=low, community__lt=high).exclude(found_by="")
    return list(rows.exclude(applicant_no=0).order_by("pk"))


@contextmanager
def on_day(day: date) -> Iterator[None]:
    """Let everything happen on an earlier day."""
    today = os.environ["ZHIDA_TODAY"]
    os.environ["ZHIDA_TODAY"] = min(day, date.fromisoformat(today)).isoformat()
    try:
        yield
    finally:
        os.environ["ZHIDA_TODAY"] = today


def agree(case: Any) -> None:
    """Give the one confirmation, where nobody has yet."""
    if case.state == cases.CaseState.FOUND:
        parent = access.Viewer("demo-parent", "resident", resident_no=case.applicant_no)
        cases.agree(parent, case.pk, {field.key: answer(field) for field in cases.declaration_of(case).evidence})


def answer(field: Any) -> Any:
    """What demonstration families answer."""
    return ANSWERS.get(field.kind) or next(iter(field.options), "")


def do_items(case_id: int, count: int, area: str, agreed_on: date, pace: int = 1) -> None:
    """Let the departments of an area finish so many items of a case, one every so many working days."""
    done = cases.CaseItem.objects.filter(case_id=case_id, is_automatic=False, state=cases.ItemState.DONE).count()
    while done < count:
        item = cases.CaseItem.objects.filter(case_id=case_id, is_automatic=False, state__in=AT_A_DESK).order_by("pk").first()
        if item is None:
            return
        declared = cases.declaration_of(item.case).items[item.item]
        officer = access.Viewer(f"demo-{item.department}", "department_officer", area, department=item.department)
        with on_day(working_days_after(agreed_on, pace * (done + 1))), suppress(ZhidaError):
            cases.finish_item(officer, item.pk, {field.key: answer(field) for field in declared.enters})
        done += 1
