"""Record contracts: what a department delivers, read from ``contracts/*.yaml`` into frozen dataclasses.

A contract names the fields with their headers, types and limits, the key, who owns the record, how long it is kept, and
which facts the rules may use from it. This module knows no database and opens no feed.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from zhida.blocks.records.errors import ContractInvalid, UnknownRecordType
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "contracts"
TYPES = frozenset(
    [
        "id_number",
        "text",
        "date",
        "month",
        "integer",
        "decimal",
        "money_yuan",
        "boolean",
        "code",
        "area6",
        "area12",
        "household_no",
        "digits",
        "uscc",
        "bank_account",
    ]
)
# What a record is about. One about an organisation has no facts and links to nobody.
ENTITIES = ("person", "household", "claim", "organisation")
# Values that `absent` and `null_means` may hold beside numbers and booleans.
WORDS = ("unknown", "none", "never")


@dataclass(frozen=True)
class Field:
    """One column of a feed. ``past``: a day that cannot lie after the feed was received. ``matches``: the id number that holds this day."""

    name: str
    header: str
    type: str
    required: bool
    sensitivity: int
    codes: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    minimum: int | date | None = None
    maximum: int | date | None = None
    past: bool = False
    matches: str = ""


@dataclass(frozen=True)
class Fact:
    """What one record tells the rules about its entity."""

    name: str
    label: Text
    field: str
    type: str
    absent: str | int | bool
    null_means: str | int | bool
    present: bool = False
    where: tuple[tuple[str, str], ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class RecordType:
    """A contract: one kind of record of one department. ``link``: the field that leads to a resident or household, if any."""

    name: str
    label: Text
    department: Text
    legal_basis: str
    entity: str
    per_entity: str
    delivery: str
    split: str
    key: tuple[str, ...]
    link: str
    retention_months: int
    valid_from: str | None
    valid_until: str | None
    fields: tuple[Field, ...]
    facts: tuple[Fact, ...]
    content_hash: str

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    @property
    def headers(self) -> list[str]:
        return [field.header for field in self.fields]


@cache
def record_types() -> dict[str, RecordType]:
    """Return every contract by name, in the order of their file names.

    Raises: ContractInvalid.
    """
    departments = {key: Text.parse(value) for key, value in read_yaml((FOLDER.parent / "departments.yaml").read_text("utf-8")).items()}
    found = {path.stem: parse_contract(path.stem, path.read_text("utf-8"), departments) for path in sorted(FOLDER.glob("*.yaml"))}
    _check_fact_names(found)
    return found


def record_type(name: str) -> RecordType:
    """Raises: UnknownRecordType, with the nearest name."""
    known = record_types()
    if name not in known:
        raise UnknownRecordType(name, next(iter(difflib.get_close_matches(name, known, 1)), None))
    return known[name]


def contracts_hash() -> str:
    """Return one hash over all contracts: part of what a snapshot is made from."""
    return hashlib.sha256("".join(each.content_hash for each in record_types().values()).encode()).hexdigest()


def parse_contract(name: str, written: str, departments: dict[str, Text]) -> RecordType:
    """Read one contract.

    Raises: ContractInvalid, naming the place in the file.
    """
    try:
        content = read_yaml(written)
        contract = _contract(name, content, departments, hashlib.sha256(written.encode()).hexdigest())
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ContractInvalid(name, "YAML", f"无法读取（{error}）", f"cannot be read ({error})") from error
    _check_contract(contract)
    return contract


def _contract(name: str, content: dict[str, Any], departments: dict[str, Text], content_hash: str) -> RecordType:
    valid = content.get("valid") or {}
    return RecordType(
        name=content["record_type"],
        label=_label(name, "label", content["label"]),
        department=departments[content["department"]],
        legal_basis=content["legal_basis"],
        entity=content["entity"],
        per_entity=content["per_entity"],
        delivery=content["delivery"],
        split=content["split"],
        key=tuple(content["key"]),
        link=content.get("link", ""),
        retention_months=content["retention_months"],
        valid_from=valid.get("from"),
        valid_until=valid.get("until"),
        fields=tuple(_field(name, each) for each in content["fields"]),
        facts=tuple(_fact(name, each) for each in content["facts"]),
        content_hash=content_hash,
    )


def _field(contract: str, content: dict[str, Any]) -> Field:
    known = {"name", "header", "type", "required", "sensitivity", "codes", "unit", "min", "max", "past", "matches"}
    _refuse_unknown(contract, f"field {content['name']}", content, known)
    return Field(
        name=content["name"],
        header=content["header"],
        type=content["type"],
        required=content.get("required", False),
        sensitivity=content["sensitivity"],
        codes=tuple((str(code), str(zh)) for code, zh in content.get("codes", {}).items()),
        unit=content.get("unit", ""),
        minimum=content.get("min"),
        maximum=content.get("max"),
        past=content.get("past", False),
        matches=content.get("matches", ""),
    )


def _fact(contract: str, content: dict[str, Any]) -> Fact:
    known = {"name", "label", "field", "type", "absent", "null_means", "present", "aggregate", "where", "unit"}
    _refuse_unknown(contract, f"fact {content['name']}", content, known)
    return Fact(
        name=content["name"],
        label=_label(contract, f"fact {content['name']}", content["label"]),
        field=content.get("field", ""),
        type=content.get("type", "count" if "aggregate" in content else ""),
        absent=content["absent"],
        null_means=content.get("null_means", "unknown"),
        present=content.get("present", False),
        where=tuple((str(k), str(v)) for k, v in content.get("where", {}).items()),
        unit=content.get("unit", ""),
    )


def _label(contract: str, where: str, content: Any) -> Text:
    _refuse_unknown(contract, f"{where}, label", content, {"zh", "en"})
    return Text.parse(content)


def _refuse_unknown(contract: str, where: str, content: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(content) - known):
        raise ContractInvalid(
            contract,
            where,
            f"不认识的键 {unknown[0]}；可用 {'、'.join(sorted(known))}",
            f"unknown key '{unknown[0]}'; use {', '.join(sorted(known))}",
        )


def _check_contract(contract: RecordType) -> None:
    names = {field.name for field in contract.fields}
    checks = [
        ("entity", contract.entity in ENTITIES, contract.entity),
        ("per_entity", contract.per_entity in ("one", "many"), contract.per_entity),
        ("delivery", contract.delivery in ("full", "increment"), contract.delivery),
        ("split", contract.split in ("city", "district"), contract.split),
        ("key", set(contract.key) <= names, ", ".join(contract.key)),
        ("link", contract.link in ({""} if contract.entity == "organisation" else names), contract.link),
        ("facts", not (contract.facts and contract.entity == "organisation"), "entity: organisation"),
        ("valid", {contract.valid_from, contract.valid_until} - {None} <= names, f"{contract.valid_from}, {contract.valid_until}"),
        ("matches", {field.matches for field in contract.fields} - {""} <= names, "matches"),
        ("fields", len(names) == len(contract.fields) == len({field.header for field in contract.fields}), "duplicate name or header"),
    ]
    checks += [(f"field {field.name}", field.type in TYPES, field.type) for field in contract.fields]
    checks += [(f"field {field.name}", bool(field.codes) == (field.type == "code"), "codes") for field in contract.fields]
    for fact in contract.facts:
        checks.append((f"fact {fact.name}", fact.present or fact.type == "count" or fact.field in names, fact.field))
        checks += [(f"fact {fact.name}", _is_value(value), str(value)) for value in (fact.absent, fact.null_means)]
    for where, holds, value in checks:
        if not holds:
            raise ContractInvalid(contract.name, where, f"值“{value}”不可用", f"the value '{value}' cannot be used here")


def _is_value(value: Any) -> bool:
    return value in WORDS if isinstance(value, str) else isinstance(value, (int, bool))


def _check_fact_names(contracts: dict[str, RecordType]) -> None:
    seen: dict[str, str] = {}
    for contract in contracts.values():
        for fact in contract.facts:
            if fact.name in seen:
                raise ContractInvalid(
                    contract.name, f"fact {fact.name}", f"{seen[fact.name]} 已有同名事实", f"{seen[fact.name]} already gives it"
                )
            seen[fact.name] = contract.name
