"""Situations: cases of the law that policy staff write in YAML (format: packs/README.md), and what decides them.

A situation names one household and what it is owed. ``problems(situation, law)`` decides it by the scalar evaluator, by the population
kernel, and once more between other households, and returns a sentence for every answer that is not the expected one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from zhida.blocks.policies.errors import SituationUnreadable
from zhida.engine.api import UNKNOWN, Batch, FactDefinition, HouseholdFacts, Law, Program
from zhida.kernel.period import NEVER, Month, days_since_epoch
from zhida.kernel.yaml_files import SafeLoader

HOME_DISTRICT = 330106
NOT_IN_FORCE = "not in force"
UNKNOWN_FACT = "unknown"
# How snapshot columns are typed; everything else is a 64-bit whole number.
ARROW_TYPES = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "month": pa.date32(),
    "code": pa.int8(),
    "organisation": pa.string(),
}
# Facts that a case may leave out although no contract says what they then are: everybody is registered where the household lives,
# and nobody's row waits in quarantine.
PERSON_DEFAULTS = {"hukou_local": True, "residence_kind": "registered"}
HOUSEHOLD_DEFAULTS = {"household_kind": "family", "district": HOME_DISTRICT, "members_complete": True}
_WRITTEN = ("name", "period", "until", "law_as_of", "household", "expect")


@dataclass(frozen=True)
class Situation:
    """One case as written. ``expect``: benefit -> an answer, or -> {person or claim name: an answer}, over all months."""

    pack: str
    file: str
    name: str
    period: Month
    law_as_of: date | None
    household: dict[str, Any]
    expect: dict[str, Any]
    until: Month | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def months(self) -> list[Month]:
        """The month, or every month of a claim that reaches over several."""
        found = [self.period]
        while self.until and found[-1] < self.until:
            found.append(found[-1].next)
        return found


@dataclass(frozen=True)
class Answer:
    """What a household, person or claim is owed: an amount in the smallest unit, or unknown for want of some facts."""

    amount: int | None
    missing: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.amount}" if self.amount is not None else f"unknown {' '.join(sorted(self.missing))}"


# ---- reading ----------------------------------------------------------------------------------------------------------------------------


class _Loader(SafeLoader):  # type: ignore[misc, valid-type]
    """Keeps decimals as they are written."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(str(loader.construct_scalar(node))))


def read_situations(pack: str, folder: Path) -> list[Situation]:
    """Read every situation file of a pack's ``tests/situations`` folder. Raises: SituationUnreadable."""
    found: list[Situation] = []
    for path in sorted(folder.glob("*.yaml")):
        place = f"{pack}/{path.name}"
        try:
            written = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        except yaml.YAMLError as error:
            raise SituationUnreadable(place, "", f"YAML 有误（{error}）", f"the YAML is wrong ({error})") from error
        found.extend(_situation(pack, place, item) for item in written or [])
    return found


def _situation(pack: str, place: str, item: dict[str, Any]) -> Situation:
    name = str(item.get("name", ""))
    for key in item:
        if key not in _WRITTEN:
            raise _unreadable(place, name, str(key), list(_WRITTEN))
    if not (name and "period" in item and item.get("household", {}).get("persons") and item.get("expect")):
        raise SituationUnreadable(
            place, name, "缺少 name、period、persons 或 expect", "it lacks a name, a period, persons or what to expect"
        )
    until = Month.parse(str(item["until"])) if "until" in item else None
    return Situation(pack, place, name, Month.parse(str(item["period"])), item.get("law_as_of"), item["household"], item["expect"], until)


def _unreadable(place: str, name: str, word: str, known: list[str]) -> SituationUnreadable:
    near = next(iter(difflib.get_close_matches(word, known, 1)), "")
    return SituationUnreadable(place, name, f"不认识“{word}”，是否想写 {near}？", f"'{word}' is not known here. Did you mean '{near}'?")


# ---- the household as facts -------------------------------------------------------------------------------------------------------------

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Case:
    """A situation as columns of the snapshot, and the row of each name in them."""

    columns: dict[str, Columns]
    rows: dict[str, dict[str, int]]


