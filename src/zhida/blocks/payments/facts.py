"""What payments asks about payees: whose account is where, and who has died. The newest knowledge, not the run's."""

from __future__ import annotations

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


def payee_accounts(facts: PayeeFacts, resident_nos: pa.Array, organisations: pa.Array) -> dict[str, pa.Table]:
    """Return the accounts of payees as tables to join: ``accounts`` by resident_no, ``organisation_accounts`` by payee_key.

    organisations: payee keys, ``org:<code>``.
    """
    codes = pc.replace_substring(organisations, ORGANISATION, "", max_replacements=1)
    found = facts.organisation_accounts(codes)
    keys = [f"{ORGANISATION}{code}" for code in found["organisation_code"].to_pylist()]
    by_key = pa.table({"payee_key": pa.array(keys, pa.string()), "account_no": found["account_no"], "bank_code": found["bank_code"]})
    return {"accounts": facts.accounts(resident_nos), "organisation_accounts": by_key}


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
