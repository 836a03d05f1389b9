"""Why a line of the happiness list says what it says: the rules of the night run, evaluated for one household with a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.places import api as places
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ONE_OFF, occasion_text, period_key
from zhida.blocks.policies.errors import UnknownBenefit
from zhida.blocks.policies.lists import EntitlementLine, is_adult, visible_members
from zhida.blocks.policies.models import Run
from zhida.blocks.records import api as records
from zhida.engine.api import BenefitDefinition, FactDefinition, HouseholdFacts, Names, TraceNode
from zhida.kernel.period import Month
from zhida.kernel.text import Text

STATUS = {0: "not_entitled", 1: "entitled", 2: "unknown"}


@dataclass(frozen=True)
class Step:
    """One step of the calculation, in reading order; deeper steps explain the one above. who: the member it is about, if not the line's."""

    depth: int
    label: Text
    value_text: Text
    clause: str
    source: str
    parameter: dict[str, Any] | None
    fact: dict[str, Any] | None
    who: Text | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a line says what it says, and what would change it."""

    line: EntitlementLine
    month: str
    steps: list[Step]
    changes: list[Text]


class _Household:
    """A household's facts beside the identities that lines need."""

    def __init__(self, run: Run, household_no: int) -> None:
        self.facts: HouseholdFacts = records.read_household(run.snapshot_hash, household_no)
        self.household_no = household_no
        self.month = Month.parse(run.month)
        self.resident_nos: list[int] = list(self.facts.person["resident_no"])
        self.claim_nos: list[int] = list(self.facts.claim.get("claim_no", ()))
        self._names = records.names_of(run.snapshot_hash, self.resident_nos)

    def is_adult(self, row: int) -> bool:
        return is_adult(self.facts.person["birth_date"][row], self.month)

    def person_row(self, entity: str, row: int) -> int | None:
        """The member a decision is about; None for the whole household."""
        if entity == "household":
            return None
        return row if entity == "person" else self.resident_nos.index(self.facts.claim["resident_no"][row])

    def entity_no(self, entity: str, row: int) -> int:
        return {"person": self.resident_nos, "household": [self.household_no], "claim": self.claim_nos}[entity][row]

    def name(self, entity: str, row: int) -> str:
        person = self.person_row(entity, row)
        return "" if person is None else self._names.get(self.resident_nos[person], "")

    def payee_no(self, definition: BenefitDefinition, row: int) -> int:
        """The resident who receives; 0 for an organisation. The counterpart of decisions.payees for one row."""
        if definition.payee.startswith("organisation:"):
            return 0
        head = int(_single(self.facts.household["head_resident_no"]) or 0)
        person = self.person_row(definition.entity.name, row)
        if person is None or definition.payee == "head":
            return head
        if definition.payee == "guardian" and not self.is_adult(person):
            return head
        if definition.payee == "mother":
            return int(self.facts.person["mother"][person] or 0) or head
        return self.resident_nos[person]


def explanation(
    viewer: Viewer, purpose: Purpose, resident_no: int, benefit: str, entity_no: int, month: Month | None = None
) -> Explanation:
    """Return why one line of the list says what it says.

    Raises: NotYours, UnknownBenefit when the household has no such line or the viewer may not see it.
    """
    run = runs.latest_run(month)
    card = records.checked_card(viewer, resident_no, run.snapshot_hash)
    household = _Household(run, card.household_no)
    program = laws.installed_law(run.law_as_of).program(household.month)
    if benefit not in program.benefits:
        raise UnknownBenefit(benefit)
    seen = _visible_rows(viewer, household)
    names = _names(household, seen)
    for found in program.explain(household.facts, [benefit], names):
        entity = found.benefit.entity.name
        person = household.person_row(entity, found.row)
        if household.entity_no(entity, found.row) == entity_no and (person is None or person in seen):
            access.record_access(viewer, purpose, "entitlements.explain", f"resident {resident_no} {benefit}")
            line = _line(household, found.benefit, found.row, found.status, found.amount, found.occasion, found.missing)
            return Explanation(line, run.month, list(_steps(found.trace, 0, run, household, person, names)), list(found.changes))
    raise UnknownBenefit(benefit)


