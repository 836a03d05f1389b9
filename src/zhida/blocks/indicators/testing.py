"""Joint cases made up for tests of figures: rows as casework leaves them, without walking through it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from zhida.blocks.cases import api as cases
from zhida.kernel.clock import HANGZHOU

_NUMBERS = count(1)


def at(day: str, hour: int = 10) -> datetime:
    """Return a moment on a day (2025-10-09) by the clocks of Hangzhou."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), HANGZHOU) + timedelta(hours=hour)


def made_up_case(street: int, opened: str, event: str = "birth", **more: Any) -> Any:
    """Write a case of somebody in a street; more: other columns. It stands at no desk: ``made_up_item`` makes its items."""
    number = next(_NUMBERS)
    columns = {
        "event": event, "version": cases.life_event(event).hash, "case_key": f"{event}:{number}", "subject_no": number,
        "subject_name": "甲", "applicant_no": 0, "household_no": number, "community": street * 1_000 + 1, "opened_by": "system",
        "opened_at": at(opened), "state": cases.CaseState.FOUND,
    }  # fmt: skip
    return cases.Case.objects.create(**columns | more)


def done_case(street: int, began: str, closed: str, promised: str, event: str = "birth") -> Any:
    """Write a case that began, and was done on a day with one item of its leading department, due that day too."""
    case = made_up_case(
        street, began, event, state=cases.CaseState.DONE, agreed_at=at(began), closed_at=at(closed), due_on=date.fromisoformat(promised)
    )
    made_up_item(case, cases.life_event(event).leads, began, closed, promised)
    return case


def made_up_item(case: Any, department: str, ready: str, done: str, due: str) -> Any:
    return cases.CaseItem.objects.create(
        case=case, item="an_item", token=f"{case.pk}-{next(_NUMBERS)}", department=department, area=case.community // 1_000_000 * 1_000_000,
        state=cases.ItemState.DONE, ready_at=at(ready), done_at=at(done), due_on=date.fromisoformat(due),
    )  # fmt: skip


def made_up_rating(case: Any, day: str, stars: int, reasons: tuple[str, ...] = (), due: str = "", answered: str = "") -> Any:
    return cases.Rating.objects.create(
        case=case, event=case.event, department=cases.life_event(case.event).leads, area=case.community // 1_000_000 * 1_000_000,
        stars=stars, reasons=list(reasons), rated_by="somebody", rated_at=at(day),
        answer_due_on=date.fromisoformat(due) if due else None, answered_at=at(answered) if answered else None,
    )  # fmt: skip


def made_up_appeal(case: Any, department: str, filed: str, answered: str = "", state: str = "open") -> Any:
    return cases.CaseAppeal.objects.create(
        case=case, item="an_item", department=department, area=case.community // 1_000_000 * 1_000_000, text="不对", filed_by="somebody",
        filed_at=at(filed), due_on=at(filed).date(), state=state, answered_at=at(answered) if answered else None,
    )  # fmt: skip
