"""For tests of payments and of what stands above: decisions in Parquet, payees with accounts, officers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhida.blocks.access.api import Viewer
from zhida.engine.decisions import PLAIN_SCHEMA
from zhida.kernel.identifiers import luhn_check_digit

MAKER = Viewer("maker", "payment_maker", "330100")
CHECKER = Viewer("checker", "payment_checker", "330100")
OTHER_CHECKER = Viewer("other_checker", "payment_checker", "330100")
# 周志强 works in the street of 林小满, 吴静 elsewhere: she must see nothing of it.
ZHOU_ZHIQIANG = Viewer("zhou_zhiqiang", "street_officer", "330106001")
WU_JING = Viewer("wu_jing", "street_officer", "330108001")


def decision(entity_no: int, amount: int, benefit: str = "dibao", period_key: str = "2025-10", **other: object) -> dict[str, object]:
    """Return one entitled decision; any column may be given by name."""
    row: dict[str, object] = {
        "benefit": benefit, "entity_kind": 1, "entity_no": entity_no, "household_no": entity_no, "payee_no": entity_no,
        "payee_organisation": "", "status": 1, "amount": amount, "unit": "fen", "period_key": period_key, "district": 330106,
        "street": 330106001, "community": 330106001001, "age_band": 2, "sex": 1, "missing": "",
    }  # fmt: skip
    return row | other


def write_decisions(folder: Path, rows: Iterable[dict[str, object]], name: str = "decisions-0") -> str:
    """Write decisions as a run does, and return the glob that finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), PLAIN_SCHEMA), folder / f"{name}.parquet")
    return str(folder / "decisions-*.parquet")


def write_many_decisions(folder: Path, count: int, benefits: int = 30, month: str = "2025-10", seed: int = 1) -> str:
    """Write ``count`` decisions of different people, as a month of a large city has them, and return their glob."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(seed)
    people = np.sort(dice.choice(count * 3, count, replace=False).astype(np.int64)) + 1
    community = 330106000000 + dice.integers(1, 15, count) * 1000 + dice.integers(1, 20, count)
    names = pa.array([f"benefit_{number:02d}" for number in range(benefits)])
    columns = {
        "benefit": pa.DictionaryArray.from_arrays(pa.array(dice.integers(0, benefits, count), pa.int16()), names),
        "entity_kind": np.ones(count, np.int8), "entity_no": people, "household_no": people // 3, "payee_no": people,
        "payee_organisation": pa.array([""] * count), "status": np.ones(count, np.int8), "amount": dice.integers(1_00, 3_000_00, count),
        "unit": pa.array(["fen"] * count), "period_key": pa.array([month] * count), "district": np.full(count, 330106, np.int32),
        "street": (community // 1000).astype(np.int32), "community": community, "age_band": np.zeros(count, np.int8),
        "sex": np.ones(count, np.int8), "missing": pa.array([""] * count),
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / "decisions-0.parquet", row_group_size=100_000)
    return str(folder / "decisions-*.parquet")


def account_of(resident_no: int, serial: int = 0) -> str:
    """Return a well-formed card number of a resident; another ``serial``, another card."""
    first = f"6217{serial:02d}{resident_no:012d}"
    return first + luhn_check_digit(first)


@dataclass
class MadeUpFacts:
    """Payee facts that a test can change: every resident has an account, nobody has died, but for those named.

    Organisations have the accounts of ``organisation_cards``, by code.
    """

    without_account: set[int] = field(default_factory=set)
    organisation_cards: dict[str, str] = field(default_factory=dict)
    new_cards: dict[int, str] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    centenarians: set[int] = field(default_factory=set)

    def accounts(self, resident_nos: pa.Array) -> pa.Table:
        numbers = [number for number in resident_nos.to_pylist() if number not in self.without_account]
        cards = [self.new_cards.get(number, account_of(number)) for number in numbers]
        return pa.table(
            {
                "resident_no": pa.array(numbers, pa.int64()),
                "account_no": pa.array(cards, pa.string()),
                "bank_code": ["102331000016"] * len(numbers),
            }
        )

    def organisation_accounts(self, codes: pa.Array) -> pa.Table:
        found = [code for code in codes.to_pylist() if code in self.organisation_cards]
        return pa.table(
            {
                "organisation_code": pa.array(found, pa.string()),
                "account_no": pa.array([self.organisation_cards[code] for code in found], pa.string()),
                "bank_code": pa.array(["102331000016"] * len(found), pa.string()),
            }
        )

    def died(self) -> np.ndarray:
        return np.array(sorted(self.dead), np.int64)

    def moved(self) -> np.ndarray:
        return np.array(sorted(self.gone), np.int64)

    def over_100(self, day: date) -> np.ndarray:
        return np.array(sorted(self.centenarians), np.int64)

    def version(self) -> str:
        told = (sorted(self.without_account), self.organisation_cards, self.new_cards, sorted(self.dead), sorted(self.gone))
        return sha256(repr(told).encode()).hexdigest()
