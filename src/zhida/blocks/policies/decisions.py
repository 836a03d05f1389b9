"""From an evaluation of one chunk to rows of decisions: who gets what, for which period, paid to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from zhida.kernel.period import EPOCH, Month

ENTITLED, UNKNOWN = 1, 2
ENTITY_KINDS = {"person": 1, "household": 2, "claim": 3}

# Lower bounds, in completed years, of the age bands that the cockpit shows.
AGE_BANDS = (0, 3, 18, 60, 80, 90)
ADULT_AGE = 18

SCHEMA = pa.schema(
    [
        ("benefit", pa.dictionary(pa.int16(), pa.string())),
        ("entity_kind", pa.int8()),
        ("entity_no", pa.int64()),
        ("household_no", pa.int64()),
        ("payee_no", pa.int64()),
        ("payee_organisation", pa.string()),
        ("status", pa.int8()),
        ("amount", pa.int64()),
        ("unit", pa.dictionary(pa.int16(), pa.string())),
        ("period_key", pa.string()),
        ("district", pa.int32()),
        ("street", pa.int32()),
        ("community", pa.int64()),
        ("age_band", pa.int8()),
        ("sex", pa.int8()),
        ("missing", pa.string()),
    ]
)


def column(table: pa.Table, name: str) -> np.ndarray:
    """Return a column as a NumPy array of whole numbers; a null becomes 0."""
    values = table.column(name)
    if pa.types.is_date(values.type):
        values = values.cast(pa.int32())
    return values.fill_null(0).to_numpy(zero_copy_only=False)


@dataclass(frozen=True)
class Chunk:
    """The identities of one chunk of whole households, as arrays in the order of the snapshot's rows."""

    person: pa.Table
    household: pa.Table
    claim: pa.Table
    month: Month

    def __post_init__(self) -> None:
        household_nos = column(self.household, "household_no")
        person_household = np.searchsorted(household_nos, column(self.person, "household_no"))
        resident_nos = column(self.person, "resident_no")
        claim_order = np.argsort(resident_nos, kind="stable")
        claim_person = claim_order[np.searchsorted(resident_nos, column(self.claim, "resident_no"), sorter=claim_order)]
        heads = np.full(len(household_nos), -1, dtype=np.int64)
        first = np.flatnonzero(column(self.person, "is_head"))[::-1]
        heads[person_household[first]] = first
        put = object.__setattr__
        put(self, "resident_nos", resident_nos)
        put(self, "household_nos", household_nos)
        put(self, "person_household", person_household)
        put(self, "claim_person", claim_person)
        put(self, "head_person", heads)
        put(self, "ages", self._ages())

    resident_nos = household_nos = person_household = claim_person = head_person = ages = np.empty(0, dtype=np.int64)

    def _ages(self) -> np.ndarray:
        """Completed years on the month's first day; unknown birth dates count as 0."""
        born = column(self.person, "birth_date").astype("datetime64[D]")
        months = (np.datetime64(self.month.text, "M") - born.astype("datetime64[M]")).astype(np.int64)
        before_birthday = (born - born.astype("datetime64[M]")).astype(np.int64) > 0
        return np.maximum((months - before_birthday) // 12, 0)

    def person_of(self, entity: str, rows: np.ndarray) -> np.ndarray:
        """Return the position of the person a decision is about: itself, the head, or the claimant; -1 = none."""
        if entity == "person":
            return rows
        return self.head_person[rows] if entity == "household" else self.claim_person[rows]

    def household_of(self, entity: str, rows: np.ndarray) -> np.ndarray:
        return rows if entity == "household" else self.person_household[self.person_of(entity, rows)]

    def entity_numbers(self, entity: str, rows: np.ndarray) -> np.ndarray:
        if entity == "claim":
            return column(self.claim, "claim_no")[rows]
        return (self.resident_nos if entity == "person" else self.household_nos)[rows]


def payees(chunk: Chunk, entity: str, payee: str, rows: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Return resident numbers (0 = none) and organisation codes (null = none) of those who receive.

    ``payee`` is self, head, guardian (the head for someone under 18), mother, or organisation:<fact>.
    """
    persons, households = chunk.person_of(entity, rows), chunk.household_of(entity, rows)
    nobody = pa.nulls(len(rows), pa.string())
    if payee.startswith("organisation:"):
        return np.zeros(len(rows), dtype=np.int64), chunk.person.column(payee.split(":")[1]).combine_chunks().take(pa.array(persons))
    head = column(chunk.household, "head_resident_no")[households]
    own = np.where(persons >= 0, chunk.resident_nos[persons], head)
    if payee == "head":
        return head, nobody
    if payee == "guardian":
        return np.where(chunk.ages[persons] < ADULT_AGE, head, own), nobody
    if payee == "mother":
        mother = column(chunk.person, "mother")[persons]
        return np.where(mother > 0, mother, head), nobody
    return own, nobody


def period_keys(every: str, month: Month, occasions: np.ndarray | None, dated: bool, count: int) -> pa.Array:
    """Return the key under which a decision is paid once: a month, quarter, year, or the occasion of a one-off."""
    if every == "once":
        assert occasions is not None
        return pa.array([f"once:{_occasion(int(value), dated)}" for value in occasions], pa.string())
    fixed = {"month": month.text, "quarter": f"{month.year}-Q{(month.month + 2) // 3}", "year": f"{month.year}"}[every]
    return pa.array([fixed] * count, pa.string())


def _occasion(value: int, dated: bool) -> str:
    return (EPOCH + timedelta(days=value)).isoformat() if dated else str(value)


def decision_table(
    definition: object,
    status: np.ndarray,
    amount: np.ndarray,
    occasion: np.ndarray | None,
    occasion_dated: bool,
    missing_of: Callable[[np.ndarray], list[str]],
    chunk: Chunk,
) -> pa.Table | None:
    """Return the entitled and unknown rows of one benefit in one chunk, or None where there are none.

    status: int8 per entity row, 0 not entitled, 1 entitled, 2 unknown. amount: int64. Columns: ``SCHEMA``.
    """
    rows = np.flatnonzero(status)
    if not len(rows):
        return None
    d = definition
    entity = d.entity  # type: ignore[attr-defined]
    persons, households = chunk.person_of(entity, rows), chunk.household_of(entity, rows)
    payee_no, organisation = payees(chunk, entity, d.payee, rows)  # type: ignore[attr-defined]
    kept = status[rows]
    community = column(chunk.household, "community")[households]
    text = pa.dictionary(pa.int16(), pa.string())
    return pa.table(
        [
            pa.array([d.code] * len(rows)).cast(text),  # type: ignore[attr-defined]
            pa.array(np.full(len(rows), ENTITY_KINDS[entity], dtype=np.int8)),
            pa.array(chunk.entity_numbers(entity, rows)),
            pa.array(chunk.household_nos[households]),
            pa.array(payee_no),
            organisation.cast(pa.string()),
            pa.array(kept.astype(np.int8)),
            pa.array(np.where(kept == ENTITLED, amount[rows], 0)),
            pa.array([d.unit] * len(rows)).cast(text),  # type: ignore[attr-defined]
            period_keys(d.every, chunk.month, None if occasion is None else occasion[rows], occasion_dated, len(rows)),  # type: ignore[attr-defined]
            pa.array((community // 1_000_000).astype(np.int32)),
            pa.array((community // 1_000).astype(np.int32)),
            pa.array(community),
            pa.array((np.searchsorted(AGE_BANDS, chunk.ages[persons], side="right") - 1).astype(np.int8)),
            pa.array(column(chunk.person, "sex")[persons].astype(np.int8)),
            pa.array(missing_texts(kept, missing_of, rows), pa.string()),
        ],
        schema=SCHEMA,
    )


def missing_texts(kept: np.ndarray, missing_of: Callable[[np.ndarray], list[str]], rows: np.ndarray) -> list[str | None]:
    """Return the missing facts of the unknown rows, comma-joined; null elsewhere."""
    texts: list[str | None] = [None] * len(rows)
    unknown = np.flatnonzero(kept == UNKNOWN)
    for position, text in zip(unknown, missing_of(rows[unknown]), strict=True):
        texts[position] = text
    return texts


def age_on(born: date, month: Month) -> int:
    """Return completed years on the month's first day, as the chunk does for a column."""
    return max(0, month.year - born.year - ((month.month, 1) < (born.month, born.day)))
