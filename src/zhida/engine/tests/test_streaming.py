"""Folders of facts are decided as batches are, whatever the cuts; killed and run again they give the same files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhida.engine import api as e
from zhida.engine.errors import AnswersDiffer, ColumnMissing
from zhida.engine.fingerprints import changed_variables, program_of_changes
from zhida.engine.reform import read_reform
from zhida.engine.streaming import evaluate_files
from zhida.engine.tests.sample.entities import AREAS, FACTS
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE
from zhida.kernel.period import Month

MONTH = Month(2025, 10)
LAW = e.load_law([SAMPLE], FACTS, AREAS)
VARIABLES = ("age", "alive", "income_per_head", "living")
GROUPS = ((0, 4), (4, 5), (5, 12), (12, 20))


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty households in four row groups."""
    folder = tmp_path_factory.mktemp("facts")
    world = World(11, 20, 0.15)
    for entity in ("person", "household", "claim"):
        tables = [world._table(entity, *span) for span in GROUPS]
        with pq.ParquetWriter(folder / f"{entity}.parquet", tables[0].schema) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=max(len(table), 1))
    return folder


def read(folder: Path, name: str) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob(f"{name}-*.parquet"))], promote_options="default")


@pytest.mark.parametrize(("rows", "threads"), [(1, 1), (10, 2), (10**6, 3)])
def test_files_say_what_a_batch_says(facts: Path, tmp_path: Path, rows: int, threads: int) -> None:
    program = LAW.program(MONTH, None, VARIABLES)
    steps: list[int] = []
    evaluate_files(program, facts, tmp_path, rows=rows, threads=threads, progress=steps.append)
    assert sum(steps) == len(GROUPS)
    evaluation = program.evaluate(World(11, 20, 0.15).batch())
    for entity in ("person", "household"):
        table = read(tmp_path, entity)
        for name in table.column_names[1:]:
            data, known = evaluation.values[name]
            expected = [value if known is None or known[row] else None for row, value in enumerate(data.tolist())]
            assert table[name].to_pylist() == expected, name
    decisions = read(tmp_path, "decisions").to_pylist()
    for result in evaluation:
        rows_of = [row for row in decisions if row["benefit"] == result.code]
        told = [status for status in result.status.tolist() if status]
        assert [row["status"] for row in rows_of] == told
        assert sum(row["amount"] for row in rows_of) == int(result.amount.sum())
        assert [row["missing"] for row in rows_of if row["status"] == e.UNKNOWN] == result.missing


def test_a_part_that_is_there_is_kept_and_a_lost_one_made_again(facts: Path, tmp_path: Path) -> None:
    program, out = LAW.program(MONTH, None, VARIABLES), tmp_path / "answers"
    made = evaluate_files(program, facts, out, rows=1)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert made == len(before)
    assert evaluate_files(program, facts, out, rows=1) == 0
    lost = next(out.glob("person-*.parquet"))
    lost.unlink()
    assert evaluate_files(program, facts, out, rows=1) == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_only_what_a_reform_touches_is_computed_again(facts: Path, tmp_path: Path) -> None:
    reform = read_reform(
        """
        title: {zh: 收入口径, en: Income counted otherwise}
        from: 2025-10
        formulas: |
          @variable(Household, unit="fen/month", label=("人均月收入", "Income per head"))
          def income_per_head(household):
              return household.household_income / maximum(household.living, 1)
        """
    )
    base = LAW.program(MONTH, (), VARIABLES)
    evaluate_files(base, facts, tmp_path / "base")
    other = LAW.reformed(reform)
    whole = other.program(MONTH, (), VARIABLES)
    assert changed_variables(base, whole) == ["income_per_head"]
    changes = program_of_changes(base, other)
    assert list(changes.variables) == ["income_per_head"]
    # The number of the living is read from the base's answers; nobody's age or death is looked at again.
    assert {name for _, name in changes.facts_read()} == {"household_income", "living"}
    evaluate_files(changes, facts, tmp_path / "changed", given=tmp_path / "base")
    evaluate_files(whole, facts, tmp_path / "whole")
    assert read(tmp_path / "changed", "household")["income_per_head"] == read(tmp_path / "whole", "household")["income_per_head"]
    with pytest.raises(ColumnMissing):
        evaluate_files(changes, facts, tmp_path / "alone")
    with pytest.raises(AnswersDiffer):
        evaluate_files(changes, facts, tmp_path / "other", rows=1, given=tmp_path / "base")