def build_case(situation: Situation, law: Law, household_no: int = 330106000001) -> Case:
    """Fill in what the situation leaves out with what a contract says of somebody who is in no register. Raises: SituationUnreadable."""
    builder = _Builder(situation, law, household_no)
    persons = situation.household["persons"]
    household = {key: value for key, value in situation.household.items() if key != "persons"}
    names = {str(person.get("name", number)): row for row, (number, person) in enumerate(enumerate(persons))}
    claims = [(row, claim) for row, person in enumerate(persons) for claim in person.get("claims", ())]
    columns = {
        "household": builder.table("household", [builder.household_row(household, persons)]),
        "person": builder.table("person", [builder.person_row(row, person, household, names) for row, person in enumerate(persons)]),
        "claim": builder.table("claim", [builder.claim_row(number, row, claim) for number, (row, claim) in enumerate(claims)]),
    }
    claim_names = {str(claim.get("name", number)): number for number, (_, claim) in enumerate(claims)}
    return Case(columns, {"person": names, "claim": claim_names, "household": {}})


class _Builder:
    def __init__(self, situation: Situation, law: Law, household_no: int) -> None:
        self.situation, self.law, self.household_no = situation, law, household_no
        self.facts: dict[str, dict[str, FactDefinition]] = {}
        for (entity, name), fact in law.facts.items():
            self.facts.setdefault(entity, {})[name] = fact

    def resident_no(self, row: int) -> int:
        return self.household_no * 100 + row + 1

    def household_row(self, written: Mapping[str, Any], persons: list[dict[str, Any]]) -> dict[str, Any]:
        head = next((row for row, person in enumerate(persons) if person.get("is_head")), 0)
        district = int(written.get("district", HOME_DISTRICT))
        built_in = {"household_no": self.household_no, "head_resident_no": self.resident_no(head), **_areas(district)}
        return {**HOUSEHOLD_DEFAULTS, **built_in, **written}

    def person_row(self, row: int, person: Mapping[str, Any], household: Mapping[str, Any], names: Mapping[str, int]) -> dict[str, Any]:
        district = int(household.get("district", HOME_DISTRICT))
        areas = {key: value for key, value in _areas(district).items() if key != "street"}
        is_first = row == 0
        built_in = {
            "resident_no": self.resident_no(row),
            "household_no": self.household_no,
            "is_head": is_first,
            "hukou_area": district,
            **areas,
        }
        written = {key: value for key, value in person.items() if key not in ("name", "claims")}
        for key, value in written.items():
            # A person of the same household is written by name: mother: 甲.
            if getattr(self.facts["person"].get(key), "dtype", "") == "resident" and value in names:
                written[key] = self.resident_no(names[value])
        return {**PERSON_DEFAULTS, "relation": "head" if is_first else "other", **built_in, **written}

    def claim_row(self, number: int, row: int, claim: Mapping[str, Any]) -> dict[str, Any]:
        built_in = {"claim_no": self.household_no * 1000 + number, "resident_no": self.resident_no(row), "household_no": self.household_no}
        return {**built_in, **{key: value for key, value in claim.items() if key != "name"}}

    def table(self, entity: str, rows: list[dict[str, Any]]) -> Columns:
        facts = self.facts[entity]
        for row in rows:
            for key in row:
                if key not in facts:
                    raise _unreadable(self.situation.file, self.situation.name, key, list(facts))
        return {name: [self.value(fact, row.get(name, fact.absent)) for row in rows] for name, fact in facts.items()}

    def value(self, fact: FactDefinition, written: Any) -> Any:
        """Turn a written value into what a snapshot holds. Raises: SituationUnreadable."""
        if written is None or written == UNKNOWN_FACT:
            return None
        try:
            return _snapshot_value(fact, written)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise SituationUnreadable(
                self.situation.file, self.situation.name, f"{fact.name} 的值“{written}”不可用", f"'{written}' is not a value of {fact.name}"
            ) from error


def _areas(district: int) -> dict[str, int]:
    return {"district": district, "street": district * 1000 + 1, "community": district * 1_000_000 + 1001}


def _snapshot_value(fact: FactDefinition, written: Any) -> Any:
    match fact.kind:
        case "bool":
            return bool(written)
        case "date":
            return _days(written)
        case "code" if fact.dtype == "organisation":
            return None if written == "none" else str(written)
        case "code":
            if str(written) in fact.codes:
                return fact.codes.index(str(written)) + 1
            return {"none": 0}.get(str(written)) if written == "none" else int(written)
    if written == "none":
        return 0
    places = fact.scale + (2 if fact.dtype in ("money", "money_yuan") else 0)
    number = Decimal(str(written)).scaleb(places)
    if number != int(number):
        raise ValueError(written)
    return int(number)


def _days(written: Any) -> int:
    if written == "never":
        return days_since_epoch(NEVER)
    if isinstance(written, date):
        return days_since_epoch(written)
    text = str(written)
    return days_since_epoch(Month.parse(text).start if len(text) == 7 else date.fromisoformat(text))


# ---- deciding ---------------------------------------------------------------------------------------------------------------------------


