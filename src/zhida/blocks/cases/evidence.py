"""What a case needs to know: taken from registers where the city has it, asked once where it has not, kept for the next time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.cases.declarations.model import Field, LifeEventDeclaration
from zhida.blocks.cases.models import KeptAnswer
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.identifiers import id_check_character
from zhida.kernel.money import parse_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text

TEXT_MAX = 500
# Long enough for the number of a household; beyond it nothing that is counted is so many.
NUMBER_MAX = 10**15
# So many snapshots back somebody who has died is looked for.
EARLIER_SNAPSHOTS = 13


@dataclass(frozen=True)
class Person:
    """Somebody a case is about, as registers know them. id_number: 18 characters."""

    resident_no: int
    id_number: str
    name: str
    birth_date: date
    sex: str
    household_no: int
    community: int
    # The newest snapshot that has them, and its month.
    snapshot_hash: str = ""
    known_in: str = ""
    # The newest snapshot has them no more: they have died, or left the city.
    is_gone: bool = False

    @property
    def id17(self) -> int:
        return int(self.id_number[:17])


@dataclass(frozen=True)
class Wanted:
    """The people of one case. applicant: None where nobody has come forward yet."""

    subject: Person
    applicant: Person | None


def persons(resident_nos: Iterable[int]) -> dict[int, Person]:
    """Return people by number as the newest snapshot that has them knows them: the dead stand in an earlier one. Others are left out.

    Behind a number that has been merged stands the person that it turned out to be, with that one's number.
    For blocks: whoever shows them has asked for the viewer's resident before.
    """
    left = list(dict.fromkeys(resident_nos))
    newest = records.newest_snapshot()
    found = _persons_in(newest.hash, newest.month, left)
    if len(found) < len(left):
        kept = parties.merged_numbers()
        now = _persons_in(newest.hash, newest.month, [kept[number] for number in left if number not in found and number in kept])
        found |= {number: now[kept[number]] for number in left if number not in found and kept.get(number) in now}
    if len(found) < len(left):
        for snapshot in records.snapshots()[1:EARLIER_SNAPSHOTS]:
            found |= _persons_in(snapshot.hash, snapshot.month, [number for number in left if number not in found], is_gone=True)
    return found


def _persons_in(snapshot_hash: str, month: str, numbers: Sequence[int], is_gone: bool = False) -> dict[int, Person]:
    ids = records.id_numbers_of(numbers, snapshot_hash)
    cards = {number: records.checked_card(SYSTEM, number, snapshot_hash) for number in ids}
    return {
        number: Person(
            number, ids[number], card.name, card.birth_date, card.sex, card.household_no, card.community, snapshot_hash, month, is_gone
        )
        for number, card in cards.items()
    }


def gather(declared: LifeEventDeclaration, cases: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Return what the city already has for each case: key -> {value, source, on}. One query per register, however many cases."""
    found: list[dict[str, Any]] = [{} for _ in cases]
    by_register: dict[str, list[Field]] = defaultdict(list)
    for field in declared.evidence:
        if "record_type" in field.source:
            by_register[field.source["record_type"]].append(field)
    for record_type, fields in by_register.items():
        # An older version may name a register that nobody delivers any more: then it is asked.
        if record_type in records.record_types():
            _from_register(record_type, fields, cases, found)
    for case, evidence in zip(cases, found, strict=True):
        for field in declared.evidence:
            _from_person(field, case, evidence)
    _from_kept(declared, cases, found)
    return found


def _from_register(record_type: str, fields: Sequence[Field], cases: Sequence[Wanted], found: list[dict[str, Any]]) -> None:
    contract = records.record_types()[record_type]
    by = "household_no" if contract.entity == "household" else contract.link
    people = {field.of: [_person(field.of, case) for case in cases] for field in fields}
    keys = {_register_key(by, person) for persons_of in people.values() for person in persons_of if person is not None}
    rows = records.rows_about(record_type, by, sorted(keys))
    for field in fields:
        for person, evidence in zip(people[field.of], found, strict=True):
            row = rows.get(_register_key(by, person)) if person is not None else None
            value = None if row is None else row.values.get(field.source["field"])
            if value is not None and row is not None:
                written = _id_number(value) if contract.field(field.source["field"]).type == "id_number" else plain(value)
                evidence[field.key] = {"value": written, "source": record_type, "on": row.delivered_on.isoformat()}


def _id_number(id17: int) -> str:
    """Return an id number as people write it; registers keep its first seventeen digits."""
    return f"{id17}{id_check_character(str(id17))}"


def _register_key(by: str, person: Person) -> int:
    return person.household_no if by == "household_no" else person.id17


def _person(of: str, case: Wanted) -> Person | None:
    return case.applicant if of == "applicant" else case.subject


def _from_person(field: Field, case: Wanted, evidence: dict[str, Any]) -> None:
    person = _person(field.of, case)
    if person is None:
        return
    if "card" in field.source:
        evidence[field.key] = {"value": plain(getattr(person, field.source["card"])), "source": "card", "on": clock.today().isoformat()}
    elif "fact" in field.source:
        value = _fact(field.source["fact"], person)
        if value is not None:
            evidence[field.key] = {"value": plain(value), "source": "fact", "on": clock.today().isoformat()}


def _fact(name: str, person: Person) -> Any:
    """Return a fact of the newest snapshot, of the household or the person; None where it is unknown."""
    facts = _household(person.snapshot_hash, person.household_no)
    if name in facts.household:
        value = facts.household[name]
    else:
        values = facts.person.get(name)
        value = values[facts.resident_nos.index(person.resident_no)] if values else None
    codes = records.facts()[name].codes if name in records.facts() else ()
    return (codes[value - 1] if value else "none") if codes and value is not None else value


