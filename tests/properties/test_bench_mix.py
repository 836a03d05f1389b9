"""The benchmark's rules say of 2,000 persons what OpenFisca said of them, to the fen; so do a hundred rules made of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhida.engine import api as engine

ENGINE_BENCH = Path(__file__).resolve().parents[2] / "bench" / "engine"
EXPECTED = ENGINE_BENCH / "expected"


@pytest.fixture(scope="module")
def bench() -> Iterator[dict[str, ModuleType]]:
    """The benchmark's modules, which stand outside the package under names of their own."""
    before = set(sys.modules)
    sys.path.insert(0, str(ENGINE_BENCH))
    yield {name: importlib.import_module(name) for name in ("files", "mix_facts", "compare", "hundred", "data")}
    sys.path.remove(str(ENGINE_BENCH))
    for name in set(sys.modules) - before:
        if str(ENGINE_BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def facts_of(folder: Path, facts: Any) -> engine.Batch:
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("person", "household")}
    return engine.Batch.from_arrow(tables["person"], tables["household"], facts=facts)


@pytest.mark.parametrize("fused", [False, True])
def test_every_cell_of_the_mix_is_what_openfisca_said(bench: dict[str, ModuleType], tmp_path: Path, fused: bool) -> None:
    files, mix = bench["files"], bench["mix_facts"]
    columns = {"person": files.PERSON_COLUMNS, "household": files.HOUSEHOLD_COLUMNS}
    program = mix.mix_program(mix.mix_law(), bench["data"].MONTH, [name for names in columns.values() for name in names])
    if fused:
        program.fuse()
    values = program.evaluate(facts_of(EXPECTED / "facts", mix.FACTS)).values
    for name, names in columns.items():
        pq.write_table(pa.table({column: values[column][0] for column in names}), tmp_path / f"{name}.parquet")
    scales = {name: node.shape.scale for name, node in program.variables.items()}
    told = bench["compare"].compare(EXPECTED / "openfisca", tmp_path, scales)
    assert told["differing"] == []
    assert told["rows_equal"] == told["rows_compared"] == 2_000 * len(columns["person"]) + 665 * len(columns["household"])


def test_the_same_seed_gives_the_same_persons(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    folder = bench["data"].data_folder(tmp_path, 2_000)
    for name in ("person", "household"):
        assert pq.read_table(folder / f"{name}.parquet").equals(pq.read_table(EXPECTED / "facts" / f"{name}.parquet"))


def test_the_hundred_rules_load_and_their_first_copy_says_what_the_mix_says(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    hundred, mix = bench["hundred"], bench["mix_facts"]
    hundred.write_law(tmp_path / "hundred")
    law = engine.load_law([engine.PackSource("hundred", tmp_path / "hundred", "mix_facts")], mix.FACTS)
    program = law.program(engine_month(bench))
    assert len(program.benefits) == hundred.COPIES * len(hundred.RULES) >= 100
    batch = facts_of(EXPECTED / "facts", mix.FACTS)
    decided = program.evaluate(batch)
    values = mix.mix_program(mix.mix_law(), bench["data"].MONTH, hundred.RULES).evaluate(batch).values
    for rule in hundred.RULES:
        assert (decided[f"{rule}_0"].amount == values[rule][0]).all(), rule
    assert (decided["topup_1"].amount != values["topup"][0]).any()


def engine_month(bench: dict[str, ModuleType]) -> Any:
    return bench["mix_facts"].Month.parse(bench["data"].MONTH)
