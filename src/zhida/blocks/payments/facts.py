"""What payments asks about payees: whose account is where, and who has died. The newest knowledge, not the run's."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.blocks.payments.rules import ORGANISATION
from zhida.blocks.records import api as records


class PayeeFacts(Protocol):
    """Answers about residents by number and about organisations by code."""

    def accounts(self, resident_nos: pa.Array) -> pa.Table:
        """Return resident_no, account_no, bank_code; a resident without an open account has no row."""
        ...

    def organisation_accounts(self, codes: pa.Array) -> pa.Table:
        """Return organisation_code, account_no, bank_code; an organisation without an open account has no row."""
        ...

    def died(self) -> np.ndarray:
        """Return the numbers of residents registered as dead, ascending, int64."""
        ...

    def moved(self) -> np.ndarray:
        """Return the numbers of residents whose registration has left the city, ascending, int64."""
        ...

    def over_100(self, day: date) -> np.ndarray:
        """Return the numbers of residents who are a hundred years old or more on a day, ascending, int64."""
        ...

    def version(self) -> str:
        """Name what these answers are known by: as long as it is the same, so is every answer."""
        ...


def payee_facts(facts: PayeeFacts, resident_nos: pa.Array, organisations: pa.Array, day: date) -> dict[str, pa.Table]:
    """Return what is known about payees as tables to join.

    ``accounts`` by resident_no, ``organisation_accounts`` by payee_key;
    ``died``, ``moved`` and ``over_100``, each a column resident_no.
    organisations: payee keys, ``org:<code>``.
    """
    codes = pc.replace_substring(organisations, ORGANISATION, "", max_replacements=1)
    found = facts.organisation_accounts(codes)
    keys = [f"{ORGANISATION}{code}" for code in found["organisation_code"].to_pylist()]
    by_key = pa.table({"payee_key": pa.array(keys, pa.string()), "account_no": found["account_no"], "bank_code": found["bank_code"]})
    people = {"died": facts.died(), "moved": facts.moved(), "over_100": facts.over_100(day)}
    tables = {name: pa.table({"resident_no": pa.array(numbers, pa.int64())}) for name, numbers in people.items()}
    return {"accounts": facts.accounts(resident_nos), "organisation_accounts": by_key, **tables}


class RecordedFacts:
    """The facts of the records block: accounts of a snapshot (the newest when none is named), deaths as delivered up to now."""

    def __init__(self, snapshot_hash: str | None = None) -> None:
        self._snapshot_hash = snapshot_hash

    def accounts(self, resident_nos: pa.Array) -> pa.Table:
        return records.account_of(resident_nos, self._snapshot_hash)

    def organisation_accounts(self, codes: pa.Array) -> pa.Table:
        return records.organisation_accounts_of(codes, self._snapshot_hash)

    def died(self) -> np.ndarray:
        return np.asarray(records.died_residents(), dtype=np.int64)

    def moved(self) -> np.ndarray:
        return np.asarray(records.moved_residents(), dtype=np.int64)

    def over_100(self, day: date) -> np.ndarray:
        return np.asarray(
            records.residents_born_before(day.replace(year=day.year - 100, day=min(day.day, 28)), self._snapshot_hash), dtype=np.int64
        )

    def version(self) -> str:
        return f"{self._snapshot_hash or records.newest_snapshot().hash}:{records.vital_version()}"[:64]
