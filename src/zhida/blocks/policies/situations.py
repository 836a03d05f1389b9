"""Situations: cases of the law that policy staff write in YAML (format: packs/README.md).

A situation names one household and what it is owed: here it is read and turned into the facts of a snapshot; situation_checks.py decides.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from zhida.blocks.policies.errors import SituationUnreadable
from zhida.blocks.policies.law import pack_sources
from zhida.engine.api import FactDefinition, Law
from zhida.kernel.period import NEVER, Month, days_since_epoch
from zhida.kernel.yaml_files import SafeLoader

HOME_DISTRICT = 330106
NOT_IN_FORCE = "not in force"
UNKNOWN_FACT = "unknown"
# Facts that a case may leave out although no contract says what they then are: everybody is registered where the household lives,
# and nobody's row waits in quarantine.
PERSON_DEFAULTS = {"hukou_local": True, "residence_kind": "registered"}
HOUSEHOLD_DEFAULTS = {"household_kind": "family", "district": HOME_DISTRICT, "members_complete": True}
_WRITTEN = ("name", "period", "until", "law_as_of", "household", "expect")


@dataclass(frozen=True)
class Situation:
    """One case as written. ``expect``: benefit -> an answer, or -> {person or claim name: an answer}, over all months.

    lines: where in the file the case begins (under its own name ``""``) and where each expected benefit stands, 1 is the first.
    """

    pack: str
    file: str
    name: str
    period: Month
    law_as_of: date | None
    household: dict[str, Any]
    expect: dict[str, Any]
    until: Month | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, hash=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def months(self) -> list[Month]:
        """The month, or every month of a claim that reaches over several."""
        found = [self.period]
        while self.until and found[-1] < self.until:
            found.append(found[-1].next)
        return found


# ---- reading ----------------------------------------------------------------------------------------------------------------------------


class _Loader(SafeLoader):  # type: ignore[misc, valid-type]
    """Keeps decimals as they are written."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(str(loader.construct_scalar(node))))


def situation_folders() -> dict[str, Path]:
    """Return where each installed pack keeps its situations."""
    return {source.name: source.folder / "tests" / "situations" for source in pack_sources()}


def read_situations(pack: str, folder: Path) -> list[Situation]:
    """Read every situation file of a pack's ``tests/situations`` folder. Raises: SituationUnreadable."""
    return [found for path in sorted(folder.glob("*.yaml")) for found in read_situation_file(pack, path, f"{pack}/{path.name}")]


def read_situation_file(pack: str, path: Path, place: str) -> list[Situation]:
    """Read one file of situations; ``place`` is what they say of where they stand. Raises: SituationUnreadable."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        written = loader.construct_document(node) if node is not None else []
    except yaml.YAMLError as error:
        raise SituationUnreadable(place, "", f"YAML 有误（{error}）", f"the YAML is wrong ({error})") from error
    if not isinstance(written, list) or not all(isinstance(item, dict) for item in written):
        raise SituationUnreadable(place, "", "不是情景的列表", "it is not a list of situations")
    return [_situation(pack, place, item, _lines(case)) for item, case in zip(written, node.value if written else (), strict=True)]


def _lines(case: yaml.MappingNode) -> dict[str, int]:
    lines = {"": case.start_mark.line + 1}
    for key, value in case.value:
        if key.value == "expect" and isinstance(value, yaml.MappingNode):
            lines |= {str(code.value): code.start_mark.line + 1 for code, _ in value.value}
    return lines


def _situation(pack: str, place: str, item: dict[str, Any], lines: dict[str, int]) -> Situation:
    name = str(item.get("name", ""))
    for key in item:
        if key not in _WRITTEN:
            raise unreadable(place, name, str(key), list(_WRITTEN))
    if not (name and "period" in item and item.get("household", {}).get("persons") and item.get("expect")):
        raise SituationUnreadable(
            place, name, "缺少 name、period、persons 或 expect", "it lacks a name, a period, persons or what to expect"
        )
    until = Month.parse(str(item["until"])) if "until" in item else None
    period = Month.parse(str(item["period"]))
    return Situation(pack, place, name, period, item.get("law_as_of"), item["household"], item["expect"], until, lines)


def unreadable(place: str, name: str, word: str, known: list[str]) -> SituationUnreadable:
    """Say that a word is not known, and the known one most like it."""
    near = next(iter(difflib.get_close_matches(word, known, 1)), "")
    zh, en = (f"（是否想写 {near}？）", f" (did you mean '{near}'?)") if near else ("", "")
    return SituationUnreadable(place, name, f"不认识“{word}”{zh}", f"'{word}' is not known here{en}")


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
                    raise unreadable(self.situation.file, self.situation.name, key, list(facts))
        written = [{key: self.value(facts[key], value) for key, value in row.items()} for row in rows]
        return {name: [row.get(name, absent) for row in written] for name, absent in _absent_values(self.law)[entity].items()}

    def value(self, fact: FactDefinition, written: Any) -> Any:
        """Turn a written value into what a snapshot holds. Raises: SituationUnreadable."""
        if written is None or written == UNKNOWN_FACT:
            return None
        try:
            return snapshot_value(fact, written)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise SituationUnreadable(
                self.situation.file, self.situation.name, f"{fact.name} 的值“{written}”不可用", f"'{written}' is not a value of {fact.name}"
            ) from error


@lru_cache(16)
def _absent_values(law: Law) -> dict[str, dict[str, Any]]:
    """Return what a snapshot holds of somebody who is in no register, by entity and fact."""
    values: dict[str, dict[str, Any]] = {}
    for (entity, name), fact in law.facts.items():
        is_known = fact.absent is not None and fact.absent != UNKNOWN_FACT
        values.setdefault(entity, {})[name] = snapshot_value(fact, fact.absent) if is_known else None
    return values


def _areas(district: int) -> dict[str, int]:
    return {"district": district, "street": district * 1000 + 1, "community": district * 1_000_000 + 1001}


def snapshot_value(fact: FactDefinition, written: Any) -> Any:
    """Return a value as a snapshot holds it, from how a register writes it. Raises: ValueError, TypeError, ArithmeticError."""
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
