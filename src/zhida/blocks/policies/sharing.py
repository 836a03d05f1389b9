"""Whether the household may see a grown member's lines: that member decides (decision 0006)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.policies.models import HouseholdSharing
from zhida.kernel import clock


@transaction.atomic
def set_household_sharing(viewer: Viewer, shared: bool) -> None:
    """Agree that one's household sees one's lines, or withdraw it. Raises: PermissionMissing."""
    purpose = access.require(viewer, "entitlements.view_own")
    assert viewer.resident_no is not None
    if shared:
        HouseholdSharing.objects.get_or_create(resident_no=viewer.resident_no, defaults={"agreed_at": clock.now()})
    else:
        HouseholdSharing.objects.filter(resident_no=viewer.resident_no).delete()
    access.record_access(viewer, purpose, "sharing.agree" if shared else "sharing.withdraw", f"resident {viewer.resident_no}")


def shares_with_household(viewer: Viewer) -> bool:
    """Say whether the viewer has agreed."""
    return HouseholdSharing.objects.filter(resident_no=viewer.resident_no).exists()


def sharing_members(resident_nos: Iterable[int]) -> set[int]:
    """Return those of some residents who have agreed."""
    return set(HouseholdSharing.objects.filter(resident_no__in=list(resident_nos)).values_list("resident_no", flat=True))
