"""Why a line of the happiness list says what it says: the rules of the night run, evaluated for one household with a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.places import api as places
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ONE_OFF, occasion_text, period_key
from zhida.blocks.policies.errors import BenefitNotGranted, NoRun, UnknownBenefit
from zhida.blocks.policies.lists import EntitlementLine, is_adult, visible_members
from zhida.blocks.policies.models import Run
from zhida.blocks.records import api as records
from zhida.engine.api import (
    BenefitDefinition,
    BenefitExplanation,
    FactDefinition,
    HouseholdFacts,
    Law,
    Names,
    ParameterUse,
    Program,
    SheetLine,
    TraceNode,
)
from zhida.engine.wording import granted_text
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text

STATUS = {0: "not_entitled", 1: "entitled", 2: "unknown"}
_WORDS = {0: Text("不符合", "not entitled"), 1: Text("应享", "entitled"), 2: Text("暂不能定", "unknown")}


@dataclass(frozen=True)
class Step:
    """One step of the calculation, in reading order; deeper steps explain the one above. who: the member it is about, if not the line's.

    parameter: label, value, from, until, law, clause, source, grade. fact: name, kind, codes (key -> label), label, department,
    record_type, known_on (the day of the delivery it came with), listed (a row was in that delivery; without one it says what is so of
    somebody who is in no register).
    """

    depth: int
    label: Text
    value_text: Text
    clause: str
    source: str
    parameter: dict[str, Any] | None
    fact: dict[str, Any] | None
    who: Text | None = None
    kind: str = ""


@dataclass(frozen=True)
class Explanation:
    """Why a line says what it says, and what would change it.

    law_as_of, known_on: the law and the facts it was worked out by. on_file: what the night run decided, where that is something else.
    """

    line: EntitlementLine
    month: str
    steps: list[Step]
    changes: list[Text]
    law_as_of: date
    known_on: date
    on_file: Text | None = None


@dataclass(frozen=True)
class HouseholdSheetLine:
    """A line of a household's sheet: as a step, with a value for every member (or bill), or one for all."""

    depth: int
    kind: str
    label: Text
    entity: str
    values: list[Text]
    clause: str
    source: str
    parameters: list[dict[str, Any]]
    facts: list[dict[str, Any]]


@dataclass(frozen=True)
class HouseholdSheet:
    """Every variable on the way to one benefit, whether or not it had a say. members: the columns of a person's lines."""

    benefit: BenefitDefinition
    month: str
    members: list[Text]
    lines: list[HouseholdSheetLine]
    law_as_of: date
    known_on: date


@dataclass(frozen=True)
class Basis:
    """By which law and which facts something is worked out. run: the decisions that stand, where they rest on just these."""

    month: Month
    snapshot_hash: str
    known_on: date
    law: Law
    law_as_of: date
    run: Run | None


def basis(month: Month | None = None, law_as_of: date | None = None, known_on: date | None = None) -> Basis:
    """Return what the newest run of a month was decided by; with another law or the facts of another day where asked.

    Raises: NoRun, records' NoSnapshot and NoSnapshotThen.
    """
    run = runs.newest_run(month)
    if run is None and month is None:
        raise NoRun("any month")
    of = month or Month.parse(run.month)
    is_as_decided = run is not None and law_as_of is None and known_on is None
    is_decided_on = known_on is None and run is not None
    snapshot = records.snapshot(run.snapshot_hash) if is_decided_on else records.snapshot_for(of, known_on)
    day = laws.last_publication(law_as_of or (run.law_as_of if run is not None else clock.today()))
    return Basis(of, snapshot.hash, snapshot.known_on, laws.installed_law(day), day, run if is_as_decided else None)


