"""What the rules of mix/ are about: persons in households, the facts that data.py writes of them; and the law the rules make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zhida.engine.api import Entity, FactDefinition, Law, PackSource, Program, load_law
from zhida.kernel.period import Month
from zhida.kernel.text import Text

# What rule files may name.
__all__ = ["Household", "Person"]

Household = Entity("household", "households", label=Text("户", "Household"))
Person = Entity("person", "members", parent=Household, label=Text("居民", "Person"))

ROLES = ("adult", "child")
OCCUPANCIES = ("owner", "tenant", "free_lodger", "homeless")


def _fact(name: str, entity: str, dtype: str, unit: str = "", codes: tuple[str, ...] = (), scale: int = 0) -> FactDefinition:
    words = Text(name.replace("_", " "), name.replace("_", " "))
    return FactDefinition(name, entity, dtype, unit, scale, codes, words, department="bench", record_type="bench")


FACTS = [
    _fact("birth_date", "person", "date"),
    _fact("salary", "person", "money", "fen/month"),
    _fact("capital", "person", "money", "fen/month"),
    _fact("disability", "person", "integer"),
    _fact("role", "person", "code", codes=ROLES),
    _fact("rent", "household", "money", "fen/month"),
    _fact("floor_area", "household", "decimal", "m2", scale=2),
    _fact("region", "household", "integer"),
    _fact("occupancy", "household", "code", codes=OCCUPANCIES),
]


def mix_law() -> Law:
    return load_law([PackSource("mix", Path(__file__).resolve().parent / "mix", __name__)], FACTS)


def mix_program(law: Law, month: str, variables: Sequence[str]) -> Program:
    """Return the program that gives the values of variables; the mix grants no benefits."""
    return law.program(Month.parse(month), benefits=(), variables=tuple(variables))
