"""Making a snapshot: the facts of one month, as known on a day, for every resident, household and claim.

Rules for who is in it:

- A resident is a row of the resident register in force. A row in quarantine (a wrong id number, say) is not in the snapshot until
  it is corrected: without a number nobody can be told apart from others, and nobody can be paid;
  of two rows with one id number the first counts (see ``receiving``). The household such a row names says so: its
  ``members_complete`` is unknown, so no rule divides by too few heads in silence. A row whose own household number
  cannot be read tells no household apart.
- Who died before the month began is left out, so a household counts its living. Who died in the month or later stays, with
  ``died_on``, because the month's benefits may be due for part of it.
- Two numbers that were merged are one resident under the kept number; facts of both id numbers are found, the kept one's win.
- The head is the eldest member registered as head; without one the spouse, else the eldest member.
- A household lives where the household register says, else where its head lives.

Rules for a fact: the newest row in force counts where it is valid in the month; where no row is, the contract's ``absent``; where
a cell is empty, its ``null_means``. Unknown (null) where the register has no delivery in force for the entity's district, and
where a row about the entity waits in quarantine: a missing fact never silently means no.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from zhida.blocks.parties import api as parties
from zhida.blocks.places import api as places
from zhida.blocks.records.column_files import Array, ColumnFiles
from zhida.blocks.records.facts import column_types, dtype_of, field_of
from zhida.blocks.records.inputs import Inputs, RegisterInForce
from zhida.blocks.records.placing import Placed, delivered_column
from zhida.blocks.records.record_types import record_type, record_types
from zhida.blocks.records.rows import as_numbers, batches, newest_rows
from zhida.kernel.period import Month
from zhida.kernel.warehouse import add_table, sql_text

_CHUNK_PERSONS = 16_384
_MILLION = 1_000_000


@dataclass(frozen=True)
class Skeleton:
    """Who is in the snapshot, in its order. Arrays by person; ``starts``: position of each household's first person."""

    resident_no: Array
    household_no: Array
    community: Array
    starts: Array
    heads: Array

    @property
    def persons(self) -> int:
        return len(self.resident_no)

    @property
    def households(self) -> int:
        return len(self.starts)

    def chunks(self) -> list[tuple[int, int]]:
        """Return ranges of households, each of about 16,384 persons."""
        ends = np.append(self.starts[1:], self.persons)
        cuts, first, begin = [], 0, 0
        while first < self.households:
            last = int(np.searchsorted(ends, begin + _CHUNK_PERSONS, side="right"))
            last = max(last, first + 1)
            cuts.append((first, last))
            first, begin = last, int(ends[last - 1])
        return cuts


def prepare_persons(db: duckdb.DuckDBPyConnection, inputs: Inputs, month: Month, scratch: Path) -> None:
    """Write who is in the snapshot to scratch/living.parquet, and make the tables that lead from an id number to a person.

    Tables: ``numbers`` (id17, resident_no, alias): every registered id number with the number that counts for it.
    """
    merged = inputs.merged
    pairs = pa.table({"merged_no": pa.array(merged.keys(), pa.int64()), "kept_no": pa.array(merged.values(), pa.int64())})
    add_table(db, "merged", pairs)
    db.execute(f"""CREATE VIEW numbers AS
        SELECT id17, coalesce(kept_no, resident_no) AS resident_no, kept_no IS NOT NULL AS alias
        FROM ({_numbers_given(inputs)}) LEFT JOIN merged ON resident_no = merged_no""")
    db.execute(f"CREATE VIEW died AS {newest_rows(inputs.register('death'), 'id_number, died_on')}")
    residents = newest_rows(inputs.register("resident"), "*")
    living = scratch / "living.parquet"
    db.execute(f"""COPY (
        SELECT n.resident_no, n.alias, r.* FROM ({residents}) r JOIN numbers n ON r.id_number = n.id17
        WHERE r.id_number NOT IN (SELECT id_number FROM died WHERE died_on < DATE '{month.start}')
    ) TO {sql_text(living)} (FORMAT parquet, COMPRESSION lz4_raw)""")
    # An alias is a second row of a resident who also stands under the kept number: one of them is enough.
    db.execute(f"""CREATE TABLE doubled AS
        SELECT id_number FROM (
            SELECT id_number, row_number() OVER (PARTITION BY resident_no ORDER BY alias, id_number) AS place
            FROM read_parquet({sql_text(living)}) WHERE resident_no IN (SELECT kept_no FROM merged))
        WHERE place > 1""")
    db.execute(
        f"CREATE VIEW living AS SELECT * FROM read_parquet({sql_text(living)}) WHERE id_number NOT IN (SELECT id_number FROM doubled)"
    )


def _numbers_given(inputs: Inputs) -> str:
    """Return SQL for the numbers that had been given: a mother who was registered later had none on the day."""
    register = f"SELECT id17, resident_no FROM read_parquet({sql_text(parties.register_path())})"
    if not inputs.residents_so_far:
        return register
    files = "[" + ", ".join(map(sql_text, inputs.residents_so_far)) + "]"
    return f"SELECT * FROM ({register}) SEMI JOIN (SELECT id_number AS id17 FROM read_parquet({files})) USING (id17)"


