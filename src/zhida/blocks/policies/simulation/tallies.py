"""Counting one chunk of whole households under two laws: costs by benefit, gains by household, who they are, whose income is known.

A household's gain is the change of a year's money of all touched benefits its members and their bills are granted. Where one law or both
cannot decide a touched benefit for somebody, the household is undecided, and only what is known of its change is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhida.blocks.policies.decisions import ENTITLED, UNKNOWN, Chunk
from zhida.blocks.policies.simulation.results import TIMES_A_YEAR
from zhida.engine.api import Batch, BenefitDefinition

if TYPE_CHECKING:
    from zhida.blocks.policies.simulation.parts import Question

Array = np.ndarray
# Ways to divide households into groups; each household stands in one group of each.
DIVISIONS = ("city", "district", "type", "size", "disability")
# Households of this many living members or more are one group.
SIZE_MAX = 6
# What is counted of a group of households, in this order.
MEASURES = (
    *("households", "persons", "winners", "winner_persons", "gain_fen", "losers", "loser_persons", "loss_fen"),
    *("undecided", "undecided_persons", "undecided_fen", "known", "known_persons", "above", "above_persons"),
)
# What is counted of a benefit, in this order: see results.BenefitCost.
COST_MEASURES = (
    *("entitled_base", "entitled_reform", "unknown_base", "unknown_reform", "amount_base", "amount_reform", "change"),
    *("became_unknown", "became_unknown_amount", "became_known", "became_known_amount"),
)
# One row for each household whose income is known. base, reform: income of a year in fen; line: a month's low-income line per head.
HOUSEHOLDS = pa.schema(
    [
        ("household_no", pa.int64()),
        ("district", pa.int64()),
        ("type", pa.int64()),
        ("size", pa.int64()),
        ("disability", pa.int64()),
        ("persons", pa.int64()),
        ("base", pa.int64()),
        ("reform", pa.int64()),
        ("line", pa.int64()),
        ("change", pa.int64()),
        ("undecided", pa.bool_()),
    ]
)


def is_household_money(benefit: BenefitDefinition) -> bool:
    """Say whether a benefit is money for residents: what an organisation is paid is no household's gain."""
    return benefit.unit == "fen" and not benefit.payee.startswith("organisation:")


def is_income(benefit: BenefitDefinition) -> bool:
    """Say whether a benefit is regular income of a household: money it gets again and again, and no bill that is paid back."""
    return is_household_money(benefit) and benefit.every != "ONCE" and benefit.entity.name != "claim"


@dataclass
class Tally:
    """Counts that add up over chunks, files and processes. groups: division -> group -> MEASURES. costs: benefit -> COST_MEASURES."""

    groups: dict[str, dict[int, list[int]]] = field(default_factory=lambda: {division: {} for division in DIVISIONS})
    costs: dict[str, list[int]] = field(default_factory=dict)
    organisations_fen: int = 0

    def add(self, other: Tally) -> None:
        for division, groups in other.groups.items():
            for code, numbers in groups.items():
                self._add(self.groups[division], code, numbers)
        for benefit, numbers in other.costs.items():
            self._add(self.costs, benefit, numbers)
        self.organisations_fen += other.organisations_fen

    def add_groups(self, division: str, codes: Array, numbers: Array) -> None:
        """Add households: their group in a division, and a row of MEASURES for each."""
        found, position = np.unique(codes, return_inverse=True)
        sums = np.zeros((len(found), len(MEASURES)), dtype=np.int64)
        np.add.at(sums, position, numbers)
        for code, row in zip(found.tolist(), sums.tolist(), strict=True):
            self._add(self.groups[division], code, row)

    def add_cost(self, benefit: str, numbers: list[int]) -> None:
        self._add(self.costs, benefit, numbers)

    @staticmethod
    def _add(sums: Any, key: Any, numbers: list[int]) -> None:
        kept = sums.get(key)
        sums[key] = list(numbers) if kept is None else [a + b for a, b in zip(kept, numbers, strict=True)]

    def as_json(self) -> dict[str, Any]:
        return {"groups": self.groups, "costs": self.costs, "organisations_fen": self.organisations_fen}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Tally:
        groups = {division: {int(code): numbers for code, numbers in found.items()} for division, found in kept["groups"].items()}
        return cls(groups, kept["costs"], kept["organisations_fen"])


