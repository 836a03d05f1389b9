"""A month of joint cases as counts, for indicators: grouped and counted by the database, so that no row about a person leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce, TruncDate

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.cases.declarations.installed import declared_as
from zhida.blocks.cases.models import Case, CaseAppeal, CaseEntry, CaseItem, Rating
from zhida.blocks.cases.ratings import RATING_REASONS
from zhida.blocks.cases.rules import AppealState, CaseState, ItemState, working_days_between
from zhida.kernel import clock
from zhida.kernel.clock import HANGZHOU
from zhida.kernel.period import Month

SUPERVISE = "cases.supervise"


class Casework(StrEnum):
    """What is counted, each in the month in which it happened; a bad rating in the month in which its answer was due.

    done: ``value`` is the working days since the first item came to a desk; how long a family took to agree is not the city's time.
    not_wanted: declined, or nobody agreed. items: ended at a desk, done or refused. returned: the word went back to the resident.
    ratings: ``value`` is the stars. reasons: ``reason`` was given.
    """

    OPENED = "opened"
    DONE = "done"
    DONE_IN_TIME = "done_in_time"
    UNDONE = "undone"
    NOT_WANTED = "not_wanted"
    ITEMS = "items"
    ITEMS_IN_TIME = "items_in_time"
    RETURNED = "returned"
    RATINGS = "ratings"
    REASONS = "reasons"
    BAD_DUE = "bad_due"
    BAD_IN_TIME = "bad_in_time"
    APPEALS = "appeals"
    APPEALS_ANSWERED = "appeals_answered"
    APPEALS_CHANGED = "appeals_changed"


@dataclass(frozen=True)
class CaseworkLine:
    """So many of one kind. department: who leads, for cases and ratings; whose item it is, for items and appeals. street: of residents."""

    what: Casework
    event: str
    department: str
    street: int
    count: int
    value: int = 0
    reason: str = ""


def casework_of(viewer: Viewer, purpose: Purpose, month: Month) -> list[CaseworkLine]:
    """Count a month's casework for residents of the viewer's area. The night's own viewer may, and who supervises cases.

    Raises: PermissionMissing.
    """
    if viewer.role != access.SYSTEM.role:
        access.require(viewer, SUPERVISE)
    access.record_access(viewer, purpose, "cases.casework", month.text)
    counted = _Counted(viewer, month)
    return [*counted.cases(), *counted.items(), *counted.ratings(), *counted.answers(), *counted.appeals()]


def _street(community: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(community) / 1000, output_field=BigIntegerField())


def _day(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=HANGZHOU)


def _within(month: Month, field: str) -> Q:
    """Return the condition for moments inside a month, as the clocks of Hangzhou count it."""
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=HANGZHOU) for day in (month.start, month.end))
    return Q(**{f"{field}__gte": begin, f"{field}__lt": end})


class _Counted:
    """The counts of one month and area, kind after kind."""

    def __init__(self, viewer: Viewer, month: Month) -> None:
        self.month, self.span = month, viewer.community_span

    def _here(self, rows: QuerySet[Any], community: str = "case__community") -> QuerySet[Any]:
        low, high = self.span
        return rows.filter(**{f"{community}__gte": low, f"{community}__lt": high}).annotate(street=_street(community)).order_by()

    def cases(self) -> Iterator[CaseworkLine]:
        everyone = self._here(Case.objects.all(), "community")
        closed = everyone.filter(_within(self.month, "closed_at"))
        yield from _of_cases(Casework.OPENED, everyone.filter(_within(self.month, "opened_at")))
        yield from _of_cases(Casework.UNDONE, closed.filter(state=CaseState.UNDONE))
        yield from _of_cases(Casework.NOT_WANTED, closed.filter(state__in=(CaseState.DECLINED, CaseState.LAPSED)))
        first_item = CaseItem.objects.filter(case=OuterRef("pk")).order_by("ready_at").values("ready_at")[:1]
        begin = TruncDate(Coalesce(Subquery(first_item), "opened_at"), tzinfo=HANGZHOU)
        done = closed.filter(state=CaseState.DONE).annotate(begin=begin, end=_day("closed_at"))
        rows = done.values_list("event", "version", "street", "begin", "end", "due_on").annotate(n=Count("pk"))
        for event, version, street, first, last, due_on, count in rows:
            key = (event, declared_as(event, version).leads, street)
            yield CaseworkLine(Casework.DONE, *key, count, value=_working_days(first, last))
            if due_on is None or last <= due_on:
                yield CaseworkLine(Casework.DONE_IN_TIME, *key, count)

    def items(self) -> Iterator[CaseworkLine]:
        ended = CaseItem.objects.filter(_within(self.month, "done_at"), state__in=(ItemState.DONE, ItemState.REFUSED), is_automatic=False)
        is_in_time = Q(due_on=None) | Q(due_on__gte=F("end"))
        grouped = self._here(ended).annotate(end=_day("done_at")).values_list("case__event", "department", "street")
        for *key, count, in_time in grouped.annotate(n=Count("pk"), in_time=Count("pk", filter=is_in_time)):
            yield from _some((Casework.ITEMS, count), (Casework.ITEMS_IN_TIME, in_time), key=key)
        returned = self._here(CaseEntry.objects.filter(_within(self.month, "at"), what="returned"))
        yield from _lines(Casework.RETURNED, returned.values_list("case__event", "department", "street"))

    def ratings(self) -> Iterator[CaseworkLine]:
        given = self._here(Rating.objects.filter(_within(self.month, "rated_at")))
        for *key, stars, count in given.values_list("event", "department", "street", "stars").annotate(n=Count("pk")):
            yield CaseworkLine(Casework.RATINGS, *key, count, value=stars)
        # SQLite cannot look into a JSON list; as text, a reason stands between quotation marks in both databases.
        said = given.annotate(said=Cast("reasons", TextField())).values_list("event", "department", "street")
        each = {f"said_{reason}": Count("pk", filter=Q(said__contains=f'"{reason}"')) for reason in RATING_REASONS}
        for event, department, street, *counts in said.annotate(**each):
            for reason, count in zip(RATING_REASONS, counts, strict=True):
                if count:
                    yield CaseworkLine(Casework.REASONS, event, department, street, count, reason=reason)

    def answers(self) -> Iterator[CaseworkLine]:
        """Bad ratings that are judged: answered, or their day has passed."""
        due = Rating.objects.filter(answer_due_on__gte=self.month.start, answer_due_on__lt=self.month.end)
        judged = self._here(due.exclude(answered_at=None, answer_due_on__gte=clock.today())).annotate(answered_on=_day("answered_at"))
        in_time = Count("pk", filter=Q(answered_on__lte=F("answer_due_on")))
        for *key, count, kept in judged.values_list("event", "department", "street").annotate(n=Count("pk"), kept=in_time):
            yield from _some((Casework.BAD_DUE, count), (Casework.BAD_IN_TIME, kept), key=key)

    def appeals(self) -> Iterator[CaseworkLine]:
        fields = ("case__event", "department", "street")
        yield from _lines(Casework.APPEALS, self._here(CaseAppeal.objects.filter(_within(self.month, "filed_at"))).values_list(*fields))
        answered = self._here(CaseAppeal.objects.filter(_within(self.month, "answered_at"))).values_list(*fields)
        changed = Count("pk", filter=Q(state=AppealState.CHANGED))
        for *key, count, other in answered.annotate(n=Count("pk"), changed=changed):
            yield from _some((Casework.APPEALS_ANSWERED, count), (Casework.APPEALS_CHANGED, other), key=key)


@cache
def _working_days(begin: date, end: date) -> int:
    return working_days_between(begin, end)


def _of_cases(what: Casework, rows: QuerySet[Any]) -> Iterator[CaseworkLine]:
    for event, version, street, count in rows.values_list("event", "version", "street").annotate(n=Count("pk")):
        yield CaseworkLine(what, event, declared_as(event, version).leads, street, count)


def _lines(what: Casework, rows: QuerySet[Any]) -> Iterator[CaseworkLine]:
    for *key, count in rows.annotate(n=Count("pk")):
        yield CaseworkLine(what, *key, count)


def _some(*counts: tuple[Casework, int], key: Iterable[Any]) -> Iterator[CaseworkLine]:
    yield from (CaseworkLine(what, *key, count) for what, count in counts if count)