def build_skeleton(db: duckdb.DuckDBPyConnection, out: ColumnFiles, households: ColumnFiles, inputs: Inputs, month: Month) -> Skeleton:
    """Sort the living by household, write the columns that come from the resident register, choose heads."""
    query = """SELECT resident_no, household_no, residence_community, id_number, birth_date, sex, relation, hukou_area, residence_kind,
        delivered FROM living ORDER BY household_no, resident_no"""
    columns = _columns(db, query)
    resident_no, household_no, community = columns["resident_no"], columns["household_no"], columns["residence_community"]
    starts = np.flatnonzero(np.diff(household_no, prepend=household_no[:1] - 1))
    heads = _heads(columns["relation"], columns["birth_date"], starts)
    is_head = np.zeros(len(resident_no), bool)
    is_head[heads] = True
    city = places.city().code // 100
    _index(db, columns.pop("id_number"), resident_no, household_no, starts)
    out.add("resident_no", resident_no, pa.int64())
    out.add("household_no", household_no, pa.int64())
    out.add("is_head", is_head, pa.bool_())
    out.add("hukou_local", columns["hukou_area"] // 100 == city, pa.bool_())
    out.add("district", community // _MILLION, pa.int64())
    out.add("community", community, pa.int64())
    contract = record_type("resident")
    out.add(delivered_column(contract.name), columns["delivered"].astype(np.int16), pa.int16())
    for fact in contract.facts:
        out.add(fact.name, columns[fact.field], column_types(dtype_of(fact, field_of(contract, fact)))[1])
    skeleton = Skeleton(resident_no, household_no, community, starts, heads)
    _household_columns(db, households, inputs, skeleton)
    _members_complete(db, households, inputs.register("resident"), skeleton, month)
    return skeleton


def _index(db: duckdb.DuckDBPyConnection, id17: Array, resident_no: Array, household_no: Array, starts: Array) -> None:
    """Make the tables that lead from an id number (also that of a merged number) or a household number to a row."""
    place = np.arange(len(resident_no), dtype=np.int32)
    persons = pa.table({"id17": id17, "resident_no": resident_no, "household_no": household_no, "place": place})
    households = pa.table({"household_no": household_no[starts], "place": place[: len(starts)]})
    add_table(db, "person_rows", persons)
    add_table(db, "household_rows", households)
    db.execute("""CREATE TABLE alias_rows AS SELECT n.id17, p.place FROM numbers n JOIN person_rows p USING (resident_no)
        WHERE n.resident_no IN (SELECT kept_no FROM merged) AND n.id17 <> p.id17""")
    db.execute("""CREATE VIEW person_index AS
        SELECT id17, place, false AS alias FROM person_rows UNION ALL SELECT id17, place, true AS alias FROM alias_rows""")


def _heads(relation: Array, birth_date: Array, starts: Array) -> Array:
    codes = [code for code, _ in record_type("resident").field("relation").codes]
    rank = np.full(len(codes) + 1, 2, np.int64)
    rank[codes.index("head") + 1], rank[codes.index("spouse") + 1] = 0, 1
    order = rank[relation] * 10_000_000 + birth_date
    best = np.minimum.reduceat(order, starts) if len(starts) else order
    candidates = np.flatnonzero(order == np.repeat(best, np.diff(np.append(starts, len(relation)))))
    # Equal in rank and age: the lower resident number, which comes first.
    return candidates[np.searchsorted(candidates, starts)]


def _household_columns(db: duckdb.DuckDBPyConnection, out: ColumnFiles, inputs: Inputs, skeleton: Skeleton) -> None:
    community = skeleton.community[skeleton.heads].copy()
    for path in inputs.register("household").files:
        query = f"SELECT place, community FROM read_parquet({sql_text(path)}) JOIN household_rows USING (household_no)"
        for batch in batches(db, query):
            community[batch["place"].to_numpy()] = batch["community"].to_numpy()
    out.add("household_no", skeleton.household_no[skeleton.starts], pa.int64())
    out.add("head_resident_no", skeleton.resident_no[skeleton.heads], pa.int64())
    out.add("district", community // _MILLION, pa.int64())
    out.add("street", community // 1000, pa.int64())
    out.add("community", community, pa.int64())


def _members_complete(
    db: duckdb.DuckDBPyConnection, out: ColumnFiles, residents: RegisterInForce, skeleton: Skeleton, month: Month
) -> None:
    """Write whether every member is there: true, or unknown where a waiting row of the resident register names the household.

    It is never false: while somebody waits, nobody knows whether they belong here. Who stands there already, or died before the
    month, is not waited for.
    """
    complete = np.ones(skeleton.households, bool)
    for each in residents.quarantines:
        cell = f"cells[{each.columns.index('household_no') + 1}]"
        rows = f"SELECT link, TRY_CAST(trim({cell}) AS BIGINT) AS named FROM read_parquet({sql_text(each.path)}) WHERE {each.waiting}"
        query = f"""SELECT h.place FROM ({rows}) q JOIN household_rows h ON h.household_no = q.named
            LEFT JOIN person_index i ON i.id17 = q.link LEFT JOIN person_rows p ON p.place = i.place
            WHERE p.household_no IS DISTINCT FROM q.named
            AND coalesce(q.link, 0) NOT IN (SELECT id_number FROM died WHERE died_on < DATE '{month.start}')"""
        for batch in batches(db, query):
            complete[batch["place"].to_numpy()] = False
    out.add("members_complete", complete, pa.bool_(), known=complete)


def add_facts(
    db: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    month: Month,
    skeleton: Skeleton,
    outs: dict[str, ColumnFiles],
    step: Callable[[str], None],
) -> None:
    """Write the columns of every register's facts about persons and households."""
    organisations = _organisations(db, inputs)
    household_district = skeleton.community[skeleton.heads] // _MILLION
    for contract in record_types().values():
        if contract.name == "resident" or contract.entity == "claim" or not contract.facts:
            continue
        person = contract.entity == "person"
        rows = skeleton.persons if person else skeleton.households
        place = Placed(contract, rows)
        register = inputs.register(contract.name)
        if contract.per_entity == "many":
            place.count(db, newest_rows(register, "*") if register.files else "", month)
        else:
            for number, path in enumerate(register.files, start=1):
                place.scatter(db, path, number, month)
        districts = skeleton.community // _MILLION if person else household_district
        place.write(outs[contract.entity], _unsure(db, register, districts, rows), organisations)
        step(contract.name)


def _organisations(db: duckdb.DuckDBPyConnection, inputs: Inputs) -> pa.Array:
    """Give every organisation that a fact names a position, in the order of their codes."""
    named = [(each.name, fact.field) for each in record_types().values() for fact in each.facts if fact.type == "organisation"]
    parts = [f"SELECT {field} AS code FROM read_parquet({sql_text(path)})" for name, field in named for path in inputs.register(name).files]
    union = " UNION ALL ".join(parts) or "SELECT ''::VARCHAR AS code"
    db.execute(f"""CREATE TABLE organisation AS
        SELECT code, (row_number() OVER (ORDER BY code) - 1)::INTEGER AS position
        FROM (SELECT DISTINCT code FROM ({union}) WHERE code IS NOT NULL)""")
    codes = db.execute("SELECT code FROM organisation ORDER BY position").to_arrow_table()["code"].combine_chunks()
    return codes if len(codes) else pa.array([""], pa.string())


def _unsure(db: duckdb.DuckDBPyConnection, register: RegisterInForce, districts: Array, rows: int) -> Array | None:
    """Return where absence proves nothing: districts without a delivery, and entities with a row in quarantine."""
    covered = register.areas
    unsure = None if places.city().code in covered else ~np.isin(districts, sorted(covered))
    waiting = _waiting(db, register)
    if len(waiting):
        unsure = np.zeros(rows, bool) if unsure is None else unsure
        unsure[waiting] = True
    return unsure if unsure is not None and unsure.any() else None


def _waiting(db: duckdb.DuckDBPyConnection, register: RegisterInForce) -> Array:
    table, key = ("person_index", "id17") if register.contract.link == "id_number" else ("household_rows", "household_no")
    found = [np.empty(0, np.int32)]
    for each in register.quarantines:
        rows = f"SELECT link FROM read_parquet({sql_text(each.path)}) WHERE reason <> 'duplicate_key' AND {each.waiting}"
        query = f"SELECT place FROM ({rows}) JOIN {table} ON link = {key}"
        found += [batch["place"].to_numpy() for batch in batches(db, query)]
    return np.concatenate(found)


def claims_query(inputs: Inputs, month: Month) -> str:
    """Return SQL for the claims of the month in the snapshot's order."""
    register = inputs.register("medical_claim")
    contract = register.contract
    facts = ", ".join(f"r.{fact.field} AS {fact.name}" for fact in contract.facts)
    placed = Placed(contract, 0)
    return f"""SELECT r.claim_no, p.resident_no, p.household_no, {facts}
        FROM ({newest_rows(register, "*")}) r JOIN person_index i ON r.id_number = i.id17 JOIN person_rows p ON i.place = p.place
        WHERE {placed.valid(month)} ORDER BY p.household_no, p.resident_no, r.claim_no"""


def _columns(db: duckdb.DuckDBPyConnection, query: str) -> dict[str, Array]:
    """Run a query into whole numpy columns; dates become days."""
    found: dict[str, list[Array]] = {}
    for batch in batches(db, query):
        for name in batch.schema.names:
            found.setdefault(name, []).append(as_numbers(batch[name]).to_numpy(zero_copy_only=False))
    return {name: np.concatenate(parts) for name, parts in found.items()}
