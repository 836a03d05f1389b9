"""Commands that make snapshots: link the residents, freeze a month."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction

from zhida.blocks.access.api import Viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.places import api as places
from zhida.blocks.records.checks import macros
from zhida.blocks.records.column_files import ColumnFiles
from zhida.blocks.records.commands import allowed
from zhida.blocks.records.errors import NoResidents
from zhida.blocks.records.facts import facts
from zhida.blocks.records.freezing import Skeleton, add_facts, build_skeleton, claims_query, prepare_persons
from zhida.blocks.records.inputs import Inputs, RegisterInForce
from zhida.blocks.records.models import Snapshot
from zhida.blocks.records.placing import DELIVERED
from zhida.blocks.records.record_types import record_types
from zhida.blocks.records.rows import newest_rows
from zhida.kernel.files import atomic_path, content_hash
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.warehouse import scratch_folder, warehouse

# One resident's line is read from one of these, so they are smaller than the chunks the engine reads.
_ROW_GROUP = 4_096
_STREAM = 262_144
FILES = ("person", "household", "claim", "accounts", "organisation_accounts", "residents", "names")


def link_residents(viewer: Viewer, progress: Progress | None = None, known_on: date | None = None) -> parties.Linked:
    """Give every resident of the register in force a number, and look for persons who stand in it twice.

    Raises: NoResidents, DiskFull.
    """
    allowed(viewer, "feeds.receive")
    inputs = Inputs.on(known_on or date.max)
    register = inputs.register("resident")
    if not register.files:
        raise NoResidents(known_on or date.max)
    progress = progress or Progress("linking", 2, quiet=True)
    progress.total = 2
    fresh = parties.update_register(register.files)
    progress.step(note="register")
    linked = parties.find_duplicates(register.files, _witnesses(inputs), register.known_on)
    progress.step(note="duplicates")
    return parties.Linked(fresh, linked.proposed, linked.merged)


def _witnesses(inputs: Inputs) -> list[Path]:
    """Return the registers of other departments that list a person once."""
    found = [r for r in inputs.registers.values() if r.contract.key == ("id_number",) and r.contract.name != "resident"]
    return [path for register in found for path in register.files]


def freeze_snapshot(viewer: Viewer, month: Month, known_on: date, progress: Progress | None = None) -> Snapshot:
    """Put together the facts of a month as known on a day, and return the snapshot; the same inputs give the one that exists.

    Raises: NoResidents, DiskFull.
    """
    allowed(viewer, "runs.start")
    inputs = Inputs.on(known_on)
    if not inputs.register("resident").files:
        raise NoResidents(known_on)
    inputs_hash = inputs.hash(month)
    known = Snapshot.objects.filter(inputs_hash=inputs_hash).first()
    if known and (Path(known.path) / "manifest.json").exists():
        return known
    parties.update_register(inputs.register("resident").files)
    progress = progress or Progress("snapshot", 1, quiet=True)
    progress.total = len(record_types()) + 3
    with scratch_folder(settings.HOME) as scratch:
        made = scratch / "snapshot"
        made.mkdir()
        manifest = _write(inputs, month, scratch, made, progress)
        folder = _publish(made, manifest)
    return _recorded(folder, manifest, inputs_hash)


def _write(inputs: Inputs, month: Month, scratch: Path, made: Path, progress: Progress) -> dict[str, Any]:
    persons, households = ColumnFiles(scratch / "person"), ColumnFiles(scratch / "household")
    with warehouse(scratch, keep_order=False) as db:
        for macro in macros():
            db.execute(macro)
        prepare_persons(db, inputs, month, scratch)
        skeleton = build_skeleton(db, persons, households, inputs, month)
        progress.step(note="residents")
        outs = {"person": persons, "household": households}
        add_facts(db, inputs, month, skeleton, outs, lambda note: progress.step(note=note))
        claims = _write_claims(db, inputs, month, skeleton, made)
        _write_lists(db, inputs, made)
        progress.step(note="accounts")
    chunks = _write_chunks(skeleton, persons, households, claims, made)
    progress.step(progress.total - progress.done, note="files")
    return _manifest(inputs, month, skeleton, chunks)


def _write_chunks(
    skeleton: Skeleton, persons: ColumnFiles, households: ColumnFiles, claims: np.ndarray, made: Path
) -> list[dict[str, int]]:
    """Write person.parquet and household.parquet so that row group i of each holds exactly chunk i."""
    ends = np.append(skeleton.starts[1:], skeleton.persons)
    chunks = []
    with _writer(made / "person.parquet", persons.schema) as person, _writer(made / "household.parquet", households.schema) as household:
        for i, (first, last) in enumerate(skeleton.chunks()):
            rows = int(ends[last - 1] - skeleton.starts[first])
            person.write_table(persons.take(rows), row_group_size=rows)
            household.write_table(households.take(last - first), row_group_size=last - first)
            chunks.append(
                {
                    "first_household": int(skeleton.household_no[skeleton.starts[first]]),
                    "last_household": int(skeleton.household_no[skeleton.starts[last - 1]]),
                    "household_rows": last - first,
                    "person_rows": rows,
                    "claim_rows": int(claims[i]),
                }
            )
    persons.close()
    households.close()
    return chunks


def _write_claims(db: duckdb.DuckDBPyConnection, inputs: Inputs, month: Month, skeleton: Skeleton, made: Path) -> np.ndarray:
    """Write claim.parquet chunk by chunk; return the number of claims in each."""
    chunks = skeleton.chunks()
    lasts = np.array([skeleton.household_no[skeleton.starts[last - 1]] for _, last in chunks])
    claims = db.execute(claims_query(inputs, month)).to_arrow_table().combine_chunks()
    claims = claims.cast(pa.schema([(field.name, pa.int64() if field.name == "claim_no" else field.type) for field in claims.schema]))
    ends = np.searchsorted(claims["household_no"].to_numpy(), lasts, side="right") if claims.num_rows else np.zeros(len(chunks), np.int64)
    begins = np.concatenate([[0], ends[:-1]])
    with _writer(made / "claim.parquet", claims.schema) as writer:
        for begin, end in zip(begins, ends, strict=True):
            writer.write_table(claims.slice(int(begin), int(end - begin)), row_group_size=max(1, int(end - begin)))
    return ends - begins


def _write_lists(db: duckdb.DuckDBPyConnection, inputs: Inputs, made: Path) -> None:
    """Write what is read by number, code or name: residents, names, accounts of residents and of organisations."""
    cards = """SELECT resident_no, household_no, name, id_text(id_number) AS id_number, birth_date, sex, residence_community AS community
        FROM living ORDER BY resident_no"""
    _stream(db, cards, made / "residents.parquet")
    names = "SELECT name, resident_no, residence_community // 1000 AS street FROM living ORDER BY name, resident_no"
    _stream(db, names, made / "names.parquet")
    # A closed account is none.
    is_open = f"(closed_on IS NULL OR closed_on > DATE '{inputs.known_on}')"
    organisations = newest_rows(inputs.register("organisation_account"), "*")
    query = f"SELECT organisation_code, account_no, bank_code FROM ({organisations}) WHERE {is_open} ORDER BY organisation_code"
    _stream(db, query, made / "organisation_accounts.parquet")
    # Of a merged resident's two accounts the kept number's counts.
    rows = newest_rows(inputs.register("card_account"), "*")
    first = "QUALIFY row_number() OVER (PARTITION BY p.resident_no ORDER BY i.alias, i.id17) = 1" if _has_aliases(db) else ""
    query = f"""SELECT p.resident_no, r.account_no, r.bank_code
        FROM ({rows}) r JOIN person_index i ON r.id_number = i.id17 JOIN person_rows p ON i.place = p.place
        WHERE {is_open} {first} ORDER BY p.resident_no"""
    _stream(db, query, made / "accounts.parquet")


def _has_aliases(db: duckdb.DuckDBPyConnection) -> bool:
    return bool((db.execute("SELECT count(*) FROM alias_rows").fetchone() or (0,))[0])


def _stream(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    reader = db.execute(query).to_arrow_reader(_STREAM)
    with _writer(path, reader.schema) as writer:
        for table in _even(reader):
            writer.write_table(table, row_group_size=_ROW_GROUP)


def _even(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Give tables of a whole number of row groups, however the rows arrive: the same rows give the same bytes."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        held.append(batch)
        rows += batch.num_rows
        if rows >= _STREAM:
            table = pa.Table.from_batches(held)
            whole = rows // _ROW_GROUP * _ROW_GROUP
            yield table.slice(0, whole).combine_chunks()
            held, rows = table.slice(whole).combine_chunks().to_batches(), rows - whole
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Numbers without dictionaries: a third less time to read one row group, which is what a resident at the counter waits for.
    # Deliveries with one: almost everybody's row came with the same.
    strings = [field.name for field in schema if pa.types.is_string(field.type) or field.name.endswith(DELIVERED)]
    sorted_by = ["household_no", "resident_no", "organisation_code", "name"]
    return pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=strings, write_statistics=sorted_by)


def _manifest(inputs: Inputs, month: Month, skeleton: Skeleton, chunks: list[dict[str, int]]) -> dict[str, Any]:
    described = {}
    for name, fact in facts().items():
        known_on = inputs.register(fact.record_type).known_on
        described[name] = {
            "entity": fact.entity,
            "dtype": fact.dtype,
            "unit": fact.unit,
            "scale": fact.scale,
            "codes": list(fact.codes),
            "label": {"zh": fact.label.zh, "en": fact.label.en},
            "record_type": fact.record_type,
            "department": fact.department,
            "known_on": str(known_on) if known_on else None,
        }
    return {
        "inputs": inputs.hash(month),
        "month": month.text,
        "known_on": str(inputs.known_on),
        "city": places.city().code,
        "deliveries": inputs.folders,
        "counts": {"person": skeleton.persons, "household": skeleton.households, "claim": sum(c["claim_rows"] for c in chunks)},
        "chunks": chunks,
        "registers": {name: _delivered(register) for name, register in sorted(inputs.registers.items())},
        "facts": described,
    }


def _delivered(register: RegisterInForce) -> dict[str, Any]:
    """Say when a register was delivered: each delivery in force, and the newest of each area."""
    areas = {str(area): str(day) for area, day in sorted(register.areas.items())}
    return {"received_on": [str(each.received_on) for each in register.deliveries], "areas": areas}


def _publish(made: Path, manifest: dict[str, Any]) -> Path:
    """Name the snapshot by what is in it and move it into place, whole."""
    files = {name: content_hash(made / f"{name}.parquet") for name in FILES}
    named = sha256(json.dumps([manifest, files], sort_keys=True).encode()).hexdigest()
    manifest["hash"], manifest["files"] = named, files
    with atomic_path(made / "manifest.json") as path:
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
    for name in FILES:
        with (made / f"{name}.parquet").open("rb") as handle:
            os.fsync(handle.fileno())
    folder = Path(settings.HOME) / "snapshots" / named
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not (folder / "manifest.json").exists():
        made.rename(folder)
    return folder


def _recorded(folder: Path, manifest: dict[str, Any], inputs_hash: str) -> Snapshot:
    counts = manifest["counts"]
    with transaction.atomic():
        snapshot, _ = Snapshot.objects.update_or_create(
            inputs_hash=inputs_hash,
            defaults={
                "hash": manifest["hash"],
                "month": manifest["month"],
                "known_on": date.fromisoformat(manifest["known_on"]),
                "path": str(folder),
                "persons": counts["person"],
                "households": counts["household"],
                "claims": counts["claim"],
            },
        )
    return snapshot