class BaseDecisions:
    """What a run decided about one chunk: rows of the benefits that are needed. table: None where it decided nothing there."""

    def __init__(self, table: pa.Table | None, wanted: pa.Array) -> None:
        self._rows: dict[str, dict[str, Array]] = {}
        if table is None:
            return
        chosen = table.filter(pc.is_in(table["benefit"].cast(pa.string()), wanted))
        names = chosen["benefit"].cast(pa.string())
        for code in pc.unique(names).to_pylist():
            rows = chosen.filter(pc.equal(names, code))
            self._rows[code] = {name: rows[name].to_numpy() for name in ("entity_no", "household_no", "status", "amount")}

    def decided(self, benefit: BenefitDefinition, chunk: Chunk, rows: int) -> tuple[Array, Array]:
        """Return status and amount for every row of the benefit's entity; who is not on file was not entitled."""
        status, amount = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int64)
        found = self._rows.get(benefit.code)
        if found is not None:
            numbers = chunk.entity_numbers(benefit.entity.name, np.arange(rows))
            order = np.argsort(numbers, kind="stable")
            place = order[np.searchsorted(numbers, found["entity_no"], sorter=order)]
            status[place], amount[place] = found["status"], np.where(found["status"] == ENTITLED, found["amount"], 0)
        return status, amount


class _Decisions:
    """Status and amount of benefits for every row of one chunk, under one law: from an evaluation, or from a run's file."""

    def __init__(self, batch: Batch, chunk: Chunk, evaluation: Any, on_file: BaseDecisions | None = None) -> None:
        self._batch, self._chunk, self._evaluation, self._on_file = batch, chunk, evaluation, on_file

    def of(self, benefit: BenefitDefinition) -> tuple[Array, Array]:
        rows = self._batch.rows[benefit.entity.name]
        if self._on_file is not None:
            return self._on_file.decided(benefit, self._chunk, rows)
        if self._evaluation is None or benefit.code not in self._evaluation.results:
            # A law without the benefit grants it to nobody.
            return np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int64)
        found = self._evaluation[benefit.code]
        return found.status, found.amount


def count_chunk(asked: Question, chunk: Chunk, on_file: BaseDecisions | None, tally: Tally) -> pa.Table | None:
    """Add one chunk to a tally; return its households of known income (``HOUSEHOLDS``), None where the law has no low-income line."""
    batch = chunk.batch
    evaluation = asked.base.evaluate(batch)
    before = _Decisions(batch, chunk, evaluation, on_file)
    after = _Decisions(batch, chunk, asked.reform.evaluate(batch) if asked.reform else None)
    gains = _Gains(asked, chunk, before, after, tally)
    figures = _Figures(asked, chunk, evaluation.values)
    incomes = _Incomes(asked, chunk, figures, before, gains) if asked.has_incomes else None
    measured = _measured(figures, gains, incomes)
    for division in DIVISIONS:
        tally.add_groups(division, figures.group(division), measured)
    return incomes.table(chunk, figures, gains) if incomes else None


class _Gains:
    """What changes for each household of a chunk; adds the cost of each touched benefit to the tally."""

    def __init__(self, asked: Question, chunk: Chunk, before: _Decisions, after: _Decisions, tally: Tally) -> None:
        homes = len(chunk.household_nos)
        self.change, self.income_change = np.zeros(homes, dtype=np.int64), np.zeros(homes, dtype=np.int64)
        self.undecided, self.income_undecided = np.zeros(homes, dtype=bool), np.zeros(homes, dtype=bool)
        for code, benefit in asked.touched.items():
            old, new = before.of(benefit), after.of(benefit)
            tally.add_cost(code, _cost(*old, *new))
            if benefit.unit == "fen":
                self._add(chunk, benefit, old, new, tally)

    def _add(self, chunk: Chunk, benefit: BenefitDefinition, old: tuple[Array, Array], new: tuple[Array, Array], tally: Tally) -> None:
        both = (old[0] != UNKNOWN) & (new[0] != UNKNOWN)
        change = np.where(both, new[1] - old[1], 0) * TIMES_A_YEAR[benefit.every]
        if not is_household_money(benefit):
            tally.organisations_fen += int(change.sum())
            return
        homes = chunk.household_of(benefit.entity.name, np.arange(len(change)))
        np.add.at(self.change, homes, change)
        self.undecided[homes[~both]] = True
        if is_income(benefit):
            np.add.at(self.income_change, homes, change)
            self.income_undecided[homes[~both]] = True


