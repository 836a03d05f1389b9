"""What the city was to be and what it became."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from zhida.blocks.places.api import area, census_population
from zhida.city.draws import shares_to_counts
from zhida.city.people import DISTRICTS, NO_DAY, People
from zhida.city.plan import FIRST_COLLECTIVE, KIND_SIZES
from zhida.city.rates import rates


@dataclass(frozen=True)
class ReportLine:
    """One figure: what it was to be, what it is, how far off it may be, and who says so."""

    measure: str
    target: float
    achieved: float
    tolerance: float
    unit: str
    source: str

    @property
    def met(self) -> bool:
        return abs(self.achieved - self.target) <= self.tolerance + 1e-9


@dataclass
class CityReport:
    """The measured city: ``lines`` compare it with its targets, ``rows`` count each delivered file, ``defects`` each kind of defect."""

    residents: int
    households: int
    seed: int
    month: str
    lines: list[ReportLine]
    rows: dict[str, int] = field(default_factory=dict)
    defects: dict[str, int] = field(default_factory=dict)
    cast: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def met(self) -> bool:
        """Every figure lies within its tolerance."""
        return all(line.met for line in self.lines)

    def as_json(self) -> str:
        """Return the report without its running time, so that the same city gives the same bytes."""
        data: dict[str, Any] = asdict(self)
        del data["seconds"]
        for line, written in zip(self.lines, data["lines"], strict=True):
            written["met"] = line.met
        return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def as_table(self) -> str:
        """Return the figures as a table for people."""
        rows = [("figure", "target", "achieved", "", "source")]
        for line in self.lines:
            rows.append(
                (line.measure, _written(line.target, line.unit), _written(line.achieved, line.unit), "" if line.met else "OFF", line.source)
            )
        widths = [max(_width(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            "  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
        )


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text)


def _written(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.2f} %"
    return f"{value:,.0f}" if unit == "persons" or unit == "households" else f"{value:.2f}"


def measure(people: People, seed: int, month: str) -> CityReport:
    """Compare a city with its targets."""
    plan, census = people.plan, rates()["census"]
    family = plan.kind < FIRST_COLLECTIVE
    in_families, families = int(KIND_SIZES[plan.kind[family]].astype(np.int64).sum()), int(family.sum())
    scale = plan.residents / census["residents"]
    lines = [*_districts(people), *_bands(people)]
    source = census["source"]
    average = census["in_family_households"] / census["family_households"]
    lines.append(ReportLine("persons per family household", round(average, 4), round(in_families / families, 4), 0.02, "", source))
    slack = max(30, plan.residents * 0.001)
    lines.append(ReportLine("family households", round(census["family_households"] * scale), families, slack, "households", source))
    collective = plan.households - families
    lines.append(
        ReportLine("collective households", round(census["collective_households"] * scale), collective, slack, "households", source)
    )
    lines += _vital(people)
    return CityReport(plan.residents, plan.households, seed, month, lines)


def _districts(people: People) -> list[ReportLine]:
    population = census_population()
    targets = shares_to_counts(people.plan.residents, [population[int(code)] for code in DISTRICTS])
    of_household = np.searchsorted(DISTRICTS, people.plan.community // 1_000_000)
    found = np.bincount(of_household, weights=KIND_SIZES[people.plan.kind], minlength=len(DISTRICTS))
    source = rates()["census"]["source"]
    return [
        ReportLine(f"{area(int(code)).name.zh} {code}", target, int(achieved), 0, "persons", source)
        for code, target, achieved in zip(DISTRICTS, targets, found, strict=True)
    ]


def _bands(people: People) -> list[ReportLine]:
    census, age = rates()["census"], people.age
    found = {
        "male": (people.sex == 0).mean(),
        "age_0_14": (age <= 14).mean(),
        "age_15_59": ((age >= 15) & (age <= 59)).mean(),
        "age_60_plus": (age >= 60).mean(),
        "age_65_plus": (age >= 65).mean(),
    }
    # Half a percentage point, and what chance adds in a small city (four standard deviations of the widest band).
    tolerance = 0.5 if people.plan.residents >= 50_000 else 0.5 + 200 / people.plan.residents**0.5
    return [
        ReportLine(
            name,
            round(census[name] / census["residents"] * 100, 3),
            round(float(share) * 100, 3),
            round(tolerance, 3),
            "%",
            census["source"],
        )
        for name, share in found.items()
    ]


def _vital(people: People) -> list[ReportLine]:
    age, residents = people.age, people.plan.residents
    chance = 4 * 10 / residents**0.5
    births, deaths = float((age == 0).mean() * 1000), float((people.died < NO_DAY).mean() * 1000 * 365.25 / 61)
    classes = np.bincount(np.repeat(people.income_class, KIND_SIZES[people.plan.kind]), minlength=5) / residents * 100
    family = float((people.plan.kind < FIRST_COLLECTIVE).sum())
    tested = float((people.income_class > 0).sum()) / family * 100
    return [
        ReportLine("births, per thousand and year", 7.5, round(births, 2), 1.0 + chance * 8, "", "Hangzhou bulletin 2024: 7.5"),
        ReportLine("deaths, per thousand and year", 5.2, round(deaths, 2), 0.8 + chance * 20, "", "Hangzhou bulletin 2024: 5.2"),
        ReportLine("80 and older", 2.55, round(float((age >= 80).mean()) * 100, 3), 0.3 + chance * 4, "%", "assumption"),
        ReportLine(
            "persons at the living standard",
            0.92,
            round(float(classes[1]), 3),
            0.15 + chance * 3,
            "%",
            "about 110,000 persons, Hangzhou 2022-10",
        ),
        ReportLine("means test authorised, family households", 2.5, round(tested, 3), 0.3 + chance * 5, "%", "assumption"),
    ]