def _visible_rows(viewer: Viewer, household: _Household) -> set[int]:
    """The rows of the members whose lines the viewer may see."""
    seen = visible_members(viewer, dict(zip(household.resident_nos, household.facts.person["birth_date"], strict=True)), household.month)
    return {row for row, number in enumerate(household.resident_nos) if number in seen}


def _line(
    household: _Household, definition: BenefitDefinition, row: int, status: int, amount: int, occasion: int | None, missing: tuple[str, ...]
) -> EntitlementLine:
    entity = definition.entity.name
    return EntitlementLine(
        benefit=definition,
        status=STATUS[status],
        amount=amount if status == 1 else 0,
        unit=definition.unit,
        period_key=_period_key(definition, household.month, occasion if status == 1 else None),
        entity_kind=entity,
        entity_no=household.entity_no(entity, row),
        missing=[laws.missing_named(name) for name in missing],
        payee_no=household.payee_no(definition, row),
        who=household.name(entity, row),
    )


def _period_key(definition: BenefitDefinition, month: Month, occasion: int | None) -> str:
    if definition.every != "ONCE":
        return period_key(definition.every, month)
    if not definition.occasion:
        return f"{ONE_OFF}1"
    if occasion is None:
        return ONE_OFF
    return ONE_OFF + occasion_text(occasion, dated=laws.occasion_is_date(definition))


def _names(household: _Household, seen: set[int]) -> Names:
    """How this reader calls areas, departments and members: those who have not agreed to share stay unnamed."""

    def member(entity: str, row: int) -> Text | None:
        person = household.person_row(entity, row)
        if person is None:
            return None
        name = household.name(entity, row) if person in seen else ""
        named = Text(name, name) if name else Text(f"家人{person + 1}", f"Member {person + 1}")
        if entity != "claim":
            return named
        number = household.facts.claim["resident_no"][: row + 1].count(household.resident_nos[person])
        return Text(f"{named.zh}第 {number} 笔费用", f"{named.en}, bill {number}")

    return Names(_area_name, member, lambda record_type: records.record_type(record_type).department if record_type else None)


def _area_name(code: int) -> Text | None:
    try:
        return places.area(code).name
    except places.UnknownArea:
        return Text("杭州以外", "outside Hangzhou")


def _known_on(run: Run, fact: FactDefinition) -> date | None:
    """The day the register behind a fact was delivered. Columns that the house adds are as old as the other facts of their register."""
    facts = records.facts().values()
    named = next((known.name for known in facts if known.record_type == fact.record_type), fact.name)
    return records.known_on(run.snapshot_hash, fact.name) or records.known_on(run.snapshot_hash, named)


def _steps(node: TraceNode, depth: int, run: Run, household: _Household, person: int | None, names: Names) -> Iterator[Step]:
    """Flatten a trace in reading order. person: the member the line is about, None for the whole household."""
    fact = parameter = None
    if node.fact is not None and node.fact.record_type:
        fact = {
            "label": node.fact.label,
            "department": records.record_type(node.fact.record_type).department,
            "record_type": records.record_types()[node.fact.record_type].label,
            "known_on": _known_on(run, node.fact),
        }
    if node.parameter is not None:
        used = node.parameter
        parameter = {
            "label": used.label,
            "value": node.text,
            "from": used.since,
            "until": used.until,
            "law": used.law,
            "clause": used.clause,
            "source": used.source,
            "grade": used.grade,
        }
    about = household.person_row(node.entity, node.row) if node.fact is not None and node.entity else None
    who = None if about in (None, person) else names.member("person", about)
    yield Step(depth, node.label, node.text, node.clause, node.law, parameter, fact, who)
    for child in node.children:
        yield from _steps(child, depth + 1, run, household, person, names)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) else value