class _Household:
    """A household's facts beside the identities that lines need."""

    def __init__(self, basis: Basis, household_no: int) -> None:
        self.facts: HouseholdFacts = records.read_household(basis.snapshot_hash, household_no)
        self.basis, self.household_no, self.month = basis, household_no, basis.month
        self.resident_nos: list[int] = list(self.facts.person["resident_no"])
        self.claim_nos: list[int] = list(self.facts.claim.get("claim_no", ()))
        self._names = records.names_of(basis.snapshot_hash, self.resident_nos)

    @cached_property
    def on_file(self) -> dict[tuple[str, int], tuple[int, int]]:
        """What the run decided, by benefit and entity number: status and amount; who is not entitled is not in it."""
        run = self.basis.run
        rows = runs.decisions_of(run, self.household_no) if run is not None else []
        return {(row["benefit"], row["entity_no"]): (row["status"], row["amount"] or 0) for row in rows}

    def row_of(self, entity: str, row: int) -> dict[str, Any]:
        """The facts of one row, by name."""
        if entity == "household":
            return {name: _single(value) for name, value in self.facts.household.items()}
        columns = self.facts.person if entity == "person" else self.facts.claim
        return {name: values[row] for name, values in columns.items()}

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
    told = explanations(viewer, purpose, resident_no, benefit, basis(month), entity_no)
    if not told:
        raise UnknownBenefit(benefit)
    return told[0]


def explanations(
    viewer: Viewer, purpose: Purpose, resident_no: int, benefit: str, by: Basis, entity_no: int | None = None
) -> list[Explanation]:
    """Return why each line of a benefit that concerns a resident (their own, their household's, their bills') says what it says.

    entity_no: only this line, of anybody in the household whom the viewer may see. Raises: NotYours, UnknownBenefit.
    """
    card = records.checked_card(viewer, resident_no, by.snapshot_hash)
    household = _Household(by, card.household_no)
    program = _program_with(by, benefit)
    seen = _visible_rows(viewer, household)
    own = {household.resident_nos.index(resident_no)} if entity_no is None else seen
    names = _names(household, seen)
    told = []
    for found in program.explain(household.facts, [benefit], names):
        entity = found.benefit.entity.name
        person = household.person_row(entity, found.row)
        is_asked = entity_no in (None, household.entity_no(entity, found.row))
        if is_asked and (person is None or (person in seen and person in own)):
            told.append(_explanation(household, found, person, names))
    if told:
        access.record_access(viewer, purpose, "entitlements.explain", f"resident {resident_no} {benefit}")
    return told


def household_explanations(viewer: Viewer, purpose: Purpose, resident_no: int, by: Basis) -> list[Explanation]:
    """Return why each line of every benefit says what it says, of everybody in a resident's household whom the viewer may see.

    Raises: NotYours.
    """
    card = records.checked_card(viewer, resident_no, by.snapshot_hash)
    household = _Household(by, card.household_no)
    program = by.law.program(by.month)
    seen = _visible_rows(viewer, household)
    names = _names(household, seen)
    told = []
    for found in program.explain(household.facts, list(program.benefits), names):
        person = household.person_row(found.benefit.entity.name, found.row)
        if person is None or person in seen:
            told.append(_explanation(household, found, person, names))
    access.record_access(viewer, purpose, "entitlements.explain", f"resident {resident_no} every benefit")
    return told


def household_sheet(viewer: Viewer, purpose: Purpose, resident_no: int, benefit: str, by: Basis) -> HouseholdSheet:
    """Return every variable on the way to a benefit with the values of a resident's whole household.

    Raises: NotYours, UnknownBenefit.
    """
    card = records.checked_card(viewer, resident_no, by.snapshot_hash)
    household = _Household(by, card.household_no)
    program = _program_with(by, benefit)
    seen = _visible_rows(viewer, household)
    names = _names(household, seen)
    found = program.explain(household.facts, [benefit], names)
    lines = [_sheet_line(depth, line, household) for depth, line in (found[0].sheet if found else ())]
    access.record_access(viewer, purpose, "entitlements.explain", f"resident {resident_no} {benefit}")
    members = [names.member("person", row) or Text("", "") for row in range(len(household.resident_nos))]
    return HouseholdSheet(program.benefits[benefit].definition, by.month.text, members, lines, by.law_as_of, by.known_on)


