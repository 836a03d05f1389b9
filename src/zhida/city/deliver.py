"""The last hand on the files: parts put together, the cast's rows in front, defects of whole files, and the list of defects."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhida.city.contracts import contracts, fields
from zhida.city.dirt import Defect
from zhida.city.feeds import file_areas, file_name, header_line, part_path
from zhida.city.people import STOCKTAKING
from zhida.city.rates import cast, dirt
from zhida.kernel.files import atomic_path
from zhida.kernel.identifiers import id_check_character, luhn_check_digit
from zhida.kernel.period import Month

_CAST_AREA = 330106


@cache
def cast_ids() -> dict[str, str]:
    """Return the resident numbers of the cast by key."""
    return {one["key"]: one["first17"] + id_check_character(one["first17"]) for one in cast()["members"]}


def cast_lines(record_type: str, area: int, month: Month) -> list[bytes]:
    """Return the cast's lines of one file."""
    if area not in (_CAST_AREA, 330100):
        return []
    return [_line(record_type, row, month) for row in cast()["rows"].get(record_type, [])]


def _line(record_type: str, row: dict[str, Any], month: Month) -> bytes:
    unknown = set(row) - set(fields(record_type))
    assert not unknown, f"cast.yaml: {record_type} has no {unknown}"
    texts = [_text(definition, row.get(name), month) for name, definition in fields(record_type).items()]
    return (",".join(texts) + "\n").encode()


def _text(definition: dict[str, Any], value: Any, month: Month) -> str:
    """Write one cell of the cast as its contract wants it."""
    kind = definition["type"]
    if value is None:
        return ""
    if kind == "id_number":
        return cast_ids()[value]
    if kind == "code":
        return str(definition["codes"][value])
    if kind == "boolean":
        return "是" if value else "否"
    if kind == "bank_account":
        return str(value) + luhn_check_digit(str(value))
    if kind in ("money_yuan", "decimal"):
        return f"{float(value):.2f}"
    text = str(value).replace("{month}", month.text).replace("{year}", str(month.year)).replace("{digits}", month.text.replace("-", ""))
    return text.replace("{number}", cast_ids()["lin_xiaoman"])


@dataclass(frozen=True)
class Finished:
    """The files of a folder: rows of each, and all defects in the order of files and rows."""

    rows: dict[str, int]
    defects: list[Defect]


def finish_feeds(folder: Path, month: Month, rows: list[dict[str, int]], defects: list[list[Defect]], soiled: bool) -> Finished:
    """Put every file together from its parts (``rows`` and ``defects`` are by part), and soil whole files where asked to."""
    counts: dict[str, int] = {}
    found: list[Defect] = []
    by_file = [_by_file(part) for part in defects]
    for record_type in contracts():
        for area in file_areas(record_type):
            name = file_name(record_type, area)
            front = cast_lines(record_type, area, month)
            _assemble(folder, name, [header_line(record_type), *front], len(rows))
            counts[name] = len(front)
            for part, written in enumerate(rows):
                mine = by_file[part].get(name, []) if by_file else []
                found += [one._replace(row_no=one.row_no + counts[name]) if one.row_no else one for one in mine]
                counts[name] += written.get(name, 0)
    if soiled:
        found += [_soil_file(folder, rule, counts) for rule in dirt()["files"]]
    return Finished(counts, sorted(found, key=lambda one: (one.feed, one.file, one.row_no, one.kind, one.affected)))


def _by_file(defects: list[Defect]) -> dict[str, list[Defect]]:
    found: dict[str, list[Defect]] = {}
    for defect in defects:
        found.setdefault(defect.file, []).append(defect)
    return found


def _assemble(folder: Path, name: str, front: list[bytes], parts: int) -> None:
    with atomic_path(folder / name) as path, path.open("wb") as out:
        out.writelines(front)
        for part in range(parts):
            source = part_path(folder, name, part)
            if source.exists():
                with source.open("rb") as handle:
                    shutil.copyfileobj(handle, out, 1 << 24)
                source.unlink()


def _soil_file(folder: Path, rule: dict[str, Any], counts: dict[str, int]) -> Defect:
    """Empty a file, rename a column of it or write it in another encoding; an emptied file has no rows left in ``counts``."""
    record_type, kind = rule["record_type"], rule["kind"]
    name = file_name(record_type, rule["area"])
    data = (folder / name).read_bytes()
    delivered, true, column = str(rule.get("delivered", "")), str(rule.get("column", "")), str(rule.get("column", ""))
    if kind == "empty_file":
        data, true = b"", str(counts[name])
        counts[name] = 0
    elif kind == "renamed_column":
        head, _, body = data.partition(b"\n")
        data = head.replace(column.encode(), delivered.encode()) + b"\n" + body
    elif kind == "other_encoding":
        data, true = data.decode().encode(delivered), "UTF-8"
    with atomic_path(folder / name) as path:
        path.write_bytes(data)
    return Defect(record_type, name, 0, kind, column, delivered, true, "")


def write_manifest(folder: Path, month: Month, people: tuple[int, int], rows: dict[str, int]) -> None:
    """Write manifest.json: the files with their rows, the city's residents and seed (``people``), and the cast."""
    files = [
        {"file": name, "record_type": record_type, "area": area, "rows": rows[name]}
        for record_type in contracts()
        for area in file_areas(record_type)
        for name in [file_name(record_type, area)]
    ]
    manifest = {
        "month": month.text,
        "received_on": month.end.isoformat(),
        "files": files,
        "residents": people[0],
        "seed": people[1],
        "stocktaking": STOCKTAKING.isoformat(),
        "cast": cast_ids(),
    }
    with atomic_path(folder / "manifest.json") as path:
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_defects(path: Path, defects: list[Defect]) -> None:
    """Write defects.csv."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(Defect._fields)
        writer.writerows(defects)
