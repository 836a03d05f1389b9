"""How much waits for a desk: counts alone, for every page. Nobody's data is read, so nothing goes into the log."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.desk import HANDLE, at_desk
from zhida.blocks.cases.models import CaseAppeal, CaseItem, CasePayable, ItemQuestion, Rating
from zhida.blocks.cases.rules import WATCHED, AppealState, HandOver
from zhida.kernel import clock


@dataclass(frozen=True)
class DeskCounts:
    """Items that a person is to act on, those of them that are late, and questions of other departments."""

    items: int
    late: int
    questions: int


def desk_counts(viewer: Viewer) -> DeskCounts:
    """Count what waits for somebody at the viewer's desk. Raises: PermissionMissing."""
    access.require(viewer, HANDLE)
    rows = CaseItem.objects.filter(at_desk(viewer), state__in=WATCHED).order_by()
    found = rows.aggregate(items=Count("pk"), late=Count("pk", filter=Q(due_on__lt=clock.today())))
    questions = ItemQuestion.objects.filter(at_desk(viewer), answered_at=None).count()
    return DeskCounts(found["items"], found["late"], questions)


def count_case_appeals(viewer: Viewer) -> int:
    """Count the appeals that the viewer's department has not answered. Raises: PermissionMissing."""
    access.require(viewer, "cases.answer")
    return CaseAppeal.objects.filter(at_desk(viewer), state=AppealState.OPEN).count()


def count_ratings_waiting(viewer: Viewer) -> int:
    """Count the bad ratings that the viewer's department has not answered. Raises: PermissionMissing."""
    access.require(viewer, "cases.answer")
    return Rating.objects.filter(at_desk(viewer), answer_due_on__isnull=False, answered_at=None).count()


def count_payables(viewer: Viewer) -> int:
    """Count what is to go into a batch, or out of one. Raises: PermissionMissing."""
    access.require(viewer, "payments.prepare")
    return CasePayable.objects.filter(state__in=(HandOver.WAITING, HandOver.WITHDRAWING)).count()
