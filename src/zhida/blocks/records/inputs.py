"""What a snapshot is made from: the deliveries in force of every register on a day, and one hash over them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhida.blocks.parties import api as parties
from zhida.blocks.records.models import CorrectedRow, Delivery
from zhida.blocks.records.queries import in_force
from zhida.blocks.records.receiving import ACCEPTED, QUARANTINED
from zhida.blocks.records.record_types import RecordType, contracts_hash, record_types
from zhida.kernel.period import Month


@dataclass(frozen=True)
class RegisterInForce:
    """One register as known on a day. ``files``: accepted rows, oldest first. ``quarantines``: file and rows corrected since."""

    contract: RecordType
    deliveries: tuple[Delivery, ...]
    files: tuple[Path, ...]
    quarantines: tuple[tuple[Path, tuple[int, ...]], ...]
    areas: frozenset[int]
    known_on: date | None


@dataclass(frozen=True)
class Inputs:
    known_on: date
    registers: dict[str, RegisterInForce]

    @classmethod
    def on(cls, known_on: date) -> Inputs:
        return cls(known_on, {name: _register(contract, known_on) for name, contract in record_types().items()})

    def register(self, name: str) -> RegisterInForce:
        return self.registers[name]

    @property
    def folders(self) -> list[str]:
        return [f"{name}/{each.folder}" for name, register in sorted(self.registers.items()) for each in register.deliveries]

    def hash(self, month: Month) -> str:
        """Return the hash that the same month, day, deliveries, contracts and merges always have."""
        merges = sorted(parties.merged_numbers().items())
        made_from = [month.text, str(self.known_on), self.folders, contracts_hash(), merges]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


def _register(contract: RecordType, known_on: date) -> RegisterInForce:
    deliveries = in_force(contract, known_on)
    whole = [each for each in deliveries if each.corrects_id is None]
    quarantined = [each for each in whole if each.rows_quarantined]
    return RegisterInForce(
        contract=contract,
        deliveries=tuple(deliveries),
        files=tuple(each.path / ACCEPTED for each in deliveries),
        quarantines=tuple((each.path / QUARANTINED, _corrected(each, known_on)) for each in quarantined),
        areas=frozenset(each.area for each in whole),
        known_on=max((each.received_on for each in deliveries), default=None),
    )


def _corrected(delivery: Delivery, known_on: date) -> tuple[int, ...]:
    rows = CorrectedRow.objects.filter(delivery=delivery, correction__received_on__lte=known_on)
    return tuple(rows.order_by("row_no").values_list("row_no", flat=True))