@lru_cache(1)
def _household(snapshot_hash: str, household_no: int) -> records.HouseholdFacts:
    """Return the facts of a household; several fields of one case ask one after the other."""
    return records.read_household(snapshot_hash, household_no)


def _from_kept(declared: LifeEventDeclaration, cases: Sequence[Wanted], found: list[dict[str, Any]]) -> None:
    """What somebody told for an earlier case is not asked again while it is kept."""
    numbers = {person.resident_no for case in cases for person in (case.subject, case.applicant) if person}
    wanted = {field.key: field for field in declared.evidence if not field.source and is_kept(field)}
    kept = {
        (row.resident_no, row.key): row
        for row in KeptAnswer.objects.filter(resident_no__in=numbers, key__in=wanted, until__gt=clock.today())
    }
    if not kept:
        return
    for case, evidence in zip(cases, found, strict=True):
        for key, field in wanted.items():
            person = _person(field.of, case)
            row = kept.get((person.resident_no, key)) if person else None
            if row is not None:
                evidence[key] = {"value": row.value, "source": "kept", "on": row.answered_on.isoformat()}


def keep_answers(declared: LifeEventDeclaration, case: Any, answers: Mapping[str, Any]) -> None:
    """Keep what was answered for as long as its field says."""
    today = clock.today()
    rows = []
    for field in declared.evidence:
        number = case.applicant_no if field.of == "applicant" else case.subject_no
        if answers.get(field.key) is not None and number and is_kept(field):
            until = Month.of(today).shifted(field.keep_months).start
            rows.append(KeptAnswer(resident_no=number, key=field.key, value=answers[field.key], answered_on=today, until=until))
    KeptAnswer.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["resident_no", "key"], update_fields=["value", "answered_on", "until"]
    )


def is_kept(field: Field) -> bool:
    """A file and a declaration belong to their case; anything else that was asked may serve the next one."""
    return bool(field.keep_months) and field.kind not in ("file", "statement")


def missing(declared: LifeEventDeclaration, evidence: Mapping[str, Any], items: Iterable[str] | None = None) -> list[Field]:
    """List the fields that must be asked: required, without a value, and wanted as far as one can know. items: only what these need."""
    values = values_of(evidence)
    wanted = None if items is None else set(items)
    return [
        field for field in declared.evidence
        if field.required and field.key not in evidence and (wanted is None or wanted & set(field.needed_by)) and is_wanted(field, values)
    ]  # fmt: skip


def is_wanted(field: Field, values: Mapping[str, Any]) -> bool:
    return field.is_asked(values) is True


def askable(declared: LifeEventDeclaration, evidence: Mapping[str, Any]) -> list[Field]:
    """List the fields of the form: whatever no register gave, the optional ones too."""
    return [field for field in declared.evidence if field.key not in evidence or evidence[field.key]["source"] in ("asked", "kept")]


def values_of(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each["value"] for key, each in evidence.items()}


def read_answers(
    fields: Sequence[Field], written: Mapping[str, Any], evidence: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Text]]:
    """Return answers by key as plain values, and what is wrong by key. An empty answer to an optional field is no answer."""
    answers: dict[str, Any] = {}
    problems: dict[str, Text] = {}
    values = values_of(evidence)
    for field in fields:
        raw = written.get(field.key)
        text = raw.strip() if isinstance(raw, str) else raw
        if text in (None, ""):
            if field.required and is_wanted(field, {**values, **answers}) and values.get(field.key) is None:
                is_filled_in = field.kind not in ("file", "statement")
                problems[field.key] = Text("这一项要填", "This must be answered") if is_filled_in else WRONG[field.kind]
            continue
        try:
            answers[field.key] = answer_value(field, text)
        except (ValueError, ZhidaError):
            problems[field.key] = WRONG[field.kind]
    return answers, problems


WRONG = {
    "text": Text(f"最多 {TEXT_MAX} 个字", f"At most {TEXT_MAX} characters"),
    "date": Text("请写成 2025-10-31 这样的日期", "Write a date as 2025-10-31"),
    "integer": Text("请填整数，不带正负号", "Write a whole number, without a sign"),
    "money": Text("请填金额，单位元，最多两位小数，不带正负号", "Write an amount in yuan with at most two decimals, without a sign"),
    "boolean": Text("请选“是”或“否”", "Choose yes or no"),
    "choice": Text("请从选项里选一个", "Choose one of the options"),
    "file": Text("请添加文件", "Add a file"),
    "statement": Text("请勾选，表示您同意", "Tick it to agree"),
}


def answer_value(field: Field, text: Any) -> Any:
    """Return an answer as a JSON scalar. Raises: ValueError, InvalidAmount."""
    if field.kind == "date":
        return date.fromisoformat(str(text)).isoformat()
    if field.kind == "integer":
        return _within(int(str(text)))
    if field.kind == "money":
        return _within(text if isinstance(text, int) and not isinstance(text, bool) else parse_yuan(str(text)))
    if field.kind in ("boolean", "statement"):
        said = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "0": False}[str(text).lower()]
        if field.kind == "statement" and not said:
            raise ValueError
        return said
    if field.kind == "choice" and str(text) not in field.options:
        raise ValueError
    if len(str(text)) > TEXT_MAX:
        raise ValueError
    return str(text)


def _within(number: int) -> int:
    """Return a number that registers, rules and payments can hold; what is counted is never below nothing. Raises: ValueError."""
    if not 0 <= number <= NUMBER_MAX:
        raise ValueError
    return number


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: days as ISO text."""
    return value.isoformat() if isinstance(value, date) else value
