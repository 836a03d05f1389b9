"""Small feeds and a tiny city for tests, of this block and of those above it.

path = make_feed(tmp_path, "low_income", [{"household_no": 1, "kind": "dibao", "valid_from": "2024-01-01"}], area=330106)
city = tiny_city(tmp_path)          # receives, links and freezes; needs a database
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from zhida.blocks.places import api as places
from zhida.blocks.records.record_types import Field, record_type
from zhida.kernel.identifiers import id_check_character, luhn_check_digit, uscc_check_character

RECEIVED_ON = date(2025, 11, 1)
HOUSEHOLD_OF_LIN = 330106999001


def id_number(birth: str, sequence: int, area: int = 330106) -> str:
    """Make a valid resident number. An odd sequence is a man's.

    >>> id_number("1990-05-12", 22)
    '330106199005120222'
    """
    first17 = f"{area}{birth.replace('-', '')}{sequence:03d}"
    return first17 + id_check_character(first17)


def organisation_code(number: int) -> str:
    first17 = f"91330106{number:09d}"
    return first17 + uscc_check_character(first17)


def account_number(number: int) -> str:
    digits = f"622202{number:012d}"
    return digits + luhn_check_digit(digits)


def community(district: int = 330106) -> int:
    """Return the first community of the first street of a district."""
    return places.communities(places.streets(district)[0].code)[0].code


def make_feed(
    folder: Path,
    record: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    area: int | None = None,
    encoding: str = "utf-8",
    rename: Mapping[str, str] | None = None,
) -> Path:
    """Write one feed as its department would and return its path.

    rows: field -> value; a code may be given by its key, money as yuan text, a bool as True; a missing field is an empty cell.
    rename: header of the contract -> header written instead.
    """
    contract = record_type(record)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"{record}__{area}.csv" if area else f"{record}.csv")
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([(rename or {}).get(header, header) for header in contract.headers])
        for row in rows:
            if unknown := set(row) - {field.name for field in contract.fields}:
                raise KeyError(f"{record} has no field {unknown}")
            writer.writerow([_cell(field, row.get(field.name)) for field in contract.fields])
    return path


def write_manifest(folder: Path, month: str = "2025-10", received_on: date = RECEIVED_ON) -> None:
    """Describe the feeds that lie in a folder, as a month's folder is delivered."""
    files = []
    for path in sorted(folder.glob("*.csv")):
        name, _, area = path.stem.partition("__")
        files.append({"file": path.name, "record_type": name, "area": int(area or places.city().code)})
    (folder / "manifest.json").write_text(json.dumps({"month": month, "received_on": str(received_on), "files": files}), "utf-8")


def tiny_residents() -> list[dict[str, Any]]:
    """Seven residents in three households: 林小满's family, an old couple in 滨江区, one person alone in 拱墅区."""
    here, binjiang, gongshu = community(), community(330108), community(330105)
    family = [
        ("林小满", "female", "1990-05-12", 22, "head"),
        ("陈立", "male", "1988-03-02", 31, "spouse"),
        ("陈一诺", "female", "2019-07-30", 44, "child"),
        ("陈安", "male", "2025-08-18", 51, "child"),
    ]
    rows = [_resident(name, sex, birth, n, HOUSEHOLD_OF_LIN, relation, here) for name, sex, birth, n, relation in family]
    rows += [_resident("吴大有", "male", "1941-01-20", 11, 330108000001, "head", binjiang)]
    rows += [_resident("沈阿英", "female", "1943-11-02", 12, 330108000001, "spouse", binjiang)]
    return [*rows, _resident("周明", "male", "1975-09-09", 13, 330105000001, "head", gongshu)]


def tiny_households() -> list[dict[str, Any]]:
    heads = {row["household_no"]: row for row in tiny_residents() if row["relation"] == "head"}
    return [
        {"household_no": number, "kind": "family", "head_id_number": head["id_number"], "community": head["residence_community"]}
        for number, head in heads.items()
    ]


def tiny_feeds(folder: Path, **more: list[dict[str, Any]]) -> Path:
    """Write residents, households and a manifest; ``more``: record type -> rows.

    A row of a register that is delivered by district names its district as ``"area"``.
    """
    make_feed(folder, "resident", more.pop("resident", tiny_residents()))
    make_feed(folder, "household", more.pop("household", tiny_households()))
    for record, rows in more.items():
        if record_type(record).split == "city":
            make_feed(folder, record, rows)
            continue
        for district in sorted({int(row["area"]) for row in rows}):
            own = [{k: v for k, v in row.items() if k != "area"} for row in rows if int(row["area"]) == district]
            make_feed(folder, record, own, area=district)
    write_manifest(folder)
    return folder


def tiny_city(folder: Path, month: str = "2025-10", **more: list[dict[str, Any]]) -> Any:
    """Receive, link and freeze the tiny city; return its Snapshot. settings.HOME must be a folder of the test."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.records import api as records
    from zhida.kernel.period import Month

    records.receive_folder(SYSTEM, tiny_feeds(folder / "feeds" / month, **more))
    records.link_residents(SYSTEM)
    return records.freeze_snapshot(SYSTEM, Month.parse(month), RECEIVED_ON)


def _resident(name: str, sex: str, birth: str, sequence: int, household_no: int, relation: str, where: int) -> dict[str, Any]:
    return {
        "id_number": id_number(birth, sequence, where // 1000000),
        "name": name,
        "sex": sex,
        "birth_date": birth,
        "household_no": household_no,
        "relation": relation,
        "hukou_area": where // 1000000,
        "residence_community": where,
        "residence_kind": "registered",
    }


def _cell(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.type == "boolean" and isinstance(value, bool):
        return "是" if value else "否"
    if field.type == "code":
        return dict(field.codes).get(str(value), str(value))
    return str(value)
