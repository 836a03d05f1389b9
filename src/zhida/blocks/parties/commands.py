"""Merging and unmerging: two resident numbers found to be one person."""

from __future__ import annotations

from django.db import transaction

from zhida.blocks.access.api import Purpose, Viewer, record_access, require
from zhida.blocks.parties.errors import MergeImpossible, MergeNotFound
from zhida.blocks.parties.models import ResidentMerge
from zhida.blocks.parties.queries import merged_numbers
from zhida.kernel import clock


@transaction.atomic
def merge_residents(viewer: Viewer, merge_id: int) -> ResidentMerge:
    """Accept a proposed pair, or one that was undone. From the next snapshot on they are one resident.

    Raises: PermissionMissing, MergeNotFound, MergeImpossible.
    """
    purpose = _allowed(viewer)
    merge = _locked(merge_id)
    check_possible(merge.kept_resident_no, merge.merged_resident_no, merged_numbers())
    return _decide(viewer, purpose, merge, ResidentMerge.MERGED)


@transaction.atomic
def undo_merge(viewer: Viewer, merge_id: int) -> ResidentMerge:
    """Part two numbers again, or turn a proposal down. From the next snapshot on they are two residents; linking leaves them so.

    Raises: PermissionMissing, MergeNotFound.
    """
    return _decide(viewer, _allowed(viewer), _locked(merge_id), ResidentMerge.UNDONE)


def check_possible(kept_no: int, merged_no: int, merged: dict[int, int]) -> None:
    """Raises: MergeImpossible where the merged number already counts as another, or both would lead to each other."""
    if merged.get(merged_no, kept_no) != kept_no:
        raise MergeImpossible(
            kept_no, merged_no, f"它已并入 {merged[merged_no]}，请先撤销", f"it is already merged into {merged[merged_no]}; undo that first"
        )
    if merged.get(kept_no, kept_no) == merged_no:
        raise MergeImpossible(kept_no, merged_no, f"{kept_no} 已并入它", f"{kept_no} is already merged into it")


def _allowed(viewer: Viewer) -> Purpose:
    return Purpose.OPERATION if viewer.role == "system" else require(viewer, "merges.review")


def _locked(merge_id: int) -> ResidentMerge:
    merge = ResidentMerge.objects.select_for_update().filter(id=merge_id).first()
    if merge is None:
        raise MergeNotFound(merge_id)
    return merge


def _decide(viewer: Viewer, purpose: Purpose, merge: ResidentMerge, state: str) -> ResidentMerge:
    merge.state, merge.decided_by, merge.decided_at = state, viewer.account, clock.now()
    merge.decisions = [*merge.decisions, [state, str(clock.today())]]
    merge.save()
    record_access(viewer, purpose, f"parties.{state}", f"resident {merge.merged_resident_no} -> {merge.kept_resident_no}")
    return merge
