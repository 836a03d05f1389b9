"""One item after the other without going back to the list, and one action for many items of a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.desk import HANDLE, UNCLAIMED, at_desk, take_first
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.rules import AT_A_DESK
from zhida.kernel.errors import ZhidaError

# More than a page of any list shows: nobody has looked at what they did not see.
AT_ONCE_MAX = 100


@dataclass
class Acted:
    """What an action for many items did: those it took, and for each other one why not."""

    done: list[int] = field(default_factory=list)
    problems: list[tuple[int, ZhidaError]] = field(default_factory=list)


def to_work_through(viewer: Viewer, event: str = "", item: str = "", after: CaseItem | None = None) -> QuerySet[CaseItem]:
    """Return what an officer may work off: their own items and nobody's, those due first first; only those behind ``after`` in that order.

    event, item: only of this life event, only this item of it. Raises: PermissionMissing.
    """
    access.require(viewer, HANDLE)
    return _in_order(viewer, _own(viewer) | _FREE, event, item, after)


_FREE = Q(state__in=UNCLAIMED, assignee="")


def _own(viewer: Viewer) -> Q:
    return Q(state__in=AT_A_DESK, assignee=viewer.account)


def _in_order(viewer: Viewer, which: Q, event: str, item: str, after: CaseItem | None) -> QuerySet[CaseItem]:
    found = CaseItem.objects.filter(at_desk(viewer), which)
    found = found.filter(case__event=event) if event else found
    found = found.filter(item=item) if item else found
    return found.filter(_behind(after) if after else Q()).order_by(F("due_on").asc(nulls_last=True), "pk")


def _behind(item: CaseItem) -> Q:
    if item.due_on is None:
        return Q(due_on=None, pk__gt=item.pk)
    return Q(due_on__gt=item.due_on) | Q(due_on=item.due_on, pk__gt=item.pk) | Q(due_on=None)


def take_following(viewer: Viewer, event: str = "", item: str = "", after: CaseItem | None = None) -> CaseItem | None:
    """Return the next item of ``to_work_through``, claimed by the viewer; None behind the last. Two officers never get the same one."""
    access.require(viewer, HANDLE)
    # One half after the other: each has an index in this order, both together would be sorted anew for every item.
    own = _in_order(viewer, _own(viewer), event, item, after).first()
    free = _in_order(viewer, _FREE, event, item, after)
    return take_first(viewer, free.exclude(_behind(own)) if own else free) or own


def act_on_many(item_ids: Iterable[int], act: Callable[[int], Any]) -> Acted:
    """Do one thing with each of many items, each on its own: what is refused keeps nobody else back."""
    acted = Acted()
    for item_id in list(dict.fromkeys(item_ids))[:AT_ONCE_MAX]:
        try:
            act(item_id)
        except ZhidaError as problem:
            acted.problems.append((item_id, problem))
        else:
            acted.done.append(item_id)
    return acted
