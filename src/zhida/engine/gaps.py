"""Finds, when a law is loaded, a month in which a benefit is in force and needs a number of the law that has no value then.

Values end on a known day, and rules begin to need others when a wording or a benefit begins, so the months after these days are looked
at and no others. A benefit without a first day is looked at from the day on which all its numbers have begun; program.py refuses the months
before that when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from zhida.engine.definitions import BenefitDefinition
from zhida.engine.errors import Place
from zhida.engine.graph import Node, in_order
from zhida.kernel.period import NEVER, Month

if TYPE_CHECKING:
    from zhida.engine.law import Law


@dataclass(frozen=True)
class _Needs:
    """What one wording of a rule names: parameters for the first day of the month, each with a line that needs it, and other rules."""

    parameters: dict[str, Place]
    rules: tuple[str, ...]


class Gaps:
    """One look at one law."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._needs = {id(root): _needs(root) for versions in law.versions.values() for _, root in versions}
        self._full: set[tuple[str, date]] = set()

    def refuse(self) -> None:
        """Raise ParameterWithoutValue for the first gap found."""
        for benefit in self._law.benefits.values():
            if benefit.name not in self._law.unpublished:
                for day in self._days(benefit):
                    self._refuse_on(benefit, day)

    def _refuse_on(self, benefit: BenefitDefinition, day: date) -> None:
        law, seen, left = self._law, {benefit.name}, [benefit.name]
        while left:
            name = left.pop()
            needs = self._needs[id(law.version_on(name, day))]
            for parameter, place in needs.parameters.items():
                if (parameter, day) not in self._full:
                    rule = f"{law.definitions[name].pack}.{name}"
                    law.refuse_gaps(parameter, day, place, rule)
                    self._full.add((parameter, day))
            found = [rule for rule in needs.rules if rule not in seen and self._runs(rule, day)]
            seen.update(found)
            left.extend(found)

    def _runs(self, name: str, day: date) -> bool:
        """A benefit that is not in force is 0 and needs nothing."""
        definition = self._law.definitions[name]
        return not isinstance(definition, BenefitDefinition) or self._law.grants(definition, day)

    def _days(self, benefit: BenefitDefinition) -> list[date]:
        """Return the first days of the months to look at, oldest first."""
        rules = self._below(benefit.name)
        entries = [self._law.published[name].entries for rule in rules for name in self._parameters(rule)]
        if not entries:
            return []
        start, end = benefit.in_force
        first = start or max(min(entry.since for entry in found) for found in entries)
        days = {first} | {entry.until for found in entries for entry in found}
        for rule in rules:
            days |= {since for since, _ in self._law.versions[rule]}
            definition = self._law.definitions[rule]
            if isinstance(definition, BenefitDefinition) and definition.in_force[0]:
                days.add(definition.in_force[0])
        months = {_month_from(max(day, first)) for day in days if day < NEVER}
        return sorted(day for day in months if end is None or day < end)

    def _below(self, name: str) -> list[str]:
        """Return a rule and all that it may stand on, in whichever wording."""
        found, left = {name: None}, [name]
        while left:
            rules = [rule for _, root in self._law.versions[left.pop()] for rule in self._needs[id(root)].rules if rule not in found]
            found.update(dict.fromkeys(rules))
            left.extend(rules)
        return list(found)

    def _parameters(self, rule: str) -> Iterator[str]:
        for _, root in self._law.versions[rule]:
            yield from self._needs[id(root)].parameters


def _needs(root: Node) -> _Needs:
    parameters: dict[str, Place] = {}
    rules: dict[str, None] = {}
    for node in in_order([root]):
        payload = node.payload
        if node.op == "ref":
            rules[str(payload)] = None
        elif node.op in ("marginal", "bracket") or (node.op == "parameter" and not payload[1]):
            # With .on(day) a number may have no value: then it is unknown.
            parameters.setdefault(str(payload[0]), node.place)
    return _Needs(parameters, tuple(rules))


def _month_from(day: date) -> date:
    """Return the first day of the first month that begins on or after a day."""
    month = Month(day.year, day.month)
    return day if day == month.start else month.shifted(1).start
