"""From an evaluation of one chunk to rows of decisions: who gets what, for which period, paid to whom.

A chunk has the tables person, household and claim with the columns that every snapshot has (entities.HOUSE_FACTS), birth_date and sex,
and what the payees of its benefits name: mother, or an organisation.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from zhida.engine.batch import Batch
from zhida.engine.definitions import BenefitDefinition
from zhida.engine.program import Program
from zhida.engine.streaming import columns_of
from zhida.engine.vector import ENTITLED, UNKNOWN, BenefitResult
from zhida.kernel.period import EPOCH, Month

Array = Any
ENTITY_KINDS = {"person": 1, "household": 2, "claim": 3}

# Lower bounds, in completed years, of the age bands that the cockpit shows.
AGE_BANDS = (0, 3, 18, 60, 80, 90)
ADULT_AGE = 18
# Prefix of the period key of what is paid once ever for an occasion.
ONE_OFF = "once:"

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

# For readers that know no dictionaries.
PLAIN_SCHEMA = pa.schema([(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in SCHEMA])

# What a row of decisions tells beside the rules' answers.
IDENTITIES = {
    "household": ("household_no", "head_resident_no", "community"),
    "person": ("resident_no", "household_no", "is_head", "birth_date", "sex"),
    "claim": ("claim_no", "resident_no", "household_no"),
}


def identity_columns(program: Program) -> dict[str, list[str]]:
    """Return by entity the columns that the rows of a program's decisions need, whatever its rules read."""
    named = {entity: list(names) for entity, names in IDENTITIES.items()}
    for payee in sorted({benefit.definition.payee for benefit in program.benefits.values()}):
        if payee == "mother" or payee.startswith("organisation:"):
            named["person"].append(payee.removeprefix("organisation:"))
    return named


def columns_read(*programs: Program) -> dict[str, list[str]]:
    """Return by entity the columns that some programs' rules and the rows of their decisions need."""
    needed: dict[str, list[str]] = {}
    for program in programs:
        for columns in (columns_of(program), identity_columns(program)):
            for entity, names in columns.items():
                needed.setdefault(entity, []).extend(names)
    return {entity: list(dict.fromkeys(names)) for entity, names in needed.items()}


def column(table: pa.Table, name: str) -> Array:
    """Return a column as a NumPy array of whole numbers; a null becomes 0."""
    values = table.column(name)
    if pa.types.is_date(values.type) or pa.types.is_boolean(values.type):
        values = values.cast(pa.int32())
    return values.fill_null(0).to_numpy(zero_copy_only=False)


