"""Budget targeting: the value of one parameter whose cost spends a budget and does not exceed it, by bisection.

Each trial evaluates only the benefits that read the parameter or that the rest of the reform touches. The cost of a year must never fall on
the way up: a trial that says otherwise ends the search, for then the last value that fits is not the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from zhida.blocks.policies import law as laws
from zhida.blocks.policies import workers
from zhida.blocks.policies.decisions import ENTITLED, columns_read
from zhida.blocks.policies.errors import BudgetBelowBase, BudgetNotMet, CostNotMonotone, ParameterUnused
from zhida.blocks.policies.runs import CHUNKS_PER_FILE, CHUNKS_TO_FUSE
from zhida.blocks.policies.simulation.parts import reformed_law
from zhida.blocks.policies.simulation.results import TIMES_A_YEAR, Targeting, Tried
from zhida.engine.api import Batch, EngineError, Entry, Law, Parameter, Program
from zhida.engine.parameters import Scale
from zhida.engine.reform import Reform, ReformRefused, changed_benefits, read_reform
from zhida.engine.streaming import Folder
from zhida.engine.units import edge_unit
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress

# A common factor is looked for in thousandths, money in whole fen.
_FACTOR_STEP, _FEN = Decimal("0.001"), Decimal("0.01")
# About as many trials as a search takes at most: what its progress is told by.
_TRIALS_MAX = 40
# No value beyond this many times the one in force is tried.
_REACH = 1_000
Cost = Callable[[Reform | None], int]


@dataclass(frozen=True)
class Trial:
    """Some chunks of a snapshot and a law whose cost of a year is asked for. codes: the benefits that count."""

    snapshot: str
    month: str
    law_as_of: str
    reform_text: str
    reform_file: str
    codes: tuple[str, ...]
    first_chunk: int
    chunks: int


def meet_budget(reform: Reform, trial: Trial, progress: Progress) -> tuple[Reform, Targeting]:
    """Return the reform with the value that spends its target's budget, and how it was found. trial: the whole snapshot.

    Raises: ReformRefused, ParameterUnused, BudgetBelowBase, BudgetNotMet, CostNotMonotone.
    """
    assert reform.target is not None
    target = reform.target
    base = laws.installed_law(date.fromisoformat(trial.law_as_of))
    ladder = Ladder.of(base, reform)
    counted = replace(trial, codes=_codes_that_count(base, ladder, trial))
    with _costs(counted, ladder.reform(0)) as cost:
        base_cost = cost(None)
        if target.budget_fen < base_cost:
            raise BudgetBelowBase(format_yuan(target.budget_fen), format_yuan(base_cost))
        progress.total = _TRIALS_MAX
        search = _Search(ladder, cost, target.budget_fen, progress)
        best = search.run()
    after = best + search.direction
    found = Targeting(
        parameter=target.parameter,
        label=ladder.parameter.label,
        budget_fen=target.budget_fen,
        way=ladder.way,
        value=ladder.text(best),
        cost_fen=search.costs[best],
        next_value=ladder.text(after),
        next_cost_fen=search.costs[after],
        base_value=ladder.text(0),
        base_cost_fen=base_cost,
        trials=len(search.costs),
        tried=tuple(Tried(ladder.text(steps), cost) for steps, cost in sorted(search.costs.items())),
    )
    return ladder.reform(best), found


@dataclass(frozen=True)
class Ladder:
    """The values that are tried: ``start + steps * step``, as a value for everybody or as a factor of all values there are."""

    base: Reform
    parameter: Parameter
    way: str
    start: Decimal
    step: Decimal

    @classmethod
    def of(cls, law: Law, reform: Reform) -> Ladder:
        """Look for one value where the law has one for everybody, else for a common factor. Raises: ReformRefused."""
        assert reform.target is not None
        name, place = reform.target.parameter, reform.target.place
        if name not in law.parameters:
            raise ReformRefused(
                place, f"没有参数 {name}；请写现行规定中的参数。", f"there is no parameter '{name}'. Name one of the law in force."
            )
        parameter = law.parameters[name]
        entries = [entry for entry in parameter.entries if entry.since <= reform.since < entry.until]
        if parameter.kind != "number" or not entries:
            raise ReformRefused(
                place,
                f"参数 {name} 在 {reform.since} 没有数值，无法倒推；请换一个参数。",
                f"'{name}' has no number on {reform.since} to begin from. Choose another parameter.",
            )
        value = _one_value(parameter, reform, law)
        if value is None:
            return cls(reform, parameter, "factor", Decimal(1), _FACTOR_STEP)
        shift = edge_unit(parameter.written_unit)[1]
        step = Decimal(1).scaleb(-parameter.scale - shift)
        return cls(reform, parameter, "value", Decimal(value).scaleb(-parameter.scale - shift), min(step, _FEN) if shift else step)

    @property
    def lowest(self) -> int:
        """The most steps down: below it the value would be negative."""
        return -int(self.start / self.step)

    @property
    def span(self) -> int:
        return max(1, -self.lowest)

    def value(self, steps: int) -> Decimal:
        return self.start + steps * self.step

    def text(self, steps: int) -> str:
        return f"× {self.value(steps)}" if self.way == "factor" else f"{self.value(steps)}"

    def reform(self, steps: int) -> Reform:
        value = self.value(steps)
        return self.base.with_value(self.parameter.name, {"multiply": value} if self.way == "factor" else value)


def _one_value(parameter: Parameter, reform: Reform, law: Law) -> int | None:
    """Return the value that everybody has on the reform's first day; None where there are several, or brackets."""
    keys: list[Any] = [parameter.named_keys(position) for position in range(len(parameter.by))]
    if len(keys) > 1 or parameter.is_scale:
        return None
    found: list[Entry | None] = [parameter.entry_on(reform.since, [key]) for key in keys[0]] if keys else [parameter.entry_on(reform.since)]
    values = {entry.value if entry else None for entry in found}
    value = values.pop() if len(values) == 1 else None
    return None if isinstance(value, Scale) else value


