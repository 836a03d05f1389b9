"""For tests of notices and of what stands above: 林小满, the officers of her street and of another, and what they are told."""

from __future__ import annotations

from django.utils import timezone

from zhida.blocks.access.api import Viewer
from zhida.blocks.notices.models import ContactPoint, NoticeDelivery
from zhida.blocks.notices.rules import Recipient

LIN = 1_001
LIN_XIAOMAN = Viewer("lin_xiaoman", "resident", resident_no=LIN)
SHEN_AYING = Viewer("shen_aying", "resident", resident_no=2_002)
# 周志强 works in the street of 林小满, 吴静 elsewhere: she must see nothing of it.
ZHOU_ZHIQIANG = Viewer("zhou_zhiqiang", "street_officer", "330106001")
WU_JING = Viewer("wu_jing", "street_officer", "330108001")
COMMUNITY_OF_LIN = 330106001001

RETURNED = {"benefit": "dibao", "amount": 130_150, "period": "2025-10", "reason": {"zh": "账户已销户。", "en": "The account is closed."}}
FIRST = {"benefit": "dibao", "amount": 130_150, "period": "2025-10", "day": "2025-11-05"}


def about(subject: str, resident_no: int = LIN, community: int = COMMUNITY_OF_LIN, **parameters: object) -> Recipient:
    """Return a recipient of a notice of kind ``payment_returned``; other parameters by name."""
    return Recipient(subject, parameters or RETURNED, resident_no=resident_no, community=community)


def give_address(resident_no: int = LIN, address: str = "lin@example.com", channel: str = "email", language: str = "zh") -> ContactPoint:
    """Give a resident a confirmed address."""
    found = {"resident_no": resident_no, "channel": channel, "address": address, "language": language}
    return ContactPoint.objects.create(**found, confirmed_at=timezone.now())


def deliveries() -> list[tuple[int, str]]:
    """List number and state of every delivery."""
    return list(NoticeDelivery.objects.order_by("id").values_list("id", "state"))
