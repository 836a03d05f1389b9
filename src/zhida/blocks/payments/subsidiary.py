"""The payments behind the postings: what each control account must hold, computed anew from single payments and the bank's answers.

Payments are taken in the order of their numbers, some thousands at a time, so a city's year needs no memory of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.blocks.payments import bulk
from zhida.blocks.payments.models import LedgerEntry, PaymentInstruction
from zhida.blocks.payments.rules import WHOLE_CITY, Level, Share
from zhida.blocks.payments.sharing import SHARE_COLUMNS

ANSWERS = ("accepted", "paid", "rejected", "returned")
# Only these three move money.
POSTED_ANSWERS = ANSWERS[1:]
PAYMENT_SCHEMA = pa.schema(
    [
        ("transaction_id", pa.int64()),
        ("benefit", pa.string()),
        ("period_key", pa.string()),
        ("payee_key", pa.string()),
        ("revision", pa.int32()),
        ("district", pa.int32()),
        ("amount_fen", pa.int64()),
        ("deducted_fen", pa.int64()),
        ("channel", pa.string()),
        ("state", pa.string()),
        ("reason_code", pa.string()),
        *((f"{event}_{what}", kind) for event in ANSWERS for what, kind in (("on", pa.string()), ("file", pa.int64()))),
    ]
)
_NO_FILE = -1
# Stands for the references of what persons told: a cash receipt, a bank's letter.
BY_HAND = "by hand"
_ANSWER_COLUMNS = ", ".join(f"coalesce(CAST({e}.booked_on AS varchar(10)), ''), coalesce({e}.bank_file_id, {_NO_FILE})" for e in ANSWERS)
_ANSWER_JOINS = " ".join(
    f"""LEFT JOIN payments_bankanswer {event} ON {event}.transaction_id = t.id AND {event}.event = '{event}'
        AND {event}.transaction_id BETWEEN %s AND %s"""
    for event in ANSWERS
)
_PAYMENTS = f"""
SELECT t.id, t.benefit, t.period_key, t.payee_key, t.revision, t.district, t.amount_fen, t.deducted_fen, t.channel, t.state, t.reason_code,
       {_ANSWER_COLUMNS}
