"""Reads of casework by month, for who supervises cases of an area. Withheld figures are None; what did not happen is 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.indicators.casework import ALL, M
from zhida.blocks.indicators.errors import CaseworkNotObserved
from zhida.blocks.indicators.models import CaseworkMonth, CaseworkObservation
from zhida.kernel.period import Month

SUPERVISE = "cases.supervise"


@dataclass(frozen=True)
class CountedMonth:
    """A month that was counted. is_whole: after it had ended."""

    month: str
    counted_on: date

    @property
    def is_whole(self) -> bool:
        return self.counted_on >= Month.parse(self.month).end


@dataclass
class CaseworkFigures:
    """The figures of one month, life event, department (empty: all) and area. values: measure -> value, None where withheld."""

    month: str
    event: str
    department: str
    area: int
    values: dict[str, int | None] = field(default_factory=dict)
    reasons: dict[str, int | None] = field(default_factory=dict)

    def get(self, measure: str) -> int | None:
        return self.values.get(measure, 0)

    def share(self, part: str, whole: str) -> float | None:
        """Return a part of a whole; None where it is withheld or there is no whole."""
        counted, of = self.get(part), self.get(whole)
        return counted / of if counted is not None and of else None

    @property
    def days_median(self) -> int | None:
        return self.get(M.DAYS_MEDIAN) if self.get(M.DONE) else None

    @property
    def days_p90(self) -> int | None:
        return self.get(M.DAYS_P90) if self.get(M.DONE) else None

    @property
    def in_time(self) -> float | None:
        """Of the cases that were done, the share done within the promised working days."""
        return self.share(M.DONE_IN_TIME, M.DONE)

    @property
    def items_in_time(self) -> float | None:
        return self.share(M.ITEMS_IN_TIME, M.ITEMS)

    @property
    def mean_stars(self) -> float | None:
        return self.share(M.STARS, M.RATINGS)

    @property
    def satisfied(self) -> float | None:
        """Of the ratings, the share with four or five stars."""
        return self.share(M.SATISFIED, M.RATINGS)

    @property
    def bad_in_time(self) -> float | None:
        """Of the bad ratings whose answer was due in the month, the share answered by their day."""
        return self.share(M.BAD_IN_TIME, M.BAD_DUE)

    @property
    def appeals_changed(self) -> float | None:
        return self.share(M.APPEALS_CHANGED, M.APPEALS_ANSWERED)

    @property
    def is_empty(self) -> bool:
        return not self.values


def casework_months(viewer: Viewer) -> list[CountedMonth]:
    """List the months whose casework was counted, oldest first. Raises: PermissionMissing."""
    access.require(viewer, SUPERVISE)
    return [CountedMonth(row.month, row.counted_on) for row in CaseworkMonth.objects.order_by("month")]


def casework_by_month(viewer: Viewer, area: int, event: str = ALL, department: str = ALL) -> list[CaseworkFigures]:
    """Return one line for each counted month, oldest first. Raises: PermissionMissing, NotYours."""
    _require(viewer, area)
    rows = CaseworkObservation.objects.filter(area=area, event=event, department=department)
    found = _grouped(rows, "month")
    return [found.get(each.month) or CaseworkFigures(each.month, event, department, area) for each in casework_months(viewer)]


def casework_by_event(viewer: Viewer, month: str, area: int, department: str = ALL) -> list[CaseworkFigures]:
    """Return one line for each life event of a month, by key. Raises: PermissionMissing, NotYours, CaseworkNotObserved."""
    return _lines(viewer, month, area, "event", department=department)


def casework_by_department(viewer: Viewer, month: str, area: int, event: str = ALL) -> list[CaseworkFigures]:
    """Return one line for each department of a month, by key. Raises: PermissionMissing, NotYours, CaseworkNotObserved."""
    return _lines(viewer, month, area, "department", event=event)


def _lines(viewer: Viewer, month: str, area: int, by: str, **chosen: str) -> list[CaseworkFigures]:
    _require(viewer, area)
    _require_counted(month)
    found = _grouped(CaseworkObservation.objects.filter(month=month, area=area, **chosen).exclude(**{by: ALL}), by)
    return [found[key] for key in sorted(found)]


def casework_by_area(viewer: Viewer, month: str, parent: int, event: str = ALL, department: str = ALL) -> list[CaseworkFigures]:
    """Return one line for each area below another that has any casework, by code.

    Raises: PermissionMissing, NotYours, CaseworkNotObserved.
    """
    _require(viewer, parent)
    _require_counted(month)
    found = _grouped(CaseworkObservation.objects.filter(month=month, parent=parent, event=event, department=department), "area")
    return [found[key] for key in sorted(found)]


def casework_table(viewer: Viewer, area: int) -> list[CaseworkFigures]:
    """Return every line of an area: by month, life event and department, all together first. Raises: PermissionMissing, NotYours."""
    _require(viewer, area)
    found = _grouped(CaseworkObservation.objects.filter(area=area), "month", "event", "department")
    return [found[key] for key in sorted(found)]


def _require(viewer: Viewer, area: int) -> None:
    access.require(viewer, SUPERVISE)
    if not viewer.sees_area(area):
        raise access.NotYours(viewer.account, f"area {area}")


def _require_counted(month: str) -> None:
    if not CaseworkMonth.objects.filter(month=month).exists():
        raise CaseworkNotObserved(month)


def _grouped(rows: Iterable[CaseworkObservation], *by: str) -> dict[object, CaseworkFigures]:
    groups: dict[object, list[CaseworkObservation]] = defaultdict(list)
    for row in rows:
        key = tuple(getattr(row, name) for name in by)
        groups[key if len(by) > 1 else key[0]].append(row)
    return {key: _figures(each) for key, each in groups.items()}


def _figures(rows: list[CaseworkObservation]) -> CaseworkFigures:
    figures = CaseworkFigures(rows[0].month, rows[0].event, rows[0].department, rows[0].area)
    for row in rows:
        value = None if row.is_withheld else row.value
        if row.measure == M.REASONS:
            figures.reasons[row.reason] = value
        else:
            figures.values[row.measure] = value
    return figures