def _cost(status: Array, amount: Array, new_status: Array, new_amount: Array) -> list[int]:
    """Return COST_MEASURES of one benefit in one chunk."""
    unknown, new_unknown = status == UNKNOWN, new_status == UNKNOWN
    lost, found = ~unknown & new_unknown, unknown & ~new_unknown
    both = ~unknown & ~new_unknown
    counts = [status == ENTITLED, new_status == ENTITLED, unknown, new_unknown]
    sums = [amount, new_amount, (new_amount - amount)[both]]
    rest = [np.count_nonzero(lost), amount[lost].sum(), np.count_nonzero(found), new_amount[found].sum()]
    return [*(int(np.count_nonzero(flags)) for flags in counts), *(int(numbers.sum()) for numbers in sums), *map(int, rest)]


class _Figures:
    """Who the households of a chunk are; 0 stands for what is not known."""

    def __init__(self, asked: Question, chunk: Chunk, values: dict[str, Any]) -> None:
        homes = len(chunk.household_nos)

        def column(name: str) -> tuple[Array, Array]:
            data, known = values[name] if name in values else (np.zeros(homes, dtype=np.int64), np.zeros(homes, dtype=bool))
            known = np.ones(homes, dtype=bool) if known is None else np.broadcast_to(known, homes)
            return np.where(known, np.broadcast_to(data, homes), 0).astype(np.int64), known

        self.persons, _ = column("registered_people")
        self.type, _ = column("household_type")
        disabled, known = column("has_disabled_member")
        self.disability = np.where(known, 2 - disabled, 0)
        self.people, self.people_known = column("people")
        self.wages, self.wages_known = column("registered_wages")
        self.income, self.income_known = column("checked_income")
        self.line, self.line_known = column("low_income_line")
        self.district = chunk.household["district"].fill_null(0).to_numpy().astype(np.int64)
        self.size = np.minimum(self.persons, SIZE_MAX)

    def group(self, division: str) -> Array:
        return np.zeros(len(self.persons), dtype=np.int64) if division == "city" else getattr(self, division)


class _Incomes:
    """A year's income of each household before and after, where all of it is known: docs/decisions/0016."""

    def __init__(self, asked: Question, chunk: Chunk, figures: _Figures, before: _Decisions, gains: _Gains) -> None:
        homes = len(chunk.household_nos)
        granted, unknown = np.zeros(homes, dtype=np.int64), np.zeros(homes, dtype=bool)
        for benefit in asked.incomes.values():
            status, amount = before.of(benefit)
            rows = np.flatnonzero(status)
            household = chunk.household_of(benefit.entity.name, rows)
            np.add.at(granted, household, amount[rows] * TIMES_A_YEAR[benefit.every])
            unknown[household[status[rows] == UNKNOWN]] = True
        counted = figures.people_known & (figures.people > 0) & figures.line_known
        self.known = counted & figures.income_known & ~unknown & ~gains.income_undecided
        self.base = figures.income * TIMES_A_YEAR["MONTH"] + granted
        enough = figures.wages * 10**asked.line_scale >= figures.line * figures.people
        # Wages are a part of income: where they alone reach the line, the household is above it, whatever else it may have.
        self.above = ~self.known & counted & figures.wages_known & enough

    def table(self, chunk: Chunk, figures: _Figures, gains: _Gains) -> pa.Table:
        columns = {
            "household_no": chunk.household_nos,
            **{name: figures.group(name) for name in DIVISIONS[1:]},
            "persons": figures.people,
            "base": self.base,
            "reform": self.base + gains.income_change,
            "line": figures.line,
            "change": gains.change,
            "undecided": gains.undecided,
        }
        return pa.table([pa.array(columns[name][self.known]) for name in HOUSEHOLDS.names], schema=HOUSEHOLDS)


def _measured(figures: _Figures, gains: _Gains, incomes: _Incomes | None) -> Array:
    """Return MEASURES of every household, a row each."""
    persons, change = figures.persons, gains.change
    won, lost = ~gains.undecided & (change > 0), ~gains.undecided & (change < 0)
    nobody = np.zeros(len(persons), dtype=bool)
    known, above = (incomes.known, incomes.above) if incomes else (nobody, nobody)
    columns: list[Any] = [np.ones(len(persons), dtype=np.int64), persons]
    for chosen, amount in ((won, change), (lost, -change), (gains.undecided, change)):
        columns += [chosen, chosen * persons, chosen * amount]
    for chosen in (known, above):
        columns += [chosen, chosen * persons]
    return np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
