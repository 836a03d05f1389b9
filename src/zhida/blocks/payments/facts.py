"""What payments asks about payees: whose account is where, and who has died. The newest knowledge, not the run's."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa

from zhida.blocks.records import api as records


class PayeeFacts(Protocol):
    """Answers about residents by number."""

    def accounts(self, resident_nos: pa.Array) -> pa.Table:
        """Return resident_no, account_no, bank_code; a resident without an open account has no row."""
        ...

    def died(self) -> np.ndarray:
        """Return the numbers of residents registered as dead, ascending, int64."""
        ...


class RecordedFacts:
    """The facts of the records block: accounts of a snapshot (the newest when none is named), deaths as delivered up to now."""

    def __init__(self, snapshot_hash: str | None = None) -> None:
        self._snapshot_hash = snapshot_hash

    def accounts(self, resident_nos: pa.Array) -> pa.Table:
        return records.account_of(resident_nos, self._snapshot_hash or records.newest_snapshot().hash)

    def died(self) -> np.ndarray:
        return np.asarray(records.died_residents(), dtype=np.int64)
