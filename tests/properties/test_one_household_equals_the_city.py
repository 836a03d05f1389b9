"""The counter and the night run are one: every household of the demonstration, alone, gets what it gets among all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhida.blocks.policies import api as policies
from zhida.engine.api import Batch, HouseholdFacts, Program
from zhida.engine.vector import VectorProgram
from zhida.kernel.period import Month

OCTOBER = Month(2025, 10)
# Households that are also calculated one by one by machine code.
SOME = 300


@pytest.fixture(scope="module")
def tables(demo_home: Any) -> dict[str, pa.Table]:
    """The newest snapshot of the demonstration: person, household, claim."""
    decided = {path.parent: pq.read_metadata(path).num_rows for path in (Path(demo_home[0]) / "snapshots").glob("*/person.parquet")}
    folder = min(decided, key=lambda path: (path / "manifest.json").read_text().find('"month": "2025-10"') < 0)
    return {name: pq.read_table(folder / f"{name}.parquet") for name in ("person", "household", "claim")}


def facts_of(tables: dict[str, pa.Table], household_no: int) -> HouseholdFacts:
    own = {name: table.filter(pc.equal(table["household_no"], household_no)).to_pydict() for name, table in tables.items()}
    return HouseholdFacts(own["person"], {name: values[0] for name, values in own["household"].items()}, own["claim"])


@pytest.fixture
def fused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """The installed law of the month as machine code, compiled for this test."""
    monkeypatch.setenv("ZHIDA_KERNEL_CACHE", str(tmp_path))
    monkeypatch.delenv("ZHIDA_JIT", raising=False)
    program = policies.installed_law().program(OCTOBER)
    assert program.fuse()
    yield program
    program.is_fused = False


def test_machine_code_decides_the_city_and_each_household_as_numpy_does(tables: dict[str, pa.Table], fused: Program) -> None:
    batch = Batch.from_arrow(tables["person"], tables["household"], tables["claim"])
    night = VectorProgram(fused).evaluate(batch)
    for found in fused.evaluate(batch, threads=2):
        expected = night[found.code]
        assert found.status.tolist() == expected.status.tolist(), found.code
        assert found.amount.tolist() == expected.amount.tolist(), found.code
        assert found.missing == expected.missing, found.code
    for number in tables["household"]["household_no"].to_pylist()[:SOME]:
        facts = facts_of(tables, number)
        assert fused.calculate(facts) == fused.decide(facts), number


def test_every_household_alone_equals_the_same_household_in_the_city(tables: dict[str, pa.Table]) -> None:
    program = policies.installed_law().program(OCTOBER)
    night = program.evaluate(Batch.from_arrow(tables["person"], tables["household"], tables["claim"]))
    place = {name: dict.fromkeys(table["household_no"].to_pylist(), 0) for name, table in tables.items()}
    starts = {name: {} for name in tables}
    for name, table in tables.items():
        for row, number in enumerate(table["household_no"].to_pylist()):
            starts[name].setdefault(number, row)
    assert len(place["household"]) > 1_000
    for number in tables["household"]["household_no"].to_pylist():
        for code, amounts in program.decide(facts_of(tables, number)).items():
            result = night[code]
            first = starts[result.entity].get(number, 0)
            status = result.status[first : first + len(amounts)].tolist()
            decided = result.amount[first : first + len(amounts)].tolist()
            assert [2 if amount is None else int(amount > 0) for amount in amounts] == status, (number, code)
            assert [amount or 0 for amount in amounts] == decided, (number, code)
