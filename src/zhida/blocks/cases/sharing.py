"""Load sharing: who gives an item to whom, and how what nobody has is handed out so that everybody's desk is as full."""

from __future__ import annotations

from contextlib import suppress

from django.db import transaction
from django.db.models import Count

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.desk import UNCLAIMED, at_desk, free_items, held_item
from zhida.blocks.cases.errors import ItemInWrongState, OfficerUnknown
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.moving import Moving, save
from zhida.blocks.cases.rules import AT_A_DESK, ItemState

SHARE = "cases.share"


@transaction.atomic
def assign(viewer: Viewer, item_id: int, account: str) -> CaseItem:
    """Let a colleague of the same desk have an item. Raises: PermissionMissing, ItemNotFound, OfficerUnknown, ItemInWrongState."""
    access.require(viewer, SHARE)
    moving, item = held_item(viewer, item_id, *AT_A_DESK)
    if account not in {each.account for each in colleagues(viewer, item.area)}:
        raise OfficerUnknown(account)
    _assign(moving, item, account)
    return item


def _assign(moving: Moving, item: CaseItem, account: str) -> None:
    item.assignee = account
    if item.state == ItemState.READY:
        item.state = ItemState.CLAIMED
    item.save()
    moving.note("assigned", item.item, account)
    save(moving)


def colleagues(viewer: Viewer, area: int | None = None) -> list[Viewer]:
    """List the officers of the viewer's department in the viewer's area, by account; area: only those at whose desk an item of it lies."""
    found = [each for each in access.officers_of(viewer.department) if viewer.sees_area(each.area_code)]
    return [each for each in found if area is None or each.community_span[0] <= area < each.community_span[1]]


def loads(viewer: Viewer) -> dict[str, int]:
    """Return how many items each colleague has on the desk now."""
    counted = (
        CaseItem.objects.filter(at_desk(viewer), state__in=AT_A_DESK).exclude(assignee="").values_list("assignee").annotate(n=Count("pk"))
    )
    found = dict(counted)
    return {each.account: found.get(each.account, 0) for each in colleagues(viewer)}


@transaction.atomic
def share_out(viewer: Viewer) -> dict[str, int]:
    """Hand out what nobody has claimed so that everybody's desk is as full, those due first first; return who got how many.

    What lies where no colleague works stays unclaimed.

    Raises: PermissionMissing, OfficerUnknown where nobody works there.
    """
    access.require(viewer, SHARE)
    load = loads(viewer)
    if not load:
        raise OfficerUnknown(viewer.department)
    given = dict.fromkeys(load, 0)
    free = list(free_items(viewer).values_list("pk", "area"))
    near = {area: [each.account for each in colleagues(viewer, area)] for area in {area for _, area in free}}
    for item_id, area in free:
        to = min(near[area], key=lambda account: (load[account], account), default="")
        if to and _hand_out(viewer, item_id, to):
            load[to] += 1
            given[to] += 1
    return given


def _hand_out(viewer: Viewer, item_id: int, account: str) -> bool:
    """Assign an item that nobody has; False where a colleague has claimed it meanwhile."""
    with suppress(ItemInWrongState):
        moving, item = held_item(viewer, item_id, *UNCLAIMED)
        if not item.assignee:
            _assign(moving, item, account)
            return True
    return False
