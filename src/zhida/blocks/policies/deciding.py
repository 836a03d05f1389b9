"""Deciding some benefits for one household now, for a case: the rules of the night run over the newest facts, and what the case adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from zhida.blocks.access.api import Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies.errors import UnknownBenefit, UnknownFact
from zhida.blocks.policies.explanations import (
    STATUS,
    Basis,
    Explanation,
    _explanation,
    _Household,
    _names,
    _period_key,
    _program_with,
    _visible_rows,
    basis,
)
from zhida.blocks.policies.situations import snapshot_value
from zhida.blocks.records import api as records
from zhida.engine.api import BenefitDefinition
from zhida.kernel.period import Month

_CLAIM = "claim"


@dataclass(frozen=True)
class Decided:
    """One benefit for one person or household. amount: in its unit, 0 unless entitled; missing: facts that an unknown answer waits for."""

    benefit: str
    entity_no: int
    payee_no: int
    status: str
    amount: int
    unit: str
    period_key: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class DecidedNow:
    """Decisions with what they rest on. facts: what was laid over the registers'."""

    month: str
    snapshot_hash: str
    law_as_of: date
    facts: Mapping[str, Any]
    decisions: list[Decided]


def decide_now(
    household_no: int,
    people: Sequence[int],
    benefits: Sequence[str],
    facts: Mapping[str, Any] | None = None,
    by: Basis | None = None,
    month: Month | None = None,
) -> DecidedNow:
    """Decide benefits for a household and for some of its people by the newest facts and the law in force.

    For blocks: whoever shows it has asked for the viewer's resident before. facts: fact -> value as registers write it (a code by its
    key, a day as a date or ISO text), for the first of ``people`` or the household; a fact that is None stays as the registers have it.
    month: decide for this month, such as that of an occasion, by its law and the newest facts; else for the month of these facts.

    Raises: NoRun, HouseholdNotFound, UnknownBenefit, UnknownFact.
    """
    by = by or basis()
    if month is not None and month != by.month:
        by = replace(by, month=month, run=None)
    laid = {name: value for name, value in (facts or {}).items() if value is not None}
    household = _Household(by, household_no)
    _lay_over(household, people[0] if people else 0, laid)
    program = by.law.program(by.month)
    found = []
    explained = program.explain(household.facts, [each for each in benefits if each in program.benefits])
    for name in benefits:
        if name not in program.benefits and name not in by.law.benefits:
            raise UnknownBenefit(name)
    for each in explained:
        definition = each.benefit
        person = household.person_row(definition.entity.name, each.row)
        if definition.entity.name == _CLAIM or (person is not None and household.resident_nos[person] not in people):
            continue
        found.append(_decided(household, definition, each.row, each.status, each.amount, each.occasion, each.missing))
    return DecidedNow(by.month.text, by.snapshot_hash, by.law_as_of, laid, found)


def basis_of(month: Month, snapshot_hash: str, law_as_of: date) -> Basis:
    """Return the basis that a decision was kept with, whatever has been delivered or published since. Raises: NoSnapshot."""
    known_on = records.snapshot(snapshot_hash).known_on
    return Basis(month, snapshot_hash, known_on, laws.installed_law(law_as_of), law_as_of, None)


def explain_decided(
    viewer: Viewer, household_no: int, people: Sequence[int], benefit: str, entity_no: int, facts: Mapping[str, Any], by: Basis
) -> Explanation:
    """Return why ``decide_now`` said what it said about one benefit of one person or household, with the same facts laid over.

    For blocks: whoever shows it has asked for the viewer's case before. Members who have not agreed to share stay unnamed.
    Raises: HouseholdNotFound, UnknownBenefit, UnknownFact.
    """
    household = _Household(by, household_no)
    _lay_over(household, people[0] if people else 0, facts)
    names = _names(household, _visible_rows(viewer, household))
    for found in _program_with(by, benefit).explain(household.facts, [benefit], names):
        entity = found.benefit.entity.name
        if household.entity_no(entity, found.row) == entity_no:
            return _explanation(household, found, household.person_row(entity, found.row), names)
    raise UnknownBenefit(benefit)


def _decided(
    household: _Household, definition: BenefitDefinition, row: int, status: int, amount: int, occasion: int | None, missing: tuple[str, ...]
) -> Decided:
    return Decided(
        benefit=definition.code,
        entity_no=household.entity_no(definition.entity.name, row),
        payee_no=household.payee_no(definition, row),
        status=STATUS[status],
        amount=amount if status == 1 else 0,
        unit=definition.unit,
        period_key=_period_key(definition, household.month, occasion if status == 1 else None),
        missing=tuple(missing),
    )


def _lay_over(household: _Household, resident_no: int, facts: Mapping[str, Any]) -> None:
    known = {name: (entity, fact) for (entity, name), fact in household.basis.law.facts.items()}
    for name, value in facts.items():
        if name not in known:
            raise UnknownFact(name)
        entity, fact = known[name]
        written = snapshot_value(fact, value)
        if entity == "household":
            household.facts.household[name] = written
        elif resident_no in household.resident_nos and name in household.facts.person:
            household.facts.person[name][household.resident_nos.index(resident_no)] = written
