"""Machine code and NumPy give the same answers, for any formula, gaps, block size and number of threads."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine import api as e
from zhida.engine.fused import kernel, machine
from zhida.engine.fused.assembly import BEYOND, LARGE
from zhida.engine.fused.kernel import FusedProgram
from zhida.engine.fused.ranges import NARROW
from zhida.engine.tests.sample.entities import AREAS, FACTS
from zhida.engine.tests.test_both_evaluators_agree import MONTH, SLOW, answers_of, evaluated, random_law
from zhida.engine.tests.worlds import World
from zhida.engine.tests.written import SAMPLE
from zhida.engine.vector import VectorProgram
from zhida.kernel.period import days_since_epoch

# Each example compiles a kernel of its own.
FEWER = settings(SLOW, max_examples=int(os.environ.get("ZHIDA_EXAMPLES", "16")))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Compile into a folder that goes with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIDA_KERNEL_CACHE", str(tmp_path_factory.mktemp("kernels")))
        patch.delenv("ZHIDA_JIT", raising=False)
        assert machine.is_available()
        yield


def fused(program: e.Program) -> FusedProgram:
    return FusedProgram(program, program._vector)


def occasions_of(evaluation: e.Evaluation) -> dict[str, list[int]]:
    """Return the occasions of what is granted, by benefit."""
    return {r.code: r.occasion[r.status == e.ENTITLED].tolist() for r in evaluation if r.occasion is not None}


@FEWER
@given(st.data(), st.integers(0, 2**32), st.sampled_from((0.0, 0.15, 0.5)), st.sampled_from((1, 2, 3, 100)), st.integers(1, 3))
def test_machine_code_decides_as_numpy_does(data: st.DataObject, seed: int, gaps: float, block: int, threads: int) -> None:
    program = random_law(data).program(MONTH)
    world = World(seed, 9, gaps)
    expected = evaluated(program, world.batch())
    whole, found = program.evaluate(world.batch()), fused(program).evaluate(world.batch(), threads, block)
    assert answers_of(found) == expected
    assert occasions_of(found) == occasions_of(whole)


@FEWER
@given(st.data(), st.integers(0, 2**32), st.sampled_from((0.0, 0.3)))
def test_one_household_by_machine_code_is_as_by_python(data: st.DataObject, seed: int, gaps: float) -> None:
    program = random_law(data).program(MONTH)
    world = World(seed, 5, gaps)
    evaluated(program, world.batch())
    assert program.fuse()
    for position in range(5):
        household = world.alone(position)
        assert program.calculate(household) == program._scalar.calculate(household)


SAMPLE_LAW = e.load_law([SAMPLE], FACTS, AREAS)


def vouched(program: e.Program, world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Decide a world by machine code, hold it against NumPy, and return what the kernels said of it."""
    said: list[int] = []
    run = kernel._Call.run

    def listened(call: kernel._Call, threads: int, block: int) -> int:
        said.append(run(call, threads, block))
        return said[-1]

    monkeypatch.setattr(kernel._Call, "run", listened)
    found = fused(program).evaluate(world.batch())
    assert answers_of(found) == answers_of(program.evaluate(world.batch()))
    return said


def test_ordinary_facts_are_decided_by_the_first_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vouched(SAMPLE_LAW.program(MONTH), World(3, 40, 0.2), monkeypatch) == [0]


def test_an_amount_beyond_31_bits_takes_the_wider_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(3, 40, 0.0)
    world.columns["claim"]["claim_cost"][0] = 30 * 10**9
    assert vouched(SAMPLE_LAW.program(MONTH), world, monkeypatch) == [LARGE, 0]


def test_an_amount_beyond_40_bits_goes_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(3, 40, 0.0)
    world.columns["claim"]["claim_cost"][0] = 2**41
    assert vouched(SAMPLE_LAW.program(MONTH), world, monkeypatch) == [LARGE, LARGE]


def test_a_day_outside_the_calendar_table_goes_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(3, 40, 0.0)
    world.columns["person"]["birth_date"][0] = days_since_epoch(date(1700, 3, 1))
    assert vouched(SAMPLE_LAW.program(MONTH), world, monkeypatch) == [BEYOND]


def test_an_institution_of_a_hundred_takes_the_wider_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(3, 40, 0.1)
    persons = world.columns["person"]
    home = persons["household_no"][0]
    grown = {name: values[:1] * 100 + values for name, values in persons.items()}
    grown["household_no"] = [home] * 100 + persons["household_no"]
    grown["resident_no"] = list(range(10**6, 10**6 + 100)) + persons["resident_no"]
    world.columns["person"] = grown
    assert vouched(SAMPLE_LAW.program(MONTH), world, monkeypatch) == [0]
    assert world.batch().alignment.largest_group > NARROW.group  # type: ignore[union-attr]


def test_a_gap_seen_later_is_reckoned_with() -> None:
    program = SAMPLE_LAW.program(MONTH)
    kernels = fused(program)
    for gaps in (0.0, 0.3, 0.0):
        world = World(5, 30, gaps)
        assert answers_of(kernels.evaluate(world.batch())) == answers_of(program.evaluate(world.batch()))


def test_variables_are_the_same_numbers() -> None:
    names = ("age", "alive", "income_per_head", "living")
    program = SAMPLE_LAW.program(MONTH, (), names)
    world = World(8, 50, 0.2)
    expected, found = program.evaluate(world.batch()).values, fused(program).evaluate(world.batch()).values
    for name in names:
        (data, known), (other, other_known) = expected[name], found[name]
        assert (known is None) == (other_known is None)
        told = slice(None) if known is None else known
        assert known is None or known.tolist() == other_known.tolist()
        assert data[told].tolist() == other[told].tolist()


def test_machine_code_is_loaded_from_disk_unless_it_was_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_KERNEL_CACHE", str(tmp_path))
    compiled: list[str] = []
    compile_ = machine._compile

    def counted(text: str) -> bytes:
        compiled.append(text)
        return compile_(text)

    monkeypatch.setattr(machine, "_compile", counted)
    program, world = SAMPLE_LAW.program(MONTH, ["care"]), World(4, 20, 0.1)
    expected = answers_of(program.evaluate(world.batch()))
    for times in (1, 1):
        assert answers_of(fused(program).evaluate(world.batch())) == expected
        assert len(compiled) == times
    (kept,) = tmp_path.glob("*.o")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert answers_of(fused(program).evaluate(world.batch())) == expected
    assert len(compiled) == 2


def test_a_site_without_a_compiler_decides_with_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_JIT", "0")
    program, world = SAMPLE_LAW.program(MONTH, ["support"]), World(4, 20, 0.1)
    assert not program.fuse()
    assert answers_of(program.evaluate(world.batch())) == answers_of(VectorProgram(program).evaluate(world.batch()))
