"""Reads of deliveries and their quality."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.records.errors import DeliveryNotFound
from zhida.blocks.records.models import CorrectedRow, Delivery
from zhida.blocks.records.record_types import RecordType, record_types


def deliveries(viewer: Viewer, purpose: Purpose, record_type: str | None = None) -> list[Delivery]:
    """List what was received, newest first. No personal data: counts and reasons."""
    found = Delivery.objects.filter(corrects=None).select_related("supersedes").order_by("-received_on", "-id")
    return list(found.filter(record_type=record_type) if record_type else found)


def delivery(viewer: Viewer, purpose: Purpose, delivery_id: int) -> Delivery:
    """Raises: DeliveryNotFound."""
    found = Delivery.objects.filter(id=delivery_id).select_related("supersedes", "corrects").first()
    if found is None:
        raise DeliveryNotFound(delivery_id)
    return found


def quality(viewer: Viewer, purpose: Purpose) -> dict[str, dict[str, object]]:
    """Return for each record type what its deliveries in force hold.

    Keys: received, accepted, quarantined, corrected, by_reason, refused (files), received_on (newest).
    """
    found: dict[str, dict[str, object]] = {}
    for name in record_types():
        rows = [row for row in Delivery.objects.filter(record_type=name, corrects=None) if row.state != Delivery.SUPERSEDED]
        by_reason: dict[str, int] = {}
        for row in rows:
            for reason, count in row.by_reason.items():
                by_reason[reason] = by_reason.get(reason, 0) + count
        found[name] = {
            "received": sum(row.rows_received for row in rows),
            "accepted": sum(row.rows_accepted for row in rows),
            "quarantined": sum(row.rows_quarantined for row in rows),
            "corrected": CorrectedRow.objects.filter(delivery__in=rows).count(),
            "by_reason": by_reason,
            "refused": sum(row.state == Delivery.REFUSED for row in rows),
            "received_on": max((row.received_on for row in rows), default=None),
        }
    return found


def in_force(contract: RecordType, known_on: date) -> list[Delivery]:
    """Return the deliveries that make up a register as known on a day, oldest first: later rows replace earlier ones.

    A full register is the newest delivery of each area and its corrections; an increment is every delivery.
    """
    return _in_force(contract, _received(known_on).filter(record_type=contract.name))


def all_in_force(known_on: date) -> dict[str, list[Delivery]]:
    """Return what ``in_force`` says of every register, from one query."""
    received: dict[str, list[Delivery]] = {name: [] for name in record_types()}
    for each in _received(known_on).filter(record_type__in=received):
        received[each.record_type].append(each)
    return {name: _in_force(contract, received[name]) for name, contract in record_types().items()}


def _received(known_on: date) -> QuerySet[Delivery]:
    received = Delivery.objects.filter(received_on__lte=known_on).exclude(folder="").exclude(state=Delivery.REFUSED)
    return received.order_by("received_on", "id")


def _in_force(contract: RecordType, received: Iterable[Delivery]) -> list[Delivery]:
    received = list(received)
    whole = [each for each in received if each.corrects_id is None]
    if contract.delivery == "full":
        newest = {each.area: each for each in whole}
        whole = sorted(newest.values(), key=lambda each: (each.received_on, each.id))
    numbers = {each.id for each in whole}
    return whole + [each for each in received if each.corrects_id in numbers]
