"""Appeals: a resident says a line is wrong; an officer of the street answers within the term."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies.errors import AppealNotOpen, AppealWithoutText
from zhida.blocks.policies.models import Appeal
from zhida.blocks.records import api as records
from zhida.kernel import clock

# 行政复议 aside, a street office answers a question about a benefit within 15 days: assumption of the demonstration, a site sets its own.
ANSWER_DAYS = 15


@transaction.atomic
def file_appeal(viewer: Viewer, resident_no: int, benefit: str, entity_no: int, month: str, text: str) -> Appeal:
    """Record that a resident holds a line of the list for wrong.

    Raises: PermissionMissing, NotYours, AppealWithoutText.
    """
    purpose = access.require(viewer, "entitlements.appeal")
    card = records.resident_card(viewer, purpose, resident_no)
    if not text.strip():
        raise AppealWithoutText()
    access.record_access(viewer, purpose, "appeal.file", f"resident {resident_no} {benefit}")
    return Appeal.objects.create(
        resident_no=resident_no,
        community=card.community,
        benefit=benefit,
        entity_no=entity_no,
        month=month,
        text=text.strip()[:2000],
        filed_at=clock.now(),
        due_on=clock.today() + timedelta(days=ANSWER_DAYS),
    )


@transaction.atomic
def answer_appeal(viewer: Viewer, appeal_id: int, answer: str) -> Appeal:
    """Answer an open appeal of one's own area.

    Raises: PermissionMissing, NotYours, AppealNotOpen, AppealWithoutText.
    """
    purpose = access.require(viewer, "appeals.handle")
    appeal = Appeal.objects.select_for_update().filter(pk=appeal_id, state=Appeal.State.OPEN).first()
    if appeal is None:
        raise AppealNotOpen(appeal_id)
    access.require_resident(viewer, appeal.resident_no, appeal.community)
    if not answer.strip():
        raise AppealWithoutText()
    appeal.state, appeal.answer, appeal.answered_by, appeal.answered_at = (
        Appeal.State.ANSWERED,
        answer.strip()[:2000],
        viewer.account,
        clock.now(),
    )
    appeal.save()
    access.record_access(viewer, purpose, "appeal.answer", f"appeal {appeal_id}")
    return appeal


def count_open_appeals(viewer: Viewer) -> int:
    """Count the appeals of an officer's area that wait for an answer."""
    low, high = viewer.community_span
    return Appeal.objects.filter(community__gte=low, community__lt=high, state="open").count()


def appeals(viewer: Viewer, purpose: Purpose, state: str | None = None) -> list[Appeal]:
    """List the viewer's own appeals, or those of the officer's area; newest first."""
    found = Appeal.objects.all()
    if viewer.role == "resident":
        found = found.filter(resident_no=viewer.resident_no)
    else:
        low, high = viewer.community_span
        found = found.filter(community__gte=low, community__lt=high)
    return list(found.filter(state=state) if state else found)
