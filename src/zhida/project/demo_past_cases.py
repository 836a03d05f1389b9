"""Joint cases of the demonstration that are over: births of the early summer, done in September and October, rated, a few appealed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records
from zhida.kernel.calendar import working_days_after
from zhida.kernel.clock import HANGZHOU
from zhida.project.demo_cases import agree, answer, do_items, on_day

FOUND_ON = date(2025, 9, 8)
# Births that the next look at the feeds, 90 days back, leaves alone: nobody is asked twice.
BORN_SINCE, BORN_BEFORE = date(2025, 6, 20), date(2025, 7, 29)
CASES_MAX, ITEMS_MAX = 16, 12
CITY = "330100"


@dataclass(frozen=True)
class Story:
    """How one case went. pace: working days an item takes; said: stars, reasons and an opinion, or nothing."""

    pace: int = 1
    is_returned: bool = False
    stars: int = 0
    reasons: tuple[str, ...] = ()
    text: str = ""
    answered_after: int = 0
    is_appealed: bool = False


# In turn; a city with more births hears the same again.
STORIES = (
    Story(stars=5, reasons=("quick", "easy")),
    Story(stars=4, reasons=("clear",)),
    Story(is_returned=True, stars=5, reasons=("easy", "kind")),
    Story(pace=2, stars=2, reasons=("slow",), text="社保卡等了三个星期。", answered_after=2),
    Story(stars=5, reasons=("quick",)),
    Story(stars=3, reasons=("had_to_come",), is_appealed=True),
    Story(),
    Story(stars=4, reasons=("easy",)),
    Story(pace=2, is_returned=True, stars=1, reasons=("slow", "unclear"), text="退回来一次，没说清缺什么。", answered_after=8),
    Story(stars=5, reasons=("kind",)),
    Story(),
    Story(stars=4, reasons=("quick", "clear")),
)


def play_past_cases(cast: set[int]) -> int:
    """Find the births of the early summer and let everything that followed happen; run again it finds that done. Return how many."""
    with on_day(FOUND_ON):
        _find()
    rows = cases.Case.objects.filter(event="birth", happened_on__lt=BORN_BEFORE).exclude(applicant_no=0).order_by("pk")
    told = [case for case in rows if not {case.subject_no, case.applicant_no} & cast]
    for place, case in enumerate(told):
        _tell(case, STORIES[place % len(STORIES)], working_days_after(FOUND_ON, 1 + place))
    return len(told)


def _find() -> None:
    """Open cases for the oldest births only: a look without an end would also open those of autumn, and those of the cast."""
    if cases.Case.objects.filter(event="birth", happened_on__lt=BORN_BEFORE).exists():
        return
    born = [row.values["born_on"] for row in records.rows_since("birth", "born_on", BORN_SINCE, "id_number")]
    limit = min(CASES_MAX, sum(str(day) < BORN_BEFORE.isoformat() for day in born))
    if limit:
        cases.find_cases(["birth"], limit, BORN_SINCE)


def _tell(case: Any, story: Story, agreed_on: date) -> None:
    parent = access.Viewer("demo-parent", "resident", resident_no=case.applicant_no)
    with on_day(agreed_on):
        agree(case)
    if story.is_returned:
        _return_once(case, parent, agreed_on)
    do_items(case.pk, ITEMS_MAX, CITY, agreed_on, story.pace)
    case.refresh_from_db()
    if case.state == cases.CaseState.DONE:
        _say_back(case, parent, story, case.closed_at.astimezone(HANGZHOU).date())


def _return_once(case: Any, parent: access.Viewer, agreed_on: date) -> None:
    """Let the first desk give the word back, and the family answer the next working day; what is done of it stays done."""
    first = cases.CaseItem.objects.filter(case=case, is_automatic=False).order_by("pk").first()
    if first is not None and first.state == cases.ItemState.READY:
        officer = access.Viewer(f"demo-{first.department}", "department_officer", CITY, department=first.department)
        with on_day(agreed_on):
            first = cases.return_item(officer, first.pk, "照片看不清，请重新确认")
    if first is not None and first.state == cases.ItemState.RETURNED:
        with on_day(working_days_after(agreed_on, 1)):
            written = {field.key: answer(field) for field in cases.declaration_of(case).evidence}
            cases.answer(parent, case.pk, written, "已经重新确认")


def _say_back(case: Any, parent: access.Viewer, story: Story, closed_on: date) -> None:
    """Let the family rate what is over and object to it, and its desks answer; what was said before is refused and left."""
    rated_on = working_days_after(closed_on, 1)
    if story.stars and cases.my_rating(parent, case.pk) is None:
        with on_day(rated_on):
            cases.rate_case(parent, case.pk, story.stars, story.reasons, story.text)
    if story.answered_after:
        rating = cases.my_rating(parent, case.pk)
        with on_day(working_days_after(rated_on, story.answered_after)), suppress(cases.RatingRefused):
            cases.answer_rating(_lead(rating.department), rating.pk, "已经改进：一次说清要什么，办完就通知。")
    decisions = cases.my_case(parent, case.pk).decisions
    if story.is_appealed and decisions and not cases.my_case_appeals(parent, case.pk):
        with on_day(rated_on):
            appeal = cases.file_case_appeal(parent, case.pk, "", "补贴应当从出生当月算起。", decisions[0].pk)
        with on_day(working_days_after(rated_on, 4)):
            cases.answer_case_appeal(_lead(appeal.department), appeal.pk, "upheld", "从出生次月起算，原结论没有错。")


def _lead(department: str) -> access.Viewer:
    return access.Viewer(f"demo-{department}-lead", "department_lead", CITY, department=department)