def _explanation(household: _Household, found: BenefitExplanation, person: int | None, names: Names) -> Explanation:
    by = household.basis
    line = _line(household, found.benefit, found.row, found.status, found.amount, found.occasion, found.missing)
    steps = [_step(depth, step, household, person, names) for depth, step in found.trace.walk()]
    on_file = _on_file(household, found, line.entity_no)
    return Explanation(line, by.month.text, steps, list(found.changes), by.law_as_of, by.known_on, on_file)


def _on_file(household: _Household, found: BenefitExplanation, entity_no: int) -> Text | None:
    """Say what the night run decided where the rules, changed since, now say something else."""
    if household.basis.run is None:
        return None
    decided = household.on_file.get((found.benefit.code, entity_no), (0, 0))
    if decided == (found.status, found.amount):
        return None
    words = _WORDS[decided[0]]
    if decided[0] == 1:
        amount = granted_text(decided[1], found.benefit.unit)
        words = Text(f"{words.zh} {amount.zh}", f"{words.en}, {amount.en}")
    return Text(
        f"核算时的结论是“{words.zh}”；此后规则文件有改动，下面按现在的规则计算。",
        f"When the month was decided the answer was: {words.en}. The rules have been edited since; below is what they say now.",
    )


def _program_with(by: Basis, benefit: str) -> Program:
    """Raises: UnknownBenefit; BenefitNotGranted where the law has it but does not grant it in the month."""
    program = by.law.program(by.month)
    if benefit in program.benefits:
        return program
    raise BenefitNotGranted(benefit, by.month.text, by.law_as_of) if benefit in by.law.benefits else UnknownBenefit(benefit)


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


def _step(depth: int, node: TraceNode, household: _Household, person: int | None, names: Names) -> Step:
    """person: the member the line is about, None for the whole household."""
    fact = _fact(node.fact, household, node.entity, node.row) if node.fact is not None else None
    parameter = _parameter(node.parameter, node.text) if node.parameter is not None else None
    about = household.person_row(node.entity, node.row) if node.fact is not None and node.entity else None
    who = None if about in (None, person) else names.member("person", about)
    return Step(depth, node.label, node.text, node.clause, node.law, parameter, fact, who, node.kind)


def _sheet_line(depth: int, line: SheetLine, household: _Household) -> HouseholdSheetLine:
    facts = [_fact(line.fact, household, line.entity, row) for row in range(len(line.values))] if line.fact is not None else []
    used = {use: text for row, text in enumerate(line.texts) if (use := line.use(row)) is not None}
    parameters = [_parameter(use, text) for use, text in used.items()]
    return HouseholdSheetLine(
        depth, line.kind, line.label, line.entity, line.texts, line.clause, line.law, parameters, [fact for fact in facts if fact]
    )


def _fact(fact: FactDefinition, household: _Household, entity: str, row: int) -> dict[str, Any] | None:
    """Say who supplied a fact, and with which delivery it came."""
    if not fact.record_type:
        return None
    contract = records.record_type(fact.record_type)
    came = records.delivered(household.basis.snapshot_hash, fact.record_type, household.row_of(entity, row))
    return {
        "name": fact.name,
        "kind": fact.kind,
        "codes": dict(zip(fact.codes, fact.code_labels or (Text(code, code) for code in fact.codes), strict=False)),
        "label": fact.label,
        "department": contract.department,
        "record_type": contract.label,
        "known_on": came.on,
        "listed": came.listed,
    }


def _parameter(used: ParameterUse, text: Text) -> dict[str, Any]:
    return {
        "label": used.label,
        "value": text,
        "from": used.since,
        "until": used.until,
        "law": used.law,
        "clause": used.clause,
        "source": used.source,
        "grade": used.grade,
    }


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) else value
