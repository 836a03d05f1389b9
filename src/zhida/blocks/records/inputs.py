"""What a snapshot is made from: the deliveries in force of every register on a day, and one hash over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhida.blocks.parties import api as parties
from zhida.blocks.records.models import CorrectedRow, Delivery, Withdrawal
from zhida.blocks.records.queries import all_in_force
from zhida.blocks.records.receiving import ACCEPTED, QUARANTINED
from zhida.blocks.records.record_types import RecordType, contracts_hash, record_types
from zhida.kernel.period import Month

# Raise it when a snapshot of the same deliveries would hold other columns or files: then it is made anew.
LAYOUT = 3


@dataclass(frozen=True)
class Quarantine:
    """The rows of one delivery that wait. ``corrected``: row numbers corrected since. ``columns``: field of each cell, in file order."""

    path: Path
    corrected: tuple[int, ...]
    columns: tuple[str, ...]

    @property
    def waiting(self) -> str:
        """SQL: the row has not been corrected."""
        return f"row_no NOT IN ({', '.join(map(str, self.corrected))})" if self.corrected else "true"


@dataclass(frozen=True)
class RegisterInForce:
    """One register as known on a day. ``files``: accepted rows, oldest first. ``areas``: day of the newest delivery of each area."""

    contract: RecordType
    deliveries: tuple[Delivery, ...]
    files: tuple[Path, ...]
    quarantines: tuple[Quarantine, ...]
    areas: dict[int, date]
    known_on: date | None


@dataclass(frozen=True)
class Inputs:
    """Everything that was known on a day: registers, and which numbers had turned out to be one person."""

    known_on: date
    registers: dict[str, RegisterInForce]
    merged: dict[int, int]
    # Every delivery of residents up to the day, where later ones have given numbers that nobody had then; else nothing.
    residents_so_far: tuple[Path, ...] = ()

    @classmethod
    def on(cls, known_on: date) -> Inputs:
        deliveries = all_in_force(known_on)
        shorter = dict(Withdrawal.objects.filter(withdrawn_on__lte=known_on).values_list("delivery_id", "file_name"))
        registers = {name: _register(contract, deliveries[name], known_on, shorter) for name, contract in record_types().items()}
        return cls(known_on, registers, parties.merged_numbers(known_on), _residents_so_far(known_on))

    def register(self, name: str) -> RegisterInForce:
        return self.registers[name]

    @property
    def folders(self) -> list[str]:
        """The folder of every delivery in force; with the file where rows of it were taken back."""
        return [
            f"{name}/{path.parent.name}" + (f"/{path.name}" if path.name != ACCEPTED else "")
            for name, register in sorted(self.registers.items())
            for path in register.files
        ]

    @property
    def content(self) -> tuple[list[str], dict[int, int]]:
        """What is known, whatever the day: equal on two days between which nothing came."""
        return self.folders, self.merged

    def hash(self, month: Month) -> str:
        """Return the hash that the same month, day, deliveries, contracts, merges and layout always have."""
        merges = sorted(self.merged.items())
        made_from = [LAYOUT, month.text, str(self.known_on), self.folders, contracts_hash(), merges]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


def _residents_so_far(known_on: date) -> tuple[Path, ...]:
    received = Delivery.objects.filter(record_type="resident").exclude(folder="").exclude(state=Delivery.REFUSED)
    if not received.filter(received_on__gt=known_on).exists():
        return ()
    return tuple(each.path / ACCEPTED for each in received.filter(received_on__lte=known_on).order_by("received_on", "id"))


def _register(contract: RecordType, deliveries: list[Delivery], known_on: date, shorter: Mapping[int, str]) -> RegisterInForce:
    """shorter: the file that is in force of a delivery of which rows were taken back, by its number."""
    whole = [each for each in deliveries if each.corrects_id is None]
    quarantined = [each for each in whole if each.rows_quarantined]
    return RegisterInForce(
        contract=contract,
        deliveries=tuple(deliveries),
        files=tuple(each.path / shorter.get(each.pk, ACCEPTED) for each in deliveries),
        quarantines=tuple(_quarantine(each, known_on) for each in quarantined),
        areas={each.area: each.received_on for each in whole},
        known_on=max((each.received_on for each in deliveries), default=None),
    )


def _quarantine(delivery: Delivery, known_on: date) -> Quarantine:
    rows = CorrectedRow.objects.filter(delivery=delivery, correction__received_on__lte=known_on)
    corrected = tuple(rows.order_by("row_no").values_list("row_no", flat=True))
    return Quarantine(delivery.path / QUARANTINED, corrected, tuple(name for _, name in delivery.columns))
