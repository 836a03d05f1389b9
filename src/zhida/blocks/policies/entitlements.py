"""The happiness list and its reasons, for one household: the same rules as the night run, one household at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ADULT_AGE, ONE_OFF, age_on, occasion_text, period_key
from zhida.blocks.policies.errors import UnknownBenefit
from zhida.blocks.policies.models import Run
from zhida.blocks.policies.sharing import sharing_members
from zhida.blocks.records import api as records
from zhida.engine.api import BenefitDefinition, HouseholdFacts, Program, TraceNode
from zhida.kernel.period import Month
from zhida.kernel.text import Text

STATUS = {0: "not_entitled", 1: "entitled", 2: "unknown"}


@dataclass(frozen=True)
class EntitlementLine:
    """One benefit for one entity of the household. amount: fen where unit is fen, 0 unless entitled. payee_no 0 = an organisation."""

    benefit: BenefitDefinition
    status: str
    amount: int
    unit: str
    period_key: str
    entity_kind: str
    entity_no: int
    missing: list[laws.Missing]
    payee_no: int
    who: str


@dataclass(frozen=True)
class EntitlementList:
    """What a household is entitled to in a month, as far as the viewer may see it. hidden_members: grown members who have not agreed."""

    resident: records.ResidentCard
    month: str
    months: list[str]
    lines: list[EntitlementLine]
    hidden_members: int


@dataclass(frozen=True)
class Step:
    """One step of the calculation, in reading order; deeper steps explain the one above."""

    depth: int
    label: Text
    value_text: Text
    clause: str
    source: str
    parameter: dict[str, Any] | None
    fact: dict[str, Any] | None


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
        born = self.facts.person["birth_date"][row]
        return born is None or age_on(born, self.month) >= ADULT_AGE

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


def entitlements(viewer: Viewer, purpose: Purpose, resident_no: int, month: Month | None = None) -> EntitlementList:
    """Return a resident's happiness list for a month, the newest decided one by default.

    Raises: NotYours, NoRun, records' errors for an unknown resident.
    """
    card = records.resident_card(viewer, purpose, resident_no)
    run = runs.latest_run(month)
    household = _Household(run, card.household_no)
    seen = _visible_rows(viewer, household)
    program = laws.installed_law(run.law_as_of).program(household.month)
    lines = [line for line in _lines(program, household) if line[1] is None or line[1] in seen]
    hidden = len(household.resident_nos) - len(seen)
    access.record_access(viewer, purpose, "entitlements.list", f"resident {resident_no}")
    return EntitlementList(card, run.month, decided_months(), [line for line, _ in lines], hidden)


def decided_months() -> list[str]:
    """List the months that have a finished run, newest first."""
    return list(Run.objects.filter(state=Run.State.FINISHED).order_by("-month").values_list("month", flat=True).distinct())


def explanation(
    viewer: Viewer, purpose: Purpose, resident_no: int, benefit: str, entity_no: int, month: Month | None = None
) -> Explanation:
    """Return why one line of the list says what it says.

    Raises: NotYours, UnknownBenefit when the household has no such line or the viewer may not see it.
    """
    card = records.resident_card(viewer, purpose, resident_no)
    run = runs.latest_run(month)
    household = _Household(run, card.household_no)
    program = laws.installed_law(run.law_as_of).program(household.month)
    if benefit not in program.benefits:
        raise UnknownBenefit(benefit)
    seen = _visible_rows(viewer, household)
    for found in program.explain(household.facts, [benefit]):
        entity = found.benefit.entity.name
        person = household.person_row(entity, found.row)
        if household.entity_no(entity, found.row) == entity_no and (person is None or person in seen):
            access.record_access(viewer, purpose, "entitlements.explain", f"resident {resident_no} {benefit}")
            line = _line(household, found.benefit, found.row, found.status, found.amount, found.occasion, found.missing)
            return Explanation(line, run.month, list(_steps(found.trace, 0, run)), list(found.changes))
    raise UnknownBenefit(benefit)


def _visible_rows(viewer: Viewer, household: _Household) -> set[int]:
    """Which members' lines the viewer may see: all for an officer; one's own, children's and sharing members' for a resident."""
    rows = range(len(household.resident_nos))
    if viewer.role != "resident":
        return set(rows)
    sharing = sharing_members(household.resident_nos)
    own = {row for row in rows if household.resident_nos[row] == viewer.resident_no or household.resident_nos[row] in sharing}
    children = {row for row in rows if not household.is_adult(row)}
    return own | children


def _lines(program: Program, household: _Household) -> Iterator[tuple[EntitlementLine, int | None]]:
    """Yield every line with the member it is about. Only what is unknown or paid once is traced: the rest needs no reasons yet."""
    decided = program.decide(household.facts)
    definitions = {code: benefit.definition for code, benefit in program.benefits.items()}
    traced = [code for code, amounts in decided.items() if None in amounts or (definitions[code].every == "ONCE" and any(amounts))]
    reasons = {(found.benefit.code, found.row): found for found in program.explain(household.facts, traced)} if traced else {}
    for code, amounts in decided.items():
        for row, amount in enumerate(amounts):
            found = reasons.get((code, row))
            status = found.status if found else int(bool(amount))
            line = _line(
                household, definitions[code], row, status, amount or 0, found.occasion if found else None, found.missing if found else ()
            )
            yield line, household.person_row(definitions[code].entity.name, row)


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


def _steps(node: TraceNode, depth: int, run: Run) -> Iterator[Step]:
    """Flatten a trace in reading order."""
    fact = parameter = None
    if node.fact is not None and node.fact.record_type:
        fact = {
            "label": node.fact.label,
            "department": records.record_type(node.fact.record_type).department,
            "record_type": records.record_types()[node.fact.record_type].label,
            "known_on": records.known_on(run.snapshot_hash, node.fact.name),
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
    yield Step(depth, node.label, node.text, node.clause, node.law, parameter, fact)
    for child in node.children:
        yield from _steps(child, depth + 1, run)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) else value
