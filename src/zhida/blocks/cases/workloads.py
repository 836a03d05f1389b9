"""How full the desks of a department are: for whoever shares the work out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.desk import at_desk
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.rules import AT_A_DESK, WAITING, YELLOW_DAYS, ItemState
from zhida.blocks.cases.sharing import SHARE, colleagues
from zhida.kernel import clock
from zhida.kernel.calendar import working_days_after

LATELY_DAYS = 7


@dataclass(frozen=True)
class Workload:
    """One officer's desk, or what nobody has taken (account ""). done: ended in the last seven days."""

    account: str
    items: int
    late: int
    soon: int
    waiting: int
    done: int


def workloads(viewer: Viewer) -> list[Workload]:
    """List the desks of the viewer's colleagues, the fullest first, and last what nobody has taken. Raises: PermissionMissing."""
    access.require(viewer, SHARE)
    today = clock.today()
    soon = working_days_after(today, YELLOW_DAYS)
    stands = Q(state__in=AT_A_DESK)
    over = Q(state__in=(ItemState.DONE, ItemState.REFUSED), done_at__gte=clock.now() - timedelta(days=LATELY_DAYS))
    rows = CaseItem.objects.filter(at_desk(viewer), stands | Q(state__in=WAITING) | over, is_automatic=False).order_by()
    counted = rows.values("assignee").annotate(
        items=Count("pk", filter=stands),
        late=Count("pk", filter=stands & Q(due_on__lt=today)),
        soon=Count("pk", filter=stands & Q(due_on__gte=today, due_on__lte=soon)),
        waiting=Count("pk", filter=Q(state__in=WAITING)),
        done=Count("pk", filter=over),
    )
    found = {row.pop("assignee"): Workload("", **row) for row in counted}
    empty = Workload("", 0, 0, 0, 0, 0)
    desks = [_of(each.account, found.get(each.account, empty)) for each in colleagues(viewer)]
    return [*sorted(desks, key=lambda each: (-each.items, each.account)), found.get("", empty)]


def _of(account: str, load: Workload) -> Workload:
    return Workload(account, load.items, load.late, load.soon, load.waiting, load.done)
