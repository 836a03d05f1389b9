"""The counter and the night run are one: both evaluators give the same answer, and neither cares who else is in the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from zhida.engine import api as e
from zhida.engine.errors import BatchDisordered, NumberTooLarge
from zhida.engine.law import Law
from zhida.engine.parameter_files import read_folder
from zhida.engine.tests import sample
from zhida.engine.tests.random_formulas import Formulas
from zhida.engine.tests.sample.entities import AREAS, CITY, FACTS, Claim, Household, Person
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE
from zhida.kernel.period import Month

MONTH = Month(2025, 10)
PARAMETERS = list(read_folder(Path(sample.__file__).parent / "parameters", AREAS))
SLOW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def random_law(data: st.DataObject) -> Law:
    """Return a law of one random benefit each for person, household and claim."""
    definitions = []
    for entity in (Person, Household, Claim):

        def formula(symbol: Any, law: Any, period: Any, name: str = entity.name) -> Any:
            grown = Formulas(lambda options: data.draw(st.integers(0, options - 1)), law, period).money(symbol, name)
            return e.round_half_up(grown, e.FEN)

        named = _named(formula, entity.name)
        definitions.append(e.benefit(entity, code=f"random_{entity.name}", every=e.MONTH, unit="fen", label=("随机", "Random"))(named))
    return Law("random", definitions, PARAMETERS, FACTS, e.Areas(AREAS, CITY), None)


def _named(formula: Any, entity: str) -> Any:
    """Give the formula the argument names that recording asks for."""
    space: dict[str, Any] = {"formula": formula}
    exec(f"def random_{entity}({entity}, law, period): return formula({entity}, law, period)", space)
    return space[f"random_{entity}"]


def answers_of(evaluation: e.Evaluation) -> dict[str, list[tuple[int, int, str]]]:
    """Return status, amount and missing facts per row, by benefit."""
    found = {}
    for result in evaluation:
        missing = dict(zip(result.unknown_rows.tolist(), result.missing, strict=True))
        found[result.code] = [
            (s, a, missing.get(r, "")) for r, (s, a) in enumerate(zip(result.status.tolist(), result.amount.tolist(), strict=True))
        ]
    return found


def evaluated(program: e.Program, batch: e.Batch) -> dict[str, list[tuple[int, int, str]]]:
    try:
        return answers_of(program.evaluate(batch))
    except NumberTooLarge:
        assume(False)
        raise


@SLOW
@given(st.data(), st.integers(0, 2**32), st.sampled_from((0.0, 0.15, 0.5)))
def test_one_household_alone_is_decided_as_in_the_whole_city(data: st.DataObject, seed: int, gaps: float) -> None:
    program = random_law(data).program(MONTH)
    world = World(seed, 7, gaps)
    city = evaluated(program, world.batch())
    for position in range(7):
        for found in program.explain(world.alone(position)):
            row = world.rows(found.benefit.entity.name, position)[found.row]
            assert (found.status, found.amount, ",".join(found.missing)) == city[found.benefit.code][row]
            if found.status == e.UNKNOWN:
                assert found.missing


@SLOW
@given(st.data(), st.integers(0, 2**32), st.integers(0, 9))
def test_where_a_city_is_cut_into_batches_changes_nothing(data: st.DataObject, seed: int, cut: int) -> None:
    program = random_law(data).program(MONTH)
    world = World(seed, 9, 0.2)
    whole, first, second = (evaluated(program, world.batch(*span)) for span in ((0, 9), (0, cut), (cut, 9)))
    assert whole == {code: first[code] + second[code] for code in whole}


@SLOW
@given(st.data(), st.integers(0, 2**32))
def test_every_step_between_facts_and_amounts_agrees(data: st.DataObject, seed: int) -> None:
    program = random_law(data).program(MONTH)
    world = World(seed, 4, 0.3)
    evaluated(program, world.batch())
    columns = program._vector.run(world.batch(), keep=True)
    for position in range(4):
        alone = program._scalar.run(program._scalar.rows(world.alone(position)))
        for node, column, cells in zip(program.nodes, columns, alone, strict=True):
            if node.shape.entity:
                rows = world.rows(node.shape.entity, position)
                assert _cells(column, rows) == cells, node


def _cells(column: Any, rows: list[int]) -> list[int | None]:
    data, known = column
    return [None if known is not None and not known[row] else data[row].item() for row in rows]


@SLOW
@given(st.data(), st.integers(0, 2**32))
def test_filling_a_gap_never_turns_a_decided_answer(data: st.DataObject, seed: int) -> None:
    """Kleene's promise: what is decided while facts are missing stays so, whatever they turn out to be."""
    program = random_law(data).program(MONTH)
    full, gapped = World(seed, 5, 0.0), World(seed, 5, 0.0)
    for entity in gapped.columns:
        for name, values in gapped.columns[entity].items():
            if name in {fact.name for fact in FACTS if fact.dtype != "organisation"} and data.draw(st.booleans()):
                gapped.columns[entity][name] = [None] * len(values)
    asks_whether_known = any(node.op == "known" for node in program.nodes)
    assume(not asks_whether_known)
    before, after = evaluated(program, gapped.batch()), evaluated(program, full.batch())
    for code, answers in before.items():
        for gap, known in zip(answers, after[code], strict=True):
            assert gap[0] == e.UNKNOWN or gap == known


def test_a_batch_without_households_gives_no_decisions() -> None:
    law = e.load_law([SAMPLE], FACTS, AREAS)
    evaluation = law.program(MONTH).evaluate(World(1, 0, 0.0).batch())
    assert all(len(result.status) == 0 for result in evaluation)


def test_a_snapshot_without_claims_gives_no_decisions_on_claims() -> None:
    law = e.load_law([SAMPLE], FACTS, AREAS)
    world = World(2, 20, 0.1)
    batch = e.Batch.from_arrow(world._table("person", 0, 20), world._table("household", 0, 20), None, FACTS)
    evaluation = law.program(MONTH).evaluate(batch)
    assert len(evaluation["claim_payment"].status) == 0
    assert not evaluation["eldest"].amount.any()


def test_rows_of_a_household_that_is_not_there_are_refused() -> None:
    world = World(2, 20, 0.0)
    with pytest.raises(BatchDisordered, match="person table"):
        e.Batch.from_arrow(world._table("person", 0, 20), world._table("household", 0, 5), None, FACTS)


def test_amounts_are_whole_fen() -> None:
    law = e.load_law([SAMPLE], FACTS, AREAS)
    for result in law.program(MONTH).evaluate(World(5, 50, 0.1).batch()):
        assert result.amount.dtype == np.int64
        assert result.status.dtype == np.int8
