"""Ratings (好差评): what residents thought of a case that is over, and the answers to bad ones. Source: 国办发〔2019〕51号."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.desk import at_desk
from zhida.blocks.cases.errors import RatingRefused, ReasonNeeded
from zhida.blocks.cases.models import Case, Rating
from zhida.blocks.cases.moving import Moving, held_case, save
from zhida.blocks.cases.opening import require_resident_of
from zhida.blocks.cases.rules import BAD_STARS, RATING_ANSWER_WORKING_DAYS, STREET, CaseState, desk_area, due_after
from zhida.kernel import clock
from zhida.kernel.clock import HANGZHOU
from zhida.kernel.text import Text

ANSWER, SUPERVISE = "cases.answer", "cases.supervise"
STARS = (1, 2, 3, 4, 5)
TEXT_MAX = 1000
RATING_REASONS: dict[str, Text] = {
    "quick": Text("办得快", "It was quick"),
    "easy": Text("填得少、不用跑", "Little to fill in, nowhere to go"),
    "clear": Text("说得明白", "It was well explained"),
    "kind": Text("态度好", "People were kind"),
    "slow": Text("太慢", "Too slow"),
    "asked_twice": Text("重复要材料", "Asked for the same thing twice"),
    "had_to_come": Text("还是要跑窗口", "I still had to go there"),
    "unclear": Text("没说明白", "It was not explained"),
    "wrong": Text("结果不对", "The result is wrong"),
    "unkind": Text("态度不好", "People were unkind"),
}


def rate_case(viewer: Viewer, case_id: int, stars: int, reasons: Sequence[str] = (), text: str = "") -> Rating:
    """Rate one's own case once it is over. One or two stars go to the leading department, which answers in time.

    Raises: PermissionMissing, CaseNotFound, RatingRefused (not over, rated already, no stars, a reason that is not on the list).
    """
    access.require(viewer, "cases.own")
    with transaction.atomic():
        moving = Moving(held_case(case_id), viewer)
        require_resident_of(viewer, moving.case)
        _check(moving.case, stars, reasons)
        level = STREET if moving.declared.leads == STREET else "district"
        rating = Rating(
            case=moving.case, event=moving.case.event, department=moving.declared.leads, area=desk_area(moving.case.community, level),
            stars=stars, reasons=list(dict.fromkeys(reasons)), text=text.strip()[:TEXT_MAX], rated_by=viewer.account, rated_at=moving.at,
            answer_due_on=due_after(moving.today, RATING_ANSWER_WORKING_DAYS) if stars <= BAD_STARS else None,
        )  # fmt: skip
        try:
            with transaction.atomic():
                rating.save()
        except IntegrityError as error:
            raise RatingRefused("这件事您已经评过了", "you have rated this case already") from error
        moving.note("rated", text=str(stars))
        save(moving)
    return rating


def _check(case: Case, stars: int, reasons: Sequence[str]) -> None:
    if case.state not in (CaseState.DONE, CaseState.UNDONE):
        raise RatingRefused("这件事还没有办完，办完再评", "this case is not over yet; rate it when it is")
    if stars not in STARS:
        raise RatingRefused("请选一到五颗星", "choose one to five stars")
    if set(reasons) - set(RATING_REASONS):
        raise RatingRefused("请从列出的理由里选", "choose among the reasons that are listed")


def my_rating(viewer: Viewer, case_id: int) -> Rating | None:
    """Return what a resident said of a case of their own. Raises: PermissionMissing, CaseNotFound."""
    access.require(viewer, "cases.own")
    found = Rating.objects.filter(case=case_id).select_related("case").first()
    if found is not None:
        require_resident_of(viewer, found.case)
    return found


def ratings(viewer: Viewer, which: str = "waiting") -> QuerySet[Rating]:
    """Return the ratings of the viewer's desk: those that wait for an answer by their deadline, or all, newest first.

    Raises: PermissionMissing.
    """
    purpose = access.require(viewer, ANSWER)
    access.record_access(viewer, purpose, "cases.ratings", which)
    found = Rating.objects.filter(at_desk(viewer)).select_related("case")
    if which == "waiting":
        return found.filter(answer_due_on__isnull=False, answered_at=None).order_by("answer_due_on", "pk")
    return found


@transaction.atomic
def answer_rating(viewer: Viewer, rating_id: int, text: str) -> Rating:
    """Answer a bad rating; its resident is told. Raises: PermissionMissing, RatingRefused, ReasonNeeded."""
    access.require(viewer, ANSWER)
    rating = Rating.objects.select_for_update().filter(at_desk(viewer), pk=rating_id, answered_at=None).first()
    if rating is None:
        raise RatingRefused("它已经答复，或不归您的部门", "it was answered already, or is not your department's")
    if not text.strip():
        raise ReasonNeeded(rating_id)
    moving = Moving(held_case(rating.case_id), viewer)
    rating.answer, rating.answered_by, rating.answered_at = text.strip()[:TEXT_MAX], viewer.account, moving.at
    rating.save()
    moving.note("rating_answered")
    moving.tell("case_rating_answered", about=f"rating:{rating.pk}", answer=Text(rating.answer, rating.answer))
    save(moving)
    return rating


@dataclass(frozen=True)
class RatingLine:
    """Ratings of one life event and department. bad: one or two stars; in_time: bad ones answered by their day; late: later, or not yet."""

    event: str
    department: str
    count: int
    mean: float
    bad: int
    in_time: int
    late: int


@dataclass(frozen=True)
class RatingsSummary:
    """Ratings of an area. mean: None without any; stars: how many gave each; waiting: bad ones whose day has not come yet."""

    count: int
    mean: float | None
    stars: dict[int, int]
    bad: int
    in_time: int
    late: int
    waiting: int
    lines: list[RatingLine]

    @property
    def share_in_time(self) -> float | None:
        """Of the bad ratings that are answered or late, the share answered by their day."""
        judged = self.in_time + self.late
        return self.in_time / judged if judged else None


def ratings_summary(viewer: Viewer, area: int | None = None) -> RatingsSummary:
    """Add up the ratings that a captain (of the whole area) or the head of a department (of their own desk) may see.

    area: only desks of this area, as the leading digits of a code (330106). Raises: PermissionMissing.
    """
    rows = Rating.objects.all()
    if access.purpose_of(viewer, SUPERVISE):
        low, high = viewer.community_span
        rows = rows.filter(area__gte=low, area__lt=high)
    else:
        access.require(viewer, ANSWER)
        rows = rows.filter(at_desk(viewer))
    if area is not None:
        width = 10 ** (12 - len(str(area)))
        rows = rows.filter(area__gte=area * width, area__lt=(area + 1) * width)
    return _summary(list(rows.values_list("event", "department", "stars", "answer_due_on", "answered_at")))


_Row = tuple[str, str, int, object, datetime | None]


def _summary(rows: list[_Row]) -> RatingsSummary:
    groups: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        groups.setdefault((row[0], row[1]), []).append(row)
    lines = [RatingLine(event, department, *_counted(each)) for (event, department), each in sorted(groups.items())]
    count, mean, bad, in_time, late = _counted(rows)
    stars = {star: sum(row[2] == star for row in rows) for star in STARS}
    return RatingsSummary(count, mean if rows else None, stars, bad, in_time, late, bad - in_time - late, lines)


def _counted(rows: list[_Row]) -> tuple[int, float, int, int, int]:
    bad = [row for row in rows if row[3] is not None]
    in_time = sum(answered is not None and answered.astimezone(HANGZHOU).date() <= due for *_, due, answered in bad)
    late = sum(due < (answered.astimezone(HANGZHOU).date() if answered else clock.today()) for *_, due, answered in bad)
    return len(rows), sum(row[2] for row in rows) / len(rows) if rows else 0.0, len(bad), in_time, late