def _codes_that_count(base: Law, ladder: Ladder, trial: Trial) -> tuple[str, ...]:
    """List the paid benefits whose cost counts: those that read the parameter, and those the rest of the reform touches."""
    before, after = base.program(Month.parse(trial.month)), _program(ladder.reform(0), trial)
    read = {code for code in after.benefits if ladder.parameter.name in after.parameters_of(code)}
    paid = {code for code, benefit in (before.benefits | after.benefits).items() if benefit.definition.unit == "fen"}
    if not read & paid:
        raise ParameterUnused(ladder.parameter.name)
    return tuple(sorted((read | set(changed_benefits(before, after))) & paid))


# ---- what a value costs -----------------------------------------------------------------------------------------------------------------


def _program(reform: Reform | None, trial: Trial) -> Program:
    """Return what counts of a reform's law in the trial's month; of the law in force where there is no reform."""
    as_of, month = date.fromisoformat(trial.law_as_of), Month.parse(trial.month)
    law = reformed_law(as_of, reform.text, reform.file)[1] if reform else laws.installed_law(as_of)
    return law.program(month, benefits=[code for code in trial.codes if code in law.benefits] if trial.codes else None)


def cost_of(trial: Trial) -> int:
    """Return the cost of a year of some chunks, in fen, under the trial's reform or (without a text) the law in force."""
    program = _program(read_reform(trial.reform_text, trial.reform_file) if trial.reform_text else None, trial)
    if trial.chunks >= CHUNKS_TO_FUSE:
        # Values of tables stand outside the machine code: most trials find it compiled.
        program.fuse()
    return sum(_year_cost(program, batch) for batch in _batches(trial, program))


def _year_cost(program: Program, batch: Batch) -> int:
    evaluation = program.evaluate(batch)
    return sum(
        int(evaluation[code].amount[evaluation[code].status == ENTITLED].sum()) * TIMES_A_YEAR[benefit.definition.every]
        for code, benefit in program.benefits.items()
    )


def _batches(trial: Trial, *programs: Program) -> Iterator[Batch]:
    """Read a trial's chunks one by one, with the columns that some programs read."""
    facts = Folder(Path(trial.snapshot), columns_read(*programs))
    for index in range(trial.first_chunk, trial.first_chunk + trial.chunks):
        tables = facts.tables(range(index, index + 1))
        yield Batch.from_arrow(tables["person"], tables["household"], tables["claim"])