def problems(situation: Situation, law: Law) -> list[str]:
    """Return a sentence for each answer that differs from the expected one; none is as it should be."""
    codes = list(situation.expect)
    case = build_case(situation, law)
    around = [build_case(situation, law, number) for number in (330106000000, 330106000001, 330106000002)]
    programs = [law.program(month, codes) for month in situation.months]
    ways = {
        "scalar": _together(_by_scalar(program, case) for program in programs),
        "kernel": _together(_by_kernel(program, law, [case], 0) for program in programs),
        "among others": _together(_by_kernel(program, law, around, 1) for program in programs),
    }
    return [
        f"{code}{f' of {who}' if who else ''}, {way}: expected {expected}, got {got}"
        for code, entity, who, expected in _expectations(situation, law)
        for way, answers in ways.items()
        if str(got := _answer(answers, code, case.rows[entity].get(who, 0))) != str(expected)
    ]


def _together(months: Iterable[dict[str, list[Answer]]]) -> dict[str, list[Answer]]:
    """Add up the answers of several months; unknown where one of them is."""
    whole: dict[str, list[Answer]] = {}
    for answers in months:
        for code, rows in answers.items():
            whole[code] = [_sum(pair) for pair in zip(whole[code], rows, strict=True)] if code in whole else rows
    return whole


def _sum(answers: tuple[Answer, Answer]) -> Answer:
    missing = frozenset[str]().union(*(answer.missing for answer in answers))
    amounts = [answer.amount for answer in answers if answer.amount is not None]
    return Answer(sum(amounts), missing) if len(amounts) == len(answers) else Answer(None, missing)


def decide(situation: Situation, law: Law) -> dict[str, list[Answer]]:
    """Return what the population kernel answers for every row, by benefit that the situation names and that is in force."""
    return _by_kernel(law.program(situation.period, list(situation.expect)), law, [build_case(situation, law)], 0)


def _expectations(situation: Situation, law: Law) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (benefit, entity, name of person or claim, expected answer)."""
    for code, written in situation.expect.items():
        benefit = law.benefits[code]
        if not isinstance(written, dict):
            yield code, benefit.entity.name, "", _expected(written, benefit.unit)
            continue
        for who, answer in written.items():
            yield code, benefit.entity.name, str(who), _expected(answer, benefit.unit)


def _expected(written: Any, unit: str) -> Answer | str:
    if written == NOT_IN_FORCE:
        return NOT_IN_FORCE
    if isinstance(written, str) and written.split()[:1] == [UNKNOWN_FACT]:
        return Answer(None, frozenset(written.split()[1:]))
    return Answer(int(Decimal(str(written)) * (100 if unit == "fen" else 1)))


def _answer(answers: dict[str, list[Answer]], code: str, row: int) -> Answer | str:
    return answers[code][row] if code in answers else NOT_IN_FORCE


def _by_scalar(program: Program, case: Case) -> dict[str, list[Answer]]:
    columns = case.columns
    household = {name: values[0] for name, values in columns["household"].items()}
    answers: dict[str, list[Answer]] = {code: [] for code in program.benefits}
    for found in program.explain(HouseholdFacts(columns["person"], household, columns["claim"])):
        answers[found.benefit.code].append(Answer(None, frozenset(found.missing)) if found.status == UNKNOWN else Answer(found.amount))
    return answers


def _by_kernel(program: Program, law: Law, cases: list[Case], chosen: int) -> dict[str, list[Answer]]:
    """Decide several households in one batch and return the answers of one of them."""
    tables = {entity: _arrow(law, entity, [case.columns[entity] for case in cases]) for entity in ("person", "household", "claim")}
    evaluation = program.evaluate(Batch.from_arrow(tables["person"], tables["household"], tables["claim"], law.facts.values()))
    answers = {}
    for result in evaluation:
        missing = dict(zip(result.unknown_rows.tolist(), result.missing, strict=True))
        every = [
            Answer(None, frozenset(missing[row].split(","))) if row in missing else Answer(amount)
            for row, amount in enumerate(result.amount.tolist())
        ]
        size = len(next(iter(cases[chosen].columns[result.entity].values())))
        answers[result.code] = every[chosen * size : (chosen + 1) * size]
    return answers


def _arrow(law: Law, entity: str, parts: list[Columns]) -> pa.Table:
    names = list(parts[0])
    arrays = []
    for name in names:
        kind = ARROW_TYPES.get(law.facts[(entity, name)].dtype, pa.int64())
        values = [value for part in parts for value in part[name]]
        arrays.append(pa.array(values, pa.int32()).cast(kind) if kind == pa.date32() else pa.array(values, kind))
    return pa.table(arrays, names=names)