FROM payments_credittransfertransaction t {_ANSWER_JOINS}
WHERE t.id BETWEEN %s AND %s AND t.batch_id = %s ORDER BY t.id
"""


# Detail hash, count and fen of a posting by its payments.
Recomputed = tuple[str, int, int]


class Event(NamedTuple):
    """What moved money: a release (reference batch:7), or answers of a bank file (file:12), or of persons (BY_HAND), booked on one day."""

    kind: str
    reference: str
    # The day the bank named; empty for a release.
    day: str


class Account(NamedTuple):
    """The envelope whose accounts an event moved money between."""

    year: int
    benefit: str
    level: str
    area_code: int


@dataclass
class Expected:
    """What the ledger must say of an event: a hash over all its payments, and count and fen by envelope."""

    digest: Any = field(default_factory=hashlib.sha256)
    sums: dict[Account, tuple[int, int]] = field(default_factory=dict)


def payments_in(batch: PaymentInstruction) -> Iterator[pa.RecordBatch]:
    """Stream a batch's payments with the bank's answers, in the order of their numbers, as PAYMENT_SCHEMA."""
    span = [batch.first_id, batch.last_id]
    return bulk.read_batches(_PAYMENTS, [*span * (len(ANSWERS) + 1), batch.pk], PAYMENT_SCHEMA)


class Subsidiary:
    """The subsidiary ledger: takes the payments of one batch after the other, and compares them with postings."""

    def __init__(self) -> None:
        self.events: dict[Event, Expected] = {}
        self.count = self.amount_fen = 0

    def take(self, batch: PaymentInstruction, payments: pa.RecordBatch) -> None:
        """Take some payments of a batch; numbers ascend from call to call."""
        sent = payments.filter(_was_sent(payments))
        if batch.released_on:
            self.count, self.amount_fen = self.count + sent.num_rows, self.amount_fen + _sum(sent["amount_fen"])
            self._add(Event("released", f"batch:{batch.pk}", ""), batch, sent)
        for event in POSTED_ANSWERS:
            answered = payments.filter(pc.not_equal(payments[f"{event}_file"], _NO_FILE))
            for key in _distinct(answered, f"{event}_file", f"{event}_on"):
                is_ours = pc.and_(pc.equal(answered[f"{event}_file"], key[0]), pc.equal(answered[f"{event}_on"], key[1]))
                reference = f"file:{key[0]}" if key[0] else BY_HAND
                self._add(Event(event, reference, key[1]), batch, answered.filter(is_ours))

    def _add(self, event: Event, batch: PaymentInstruction, rows: pa.RecordBatch) -> None:
        if not rows.num_rows:
            return
        expected = self.events.setdefault(event, Expected())
        pairs = np.stack([rows["transaction_id"].to_numpy(), rows["amount_fen"].to_numpy()], axis=1)
        expected.digest.update(pairs.astype("<i8").tobytes())
        for benefit, district, count, *parts in _split(rows, batch.shares):
            for level, fen in zip(Level, parts, strict=True):
                account = Account(batch.budget_year, benefit, level.value, district if level == Level.DISTRICT else 0)
                before = expected.sums.get(account, (0, 0))
                expected.sums[account] = (before[0] + count, before[1] + fen)

    def recomputed(self, entry: LedgerEntry) -> Recomputed | None:
        """Return detail hash, count and fen that a posting must have, by its payments; None for a posting of other things.

        The posting is taken out, so that what is left in the end was never posted.
        """
        expected = self.events.get(event := event_of(entry))
        if entry.kind != "released" and entry.kind not in POSTED_ANSWERS:
            return None
        if not entry.reference.startswith(("batch:", "file:")):
            return None
        if expected is None:
            return ("", 0, 0)
        side = entry.debit_account
        count, fen = expected.sums.pop(Account(side.year, side.benefit, side.level, side.area_code), (0, 0))
        return self.events[event].digest.hexdigest(), count, fen

    def unposted(self) -> Iterator[tuple[Event, Account, int, int]]:
        """Yield what no posting was taken out for: event, envelope, count and fen."""
        for event, expected in self.events.items():
            for account, (count, fen) in expected.sums.items():
                if fen:
                    yield event, account, count, fen


def event_of(entry: LedgerEntry) -> Event:
    """Return what moved the money of a posting; a posting of a day that was closed names it after its reference (ledger.post)."""
    reference, _, day = entry.reference.partition("@")
    return Event(entry.kind, reference, "" if entry.kind == "released" else day or entry.booked_on.isoformat())


def split_columns(amounts_fen: np.ndarray, shares_bp: np.ndarray) -> np.ndarray:
    """Split payments as ``rules.split_fen`` does, many at once: (payments,) and (payments, 4) give (payments, 4).

    >>> split_columns(np.array([101, 100]), np.array([[5000, 0, 2500, 2500], [3333, 6667, 0, 0]])).tolist()
    [[50, 0, 25, 26], [33, 67, 0, 0]]
    """
    parts = amounts_fen[:, None] * shares_bp // 10_000
    last = shares_bp.shape[1] - 1 - np.argmax(shares_bp[:, ::-1] > 0, axis=1)
    parts[np.arange(len(parts)), last] += amounts_fen - parts.sum(axis=1)
    return parts


def share_table(rows: pa.RecordBatch, shares: Mapping[str, Share]) -> pa.Table:
    """Return who bears each payment, columns as SHARE_COLUMNS."""
    benefits = rows["benefit"].dictionary_encode()
    points = np.array([shares.get(name, WHOLE_CITY) for name in benefits.dictionary.to_pylist()], np.int64).reshape(-1, len(SHARE_COLUMNS))
    parts = split_columns(rows["amount_fen"].to_numpy(), points[benefits.indices.to_numpy()])
    return pa.table({name: parts[:, place] for place, name in enumerate(SHARE_COLUMNS)})


def _split(rows: pa.RecordBatch, shares: Mapping[str, Share]) -> Iterator[tuple]:
    """Yield benefit, district, count and the four shares' sums."""
    table = share_table(rows, shares).append_column("benefit", rows["benefit"]).append_column("district", rows["district"])
    summed = table.group_by(["benefit", "district"]).aggregate([("benefit", "count"), *((name, "sum") for name in SHARE_COLUMNS)])
    columns = ("benefit", "district", "benefit_count", *(f"{name}_sum" for name in SHARE_COLUMNS))
    yield from zip(*(summed[name].to_pylist() for name in columns), strict=True)


def _was_sent(rows: pa.RecordBatch) -> pa.Array:
    """Say which payments left the house: those of which the bank told something, and those that wait for it."""
    waits = pc.is_in(rows["state"], pa.array(["instructed", "rejected", "returned", "unanswered"]))
    for event in ANSWERS:
        waits = pc.or_(waits, pc.not_equal(rows[f"{event}_file"], _NO_FILE))
    return waits


def _distinct(rows: pa.RecordBatch, *names: str) -> Sequence[tuple]:
    if not rows.num_rows:
        return []
    found = pa.Table.from_batches([rows]).group_by(list(names)).aggregate([])
    return sorted(zip(*(found[name].to_pylist() for name in names), strict=True))


def _sum(column: pa.Array) -> int:
    return int(pc.sum(column).as_py() or 0)
