"""Poverty, inequality and tenths: numbers worked out by hand, and the plain definitions over every pair of persons."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhida.blocks.policies.simulation.results import Coverage, Effect, Welfare
from zhida.blocks.policies.simulation.sheets import percent
from zhida.blocks.policies.simulation.tallies import HOUSEHOLDS
from zhida.blocks.policies.simulation.welfare import open_incomes

YEAR = 12


def households(rows: list[dict[str, int]]) -> pa.Table:
    filled = [dict.fromkeys(HOUSEHOLDS.names, 0) | {"undecided": False, "household_no": place} | row for place, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=HOUSEHOLDS)


def opened(folder: Path, rows: list[dict[str, int]], files: int = 1, line_scale: int = 0) -> Any:
    """Write households over some files, as parts of a simulation do, and open them."""
    paths = [folder / f"part-{number}.parquet" for number in range(files)]
    for number, path in enumerate(paths):
        pq.write_table(households(rows).filter(pa.array([place % files == number for place in range(len(rows))])), path)
    return open_incomes(folder, paths, line_scale)


def test_three_households_by_hand(tmp_path: Path) -> None:
    """A line of 100 a month: 1,200 a year and head.

    One person with 600: misses 600, half the line. Two persons with 2,400 together: 1,200 a head, not below. One person with 4,800.
    Rate 1/4; P1 = 0.5 / 4 = 0.125. Incomes 600, 1,200, 1,200, 4,800, mean 1,950; the sum of |differences| over ordered pairs is
    2 x (600 + 600 + 4,200 + 0 + 3,600 + 3,600) = 25,200, so the Gini is 25,200 / (2 x 16 x 1,950) = 0.403846.
    """
    rows = [
        {"persons": 1, "base": 600, "reform": 600},
        {"persons": 2, "base": 2_400, "reform": 2_400},
        {"persons": 1, "base": 4_800, "reform": 4_800},
    ]
    with opened(tmp_path, [row | {"line": 100} for row in rows]) as incomes:
        found = incomes.welfare("city", "base")[0]
    assert found == Welfare(3, 4, 1, 1, 250_000, 125_000, 600, 1_950, 403_846)


def test_equal_incomes_have_no_inequality_and_one_person_has_everything(tmp_path: Path) -> None:
    equal = [{"persons": 3, "base": 900, "reform": 0, "line": 10, "district": 1}] * 4
    one = [{"persons": 1, "base": income, "reform": 0, "line": 10, "district": 2} for income in (0, 0, 0, 1_000)]
    with opened(tmp_path, [*equal, *one]) as incomes:
        base, reform = incomes.welfare("district", "base"), incomes.welfare("district", "reform")
    assert (base[1].gini_ppm, base[2].gini_ppm) == (0, 750_000)
    # Without any income there is nothing to share unequally.
    assert (reform[1].gini_ppm, reform[1].poor_ppm, reform[1].gap_ppm, reform[1].mean_fen) == (None, 1_000_000, 1_000_000, 0)


def half_up(number: Fraction) -> int:
    return int((2 * number.numerator + number.denominator) // (2 * number.denominator))


def plain(rows: list[dict[str, int]], law: str, line_scale: int) -> tuple[int, ...]:
    """The definitions, person by person and pair by pair."""
    persons = [row for row in rows for _ in range(row["persons"])]
    size = len(persons)
    gaps = []
    for row in persons:
        line = Fraction(row["line"] * YEAR, 10**line_scale)
        gaps.append(max(Fraction(0), 1 - Fraction(row[law], row["persons"]) / line))
    heads = [half_up(Fraction(row[law], row["persons"])) for row in persons]
    differences = sum(abs(a - b) for a in heads for b in heads)
    shortfall = sum(max(Fraction(0), Fraction(row["line"] * YEAR * row["persons"], 10**line_scale) - row[law]) for row in rows)
    return (
        len(rows),
        size,
        half_up(Fraction(sum(gap > 0 for gap in gaps) * 1_000_000, size)),
        half_up(sum(gaps, Fraction(0)) / size * 1_000_000),
        half_up(shortfall),
        half_up(Fraction(differences * 1_000_000, 2 * size * sum(heads))),
    )


@pytest.mark.parametrize(("seed", "line_scale"), [(1, 0), (2, 2), (3, 0)])
def test_the_plain_definitions_give_the_same(tmp_path: Path, seed: int, line_scale: int) -> None:
    chance = random.Random(seed)
    rows = []
    for _ in range(120):
        base = chance.choice([0, 100_000, chance.randrange(30_000_000)])
        district, line = chance.randrange(3), chance.choice([124_500, 249_000]) * 10**line_scale
        rows.append(
            {
                "persons": chance.randrange(1, 6),
                "base": base,
                "reform": base + chance.randrange(500_000),
                "line": line,
                "district": district,
            }
        )
    with opened(tmp_path, rows, files=3, line_scale=line_scale) as incomes:
        for law in ("base", "reform"):
            found = incomes.welfare("district", law)
            for district in range(3):
                own = [row for row in rows if row["district"] == district]
                one = found[district]
                told = (one.households, one.persons, one.poor_ppm, one.gap_ppm, one.shortfall_fen, one.gini_ppm)
                assert told == plain(own, law, line_scale), (law, district)


def test_tenths_hold_a_tenth_of_persons_each_and_everybody_once(tmp_path: Path) -> None:
    chance = random.Random(4)
    rows = [
        {
            "persons": chance.randrange(1, 5),
            "base": chance.randrange(20_000_000),
            "line": 1,
            "change": chance.choice([-500, 0, 0, 700]),
            "undecided": chance.random() < 0.1,
        }
        for _ in range(400)
    ]
    for row in rows:
        row["reform"] = row["base"] + row["change"]
    with opened(tmp_path, rows, files=2) as incomes:
        tenths = incomes.tenths()
    persons = sum(row["persons"] for row in rows)
    assert [tenth.number for tenth in tenths] == list(range(1, 11))
    assert sum(tenth.households for tenth in tenths) == 400
    assert sum(tenth.persons for tenth in tenths) == persons
    # A household is never cut in two, so a tenth is a tenth give or take a household.
    assert all(abs(tenth.persons - persons / 10) <= 4 for tenth in tenths)
    assert all(first.upto_fen <= second.upto_fen for first, second in pairwise(tenths))
    effects = [Effect(tenth.households, tenth.persons, *tenth.measures) for tenth in tenths]
    assert sum(effect.change_fen for effect in effects) == sum(row["change"] for row in rows)
    assert sum(effect.undecided for effect in effects) == sum(row["undecided"] for row in rows)
    order = sorted(range(400), key=lambda place: (half_up(Fraction(rows[place]["base"], rows[place]["persons"])), place))
    poorest = order[: tenths[0].households]
    assert sum(rows[place]["base"] for place in poorest) == tenths[0].base_fen


def test_what_is_not_known_is_a_bound_and_not_a_zero() -> None:
    """Of 10 persons 2 are known and 1 of them poor; 5 earn more than the line by wages alone; of 3 nothing is known."""
    coverage = Coverage(known=1, known_persons=2, above=2, above_persons=5, unknown=1, unknown_persons=3)
    welfare = Welfare(1, 2, 1, 1, 500_000, 0, 0, 0, None)
    assert coverage.poor_between_ppm(welfare) == (100_000, 400_000)
    assert percent(welfare.poor_ppm) == "50.00%"