class Chunk:
    """The identities of one chunk of whole households, as arrays in the order of the snapshot's rows."""

    def __init__(self, person: pa.Table, household: pa.Table, claim: pa.Table, month: Month) -> None:
        self.person, self.household, self.claim, self.month = person, household, claim, month
        self.resident_nos = column(person, "resident_no")
        self.household_nos = column(household, "household_no")
        # What the rules are evaluated on, too: rows are matched once.
        self.batch = Batch.from_arrow(person, household, claim)
        self.person_household: Array = self.batch.segments("person", "household").parent
        self.claim_person: Array = self.batch.segments("claim", "person").parent
        self.head_person = self._heads()
        self.ages = self._ages()

    def _heads(self) -> Array:
        """Position of each household's head; its first member where nobody is marked."""
        heads = np.searchsorted(self.person_household, np.arange(len(self.household_nos)))
        marked = np.flatnonzero(column(self.person, "is_head"))[::-1]
        heads[self.person_household[marked]] = marked
        return np.minimum(heads, len(self.resident_nos) - 1)

    def _ages(self) -> Array:
        """Completed years on the month's first day; unknown birth dates count as 0."""
        born = column(self.person, "birth_date").astype("datetime64[D]")
        months = (np.datetime64(self.month.text, "M") - born.astype("datetime64[M]")).astype(np.int64)
        before_birthday = (born - born.astype("datetime64[M]")).astype(np.int64) > 0
        return np.maximum((months - before_birthday) // 12, 0)

    def person_of(self, entity: str, rows: Array) -> Array:
        """Return the position of the person a decision is about: itself, the head, or the claimant."""
        if entity == "person":
            return rows
        return self.head_person[rows] if entity == "household" else self.claim_person[rows]

    def household_of(self, entity: str, rows: Array) -> Array:
        return rows if entity == "household" else self.person_household[self.person_of(entity, rows)]

    def entity_numbers(self, entity: str, rows: Array) -> Array:
        if entity == "claim":
            return column(self.claim, "claim_no")[rows]
        return (self.resident_nos if entity == "person" else self.household_nos)[rows]


def payees(chunk: Chunk, entity: str, payee: str, rows: Array) -> tuple[Array, pa.Array]:
    """Return resident numbers (0 = none) and organisation codes (null = none) of those who receive.

    ``payee`` is self, head, guardian (the head for someone under 18), mother, or organisation:<fact>.
    """
    persons, households = chunk.person_of(entity, rows), chunk.household_of(entity, rows)
    nobody = pa.nulls(len(rows), pa.string())
    if payee.startswith("organisation:"):
        return np.zeros(len(rows), dtype=np.int64), chunk.person.column(payee.split(":")[1]).combine_chunks().take(pa.array(persons))
    head = column(chunk.household, "head_resident_no")[households]
    own = chunk.resident_nos[persons]
    if payee == "head":
        return head, nobody
    if payee == "guardian":
        return np.where(chunk.ages[persons] < ADULT_AGE, head, own), nobody
    if payee == "mother":
        mother = column(chunk.person, "mother")[persons]
        return np.where(mother > 0, mother, head), nobody
    return own, nobody


def period_keys(every: str, month: Month, decided: BenefitResult, rows: Array) -> pa.Array:
    """Return the key under which a decision is paid once: a month, quarter, year, or the occasion of a one-off."""
    if every != "ONCE":
        return pa.repeat(period_key(every, month), len(rows))
    if decided.occasion is None:
        return pa.repeat(f"{ONE_OFF}1", len(rows))
    dated = decided.occasion_kind == "date"
    told = zip(decided.occasion[rows], decided.status[rows], strict=True)
    # An occasion is only told of an entitlement; what is unknown has none yet.
    return pa.array([ONE_OFF + (occasion_text(int(value), dated) if status == ENTITLED else "") for value, status in told], pa.string())


def period_key(every: str, month: Month) -> str:
    """Return the period of a month that a recurring benefit is paid for.

    >>> [period_key(every, Month(2025, 10)) for every in ("MONTH", "QUARTER", "YEAR")]
    ['2025-10', '2025-Q4', '2025']
    """
    return {"MONTH": month.text, "QUARTER": f"{month.year}-Q{(month.month + 2) // 3}", "YEAR": f"{month.year}"}[every]


def recurring_keys(month: Month) -> list[str]:
    """Return every period that a recurring benefit of a month may be paid for."""
    return [period_key(every, month) for every in ("MONTH", "QUARTER", "YEAR")]


def occasion_text(value: int, dated: bool) -> str:
    """Write the occasion of a one-off: a day, or a number."""
    return (EPOCH + timedelta(days=value)).isoformat() if dated else str(value)


def decision_table(definition: BenefitDefinition, decided: BenefitResult, chunk: Chunk) -> pa.Table | None:
    """Return the entitled and unknown rows of one benefit in one chunk, or None where there are none. Columns: ``SCHEMA``."""
    rows = np.flatnonzero(decided.status)
    if not len(rows):
        return None
    entity = definition.entity.name
    persons, households = chunk.person_of(entity, rows), chunk.household_of(entity, rows)
    payee_no, organisation = payees(chunk, entity, definition.payee, rows)
    status = decided.status[rows]
    community = column(chunk.household, "community")[households]
    columns = {
        "benefit": _repeated(definition.code, len(rows)),
        "entity_kind": np.full(len(rows), ENTITY_KINDS[entity], dtype=np.int8),
        "entity_no": chunk.entity_numbers(entity, rows),
        "household_no": chunk.household_nos[households],
        "payee_no": payee_no,
        "payee_organisation": organisation.cast(pa.string()),
        "status": status,
        "amount": decided.amount[rows],
        "unit": _repeated(definition.unit, len(rows)),
        "period_key": period_keys(definition.every, chunk.month, decided, rows),
        "district": (community // 1_000_000).astype(np.int32),
        "street": (community // 1_000).astype(np.int32),
        "community": community,
        "age_band": (np.searchsorted(AGE_BANDS, chunk.ages[persons], side="right") - 1).astype(np.int8),
        "sex": column(chunk.person, "sex")[persons].astype(np.int8),
        "missing": missing_texts(status, decided.missing),
    }
    return pa.table(
        [pa.array(columns[name]) if isinstance(columns[name], np.ndarray) else columns[name] for name in SCHEMA.names], schema=SCHEMA
    )


def _repeated(word: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int16)), pa.array([word]))


def missing_texts(status: Array, missing: list[str]) -> pa.Array:
    """Return the missing facts of the unknown rows, comma-joined; null elsewhere."""
    if not missing:
        return pa.nulls(len(status), pa.string())
    texts = np.full(len(status), None, dtype=object)
    texts[np.flatnonzero(status == UNKNOWN)] = missing
    return pa.array(texts, pa.string())


def age_on(born: date, month: Month) -> int:
    """Return completed years on the month's first day, as the chunk does for a column."""
    return max(0, month.year - born.year - ((month.month, 1) < (born.month, born.day)))
