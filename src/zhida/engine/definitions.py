"""How a pack declares: ``@variable`` for a step on the way, ``@benefit`` for what is granted, ``.from_date`` for a rule that changed.

A declaration runs nothing. ``load_law`` records its formulas.

    @benefit(Person, code="old_age", every=MONTH, unit="fen", label=("高龄津贴", "Old-age allowance"), payee="self", policy="gaoling", ...)
    def old_age(person, law): return where(person.hukou_local & (person.age >= law.old_age), law.old_age_allowance, 0)

    @old_age.from_date("2023-01-01", known_from="2023-03-01")
    def old_age_2023(person, law): ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from inspect import signature
from typing import Any

from zhida.engine.entities import Entity
from zhida.engine.errors import Place
from zhida.engine.expressions import short_place
from zhida.engine.rule_functions import RuleFunction
from zhida.kernel.text import Text

Formula = Callable[..., Any]
ALWAYS = date(1, 1, 1)


@dataclass(frozen=True)
class DatedFormula:
    """One wording of a rule; the newest whose ``since`` is on or before the first day of the month applies."""

    since: date
    known_from: date
    function: Formula

    @property
    def place(self) -> Place:
        if isinstance(self.function, RuleFunction):
            return self.function.place
        return short_place(self.function.__code__.co_filename, self.function.__code__.co_firstlineno)

    @property
    def result_place(self) -> Place:
        """Where it gives its result; of a plain Python function, where it begins."""
        return self.function.result_place if isinstance(self.function, RuleFunction) else self.place

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of what the formula asks for: its entity, ``law``, ``period``."""
        return self.function.arguments if isinstance(self.function, RuleFunction) else tuple(signature(self.function).parameters)


@dataclass(eq=False)
class Definition:
    """A named value of every row of an entity. The name is the function's, and one for all packs."""

    entity: Entity
    name: str
    unit: str
    label: Text
    module: str
    formulas: list[DatedFormula] = field(default_factory=list)
    law: str = ""
    clause: str = ""
    codes: tuple[str, ...] = ()
    pack: str = ""

    def from_date(self, since: str, known_from: str | None = None) -> Callable[[Formula], Any]:
        """Declare the wording in force from a date; ``known_from`` is the day it was published, where that differs."""

        day = date.fromisoformat(since)
        known = date.fromisoformat(known_from) if known_from else day

        def declare(function: Formula) -> Any:
            self.formulas.append(DatedFormula(day, known, function))
            self.formulas.sort(key=lambda formula: formula.since)
            return self

        return declare

    @property
    def place(self) -> Place:
        return self.formulas[0].place


@dataclass(eq=False)
class VariableDefinition(Definition):
    """A step on the way to benefits: age, income per head, is_orphan."""


@dataclass(eq=False)
class BenefitDefinition(Definition):
    """What the law grants: an amount above 0 is an entitlement.

    every: MONTH, QUARTER, YEAR or ONCE. unit: ``fen`` is paid; ``kWh``, ``status`` … are decided and never paid.
    payee: ``self``, ``head``, ``guardian``, ``mother`` or ``organisation:<fact>``. occasion: for ONCE, the variable or fact that tells
    occasions apart (a birth date, an instalment number). in_force: first day and exclusive end. known_from: the day the benefit was
    published; a law as of an earlier day grants nothing.
    """

    code: str = ""
    every: str = "MONTH"
    payee: str = "self"
    policy: str = ""
    grade: str = ""
    source: str = ""
    occasion: str | None = None
    in_force: tuple[date | None, date | None] = (None, None)

    def in_force_on(self, day: date) -> bool:
        start, end = self.in_force
        return (start is None or start <= day) and (end is None or day < end)


def variable(
    entity: Entity,
    unit: str,
    label: tuple[str, str] | Text,
    clause: str = "",
    law: str = "",
    codes: Sequence[str] = (),
) -> Callable[[Formula], VariableDefinition]:
    """Declare a variable. unit: a unit of numbers, or ``bool``, ``date``, ``code`` (then ``codes`` may fix the list of codes)."""

    def declare(function: Formula) -> VariableDefinition:
        return VariableDefinition(
            entity, function.__name__, unit, _text(label), function.__module__, [_base(function)], law, clause, tuple(codes)
        )

    return declare


def benefit(
    entity: Entity,
    code: str,
    every: str,
    unit: str,
    label: tuple[str, str] | Text,
    payee: str = "self",
    law: str = "",
    clause: str = "",
    policy: str = "",
    grade: str = "",
    source: str = "",
    occasion: str | None = None,
    in_force: tuple[str | None, str | None] = (None, None),
    known_from: str | None = None,
) -> Callable[[Formula], BenefitDefinition]:
    """Declare a benefit: see BenefitDefinition for the words."""

    def declare(function: Formula) -> BenefitDefinition:
        return BenefitDefinition(
            entity=entity,
            name=function.__name__,
            unit=unit,
            label=_text(label),
            module=function.__module__,
            formulas=[DatedFormula(ALWAYS, _day(known_from) or ALWAYS, function)],
            law=law,
            clause=clause,
            code=code,
            every=every,
            payee=payee,
            policy=policy or code,
            grade=grade,
            source=source,
            occasion=occasion,
            in_force=(_day(in_force[0]), _day(in_force[1])),
        )

    return declare


def _base(function: Formula) -> DatedFormula:
    return DatedFormula(ALWAYS, ALWAYS, function)


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _text(label: tuple[str, str] | Text) -> Text:
    return label if isinstance(label, Text) else Text(*label)
