"""Machine code and NumPy give the same answers, for any formula, gaps, block size and number of threads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine import api as e
from zhida.engine.fused import machine
from zhida.engine.fused.kernel import FusedProgram
from zhida.engine.tests.test_both_evaluators_agree import MONTH, SLOW, answers_of, evaluated, random_law
from zhida.engine.tests.worlds import World

# Each example compiles a kernel of its own.
FEWER = settings(SLOW, max_examples=40)


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
    found = fused(program).evaluate(world.batch(), threads, block)
    assert answers_of(found) == expected


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