@contextmanager
def _costs(trial: Trial, first: Reform) -> Iterator[Cost]:
    """Give a function from a reform (None: the law in force) to its cost of a year.

    A small city stays in memory from trial to trial; a large one is read by worker processes each time, a file's worth at once.
    """
    if trial.chunks <= CHUNKS_PER_FILE:
        programs = [_program(None, trial), _program(first, trial)]
        batches = list(_batches(trial, *programs))
        yield lambda reform: sum(_year_cost(_program(reform, trial), batch) for batch in batches)
        return
    with workers.pool() as pool:

        def cost(reform: Reform | None) -> int:
            told = replace(trial, reform_text=reform.text if reform else "", reform_file=reform.file if reform else "")
            firsts = range(trial.first_chunk, trial.first_chunk + trial.chunks, CHUNKS_PER_FILE)
            parts = [replace(told, first_chunk=one, chunks=min(CHUNKS_PER_FILE, trial.chunks - one)) for one in firsts]
            return sum(pool.map(workers.cost_of, parts))

        yield cost


# ---- the search -------------------------------------------------------------------------------------------------------------------------


class _Search:
    """Finds the last step of a ladder that costs no more than a budget. ``costs``: every trial so far, by steps."""

    def __init__(self, ladder: Ladder, cost: Cost, budget_fen: int, progress: Progress) -> None:
        self._ladder, self._cost, self._budget, self._progress = ladder, cost, budget_fen, progress
        self.costs: dict[int, int] = {}
        # Which way the cost rises: 1 with a higher value, -1 with a lower one.
        self.direction = 1

    def run(self) -> int:
        """Return the steps. Raises: BudgetNotMet, CostNotMonotone, ParameterUnused."""
        self.direction = self._rising()
        fits, exceeds = self._bracket()
        while abs(exceeds - fits) > 1:
            middle = fits + (exceeds - fits) // 2 if self.direction > 0 else fits - (fits - exceeds) // 2
            if self._try(middle) <= self._budget:
                fits = middle
            else:
                exceeds = middle
        self._refuse_falling()
        return fits

    def _try(self, steps: int) -> int:
        if steps not in self.costs:
            self.costs[steps] = self._cost(self._ladder.reform(steps))
            self._progress.step(note=f"{self._ladder.parameter.name} = {self._ladder.text(steps)}")
        return self.costs[steps]

    def _rising(self) -> int:
        """Return the direction in which the cost rises, found by trials ever further from the value in force."""
        here = self._try(0)
        for share in (20, 5, 2, 1):
            reach = max(1, self._ladder.span // share)
            for sign in (1, -1):
                if self._can_be(sign * reach) and self._try(sign * reach) != here:
                    return sign if self._try(sign * reach) > here else -sign
        raise ParameterUnused(self._ladder.parameter.name)

    def _can_be(self, steps: int) -> bool:
        """Say whether a value may be tried: not below zero, and one that the law can be read with."""
        if steps < self._ladder.lowest:
            return False
        try:
            self._try(steps)
        except EngineError:
            return False
        return True

    def _bracket(self) -> tuple[int, int]:
        """Return steps that fit the budget and steps that exceed it."""
        fits = self._try(0) <= self._budget
        towards = self.direction if fits else -self.direction
        inside, reach = 0, max(1, self._ladder.span // 20)
        while True:
            outside = max(towards * reach, self._ladder.lowest)
            is_last = outside == self._ladder.lowest or reach > _REACH * self._ladder.span
            if outside == inside or not self._can_be(outside):
                raise self._not_met(inside, fits)
            if (self._try(outside) <= self._budget) != fits:
                return (inside, outside) if fits else (outside, inside)
            inside, reach = outside, reach * 2
            if is_last:
                raise self._not_met(inside, fits)

    def _not_met(self, steps: int, fits: bool) -> BudgetNotMet:
        self._refuse_falling()
        name, value = self._ladder.parameter.name, self._ladder.text(steps)
        return BudgetNotMet(name, format_yuan(self._budget), value, format_yuan(self._try(steps)), is_short=fits)

    def _refuse_falling(self) -> None:
        tried = sorted(self.costs, reverse=self.direction < 0)
        for first, second in pairwise(tried):
            if self.costs[second] < self.costs[first]:
                raise CostNotMonotone(self._ladder.parameter.name, self._ladder.text(first), self._ladder.text(second))
