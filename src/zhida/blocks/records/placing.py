"""Putting the rows of a register into the places of a snapshot: one array per fact, one place per person or household."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from zhida.blocks.records.column_files import Array, ColumnFiles
from zhida.blocks.records.facts import column_types, dtype_of, field_of, literal
from zhida.blocks.records.record_types import Fact, RecordType
from zhida.blocks.records.rows import as_numbers, batches
from zhida.kernel.period import Month
from zhida.kernel.warehouse import sql_text

# How the name of a column ends that says with which delivery a row came.
DELIVERED = "__delivered"


def delivered_column(record_type: str) -> str:
    """Name the column that says with which delivery of a register an entity's row came: 1 is the first in force, 0 is no row."""
    return record_type + DELIVERED


class Placed:
    """The facts of one register while its rows are put in their places."""

    def __init__(self, contract: RecordType, rows: int) -> None:
        self.contract = contract
        self.present = np.zeros(rows, bool)
        # Which delivery a row came with, 1 is the first; 0 where no row is.
        self.delivered = np.zeros(rows, np.int16)
        self.values = {fact.name: np.zeros(rows, column_types(self._dtype(fact))[0]) for fact in contract.facts if not fact.present}
        self.nulls = {fact.name: np.zeros(rows, bool) for fact in contract.facts if self._may_be_null(fact)}

    def scatter(self, db: duckdb.DuckDBPyConnection, path: Path, number: int, month: Month) -> None:
        """Put the rows of one delivery, which has this number, in their places, over those of earlier ones."""
        aliases = []
        for batch in batches(db, self._query(path, month)):
            alias = batch["alias"].to_numpy(zero_copy_only=False)
            if alias.any():
                aliases.append(batch.filter(batch["alias"]))
                batch = batch.filter(pa.array(~alias))
            self._put(batch, number)
        for batch in aliases:
            places = batch["place"].to_numpy()
            self._put(batch.filter(pa.array(~self.present[places])), number)

    def count(self, db: duckdb.DuckDBPyConnection, rows: str, month: Month) -> None:
        """Count each entity's rows."""
        if not rows:
            return
        for fact in self.contract.facts:
            where = " AND ".join([self.valid(month), *self._conditions(fact)])
            for batch in batches(db, f"SELECT place, count(*) AS n FROM ({rows}) r {self._join()} WHERE {where} GROUP BY place"):
                self.values[fact.name][batch["place"].to_numpy()] = batch["n"].to_numpy()
        self.present[:] = next(iter(self.values.values())) > 0

    def write(self, out: ColumnFiles, unsure: Array | None, organisations: pa.Array) -> None:
        absent = ~self.present
        if self.contract.per_entity == "one":
            self.delivered[absent] = 0
            out.add(delivered_column(self.contract.name), self.delivered, pa.int16())
        for fact in self.contract.facts:
            dtype = self._dtype(fact)
            known = np.ones(len(absent), bool)
            values = self.present if fact.present else self.values.pop(fact.name)
            if fact.name in self.nulls:
                known &= ~self.nulls.pop(fact.name)
            stands = literal(fact.absent, dtype)
            if stands is None:
                known[absent] = False
            elif not fact.present:
                values[absent] = stands
                known[absent] = True
            if unsure is not None:
                # A row that is there tells what it tells; a count without the missing rows tells nothing.
                known &= ~(unsure if self.contract.per_entity == "many" else absent & unsure)
            values[~known] = 0
            out.add(fact.name, values, column_types(dtype)[1], known, organisations if dtype == "organisation" else None)

    def _put(self, batch: pa.RecordBatch, number: int) -> None:
        where = batch["place"].to_numpy()
        self.delivered[where] = number
        self.present[where] = batch["in_month"].to_numpy(zero_copy_only=False)
        for name, values in self.values.items():
            column = batch[name]
            if name in self.nulls:
                self.nulls[name][where] = column.is_null().to_numpy(zero_copy_only=False)
                column = column.fill_null(False) if pa.types.is_boolean(column.type) else as_numbers(column).fill_null(0)
            values[where] = as_numbers(column).to_numpy(zero_copy_only=False)

    def _query(self, path: Path, month: Month) -> str:
        wanted = ", ".join(self._expression(fact) for fact in self.contract.facts if not fact.present)
        joins = " ".join(self._lookup(fact) for fact in self.contract.facts if fact.type in ("resident", "organisation"))
        alias = "i.alias" if self._by_person else "false AS alias"
        return f"""SELECT place, {alias}, coalesce({self.valid(month)}, false) AS in_month{"," if wanted else ""} {wanted}
            FROM read_parquet({sql_text(path)}) r {self._join()} {joins}"""

    @property
    def _by_person(self) -> bool:
        return self.contract.link == "id_number"

    def _join(self) -> str:
        if self._by_person:
            return "JOIN person_index i ON r.id_number = i.id17"
        return f"JOIN household_rows i ON r.{self.contract.link} = i.household_no"

    def valid(self, month: Month) -> str:
        """Return the condition under which a row counts in a month. A last valid day is inclusive, as delivered."""
        begins, ends = self.contract.valid_from, self.contract.valid_until
        conditions = [f"r.{begins} < DATE '{month.end}'"] if begins else []
        conditions += [f"(r.{ends} IS NULL OR r.{ends} >= DATE '{month.start}')"] if ends else []
        return " AND ".join(conditions) or "true"

    def _conditions(self, fact: Fact) -> list[str]:
        found = []
        for name, code in fact.where:
            codes = [each for each, _ in self.contract.field(name).codes]
            found.append(f"r.{name} = {codes.index(code) + 1}")
        return found

    def _expression(self, fact: Fact) -> str:
        dtype, stands = self._dtype(fact), literal(fact.null_means, self._dtype(fact))
        read = {
            "resident": f"coalesce(n_{fact.name}.resident_no, CASE WHEN r.{fact.field} IS NOT NULL THEN 0 END)",
            "organisation": f"o_{fact.name}.position",
        }
        value = read.get(dtype, f"r.{fact.field}")
        if dtype in ("date", "month"):
            value = f"datediff('day', DATE '1970-01-01', {value})::INTEGER"
        if stands is not None:
            value = f"coalesce({value}, {bool(stands) if dtype == 'boolean' else stands})"
        return f"{value} AS {fact.name}"

    def _lookup(self, fact: Fact) -> str:
        if fact.type == "resident":
            return f"LEFT JOIN numbers n_{fact.name} ON r.{fact.field} = n_{fact.name}.id17"
        return f"LEFT JOIN organisation o_{fact.name} ON r.{fact.field} = o_{fact.name}.code"

    def _may_be_null(self, fact: Fact) -> bool:
        field = field_of(self.contract, fact)
        return field is not None and not field.required and literal(fact.null_means, self._dtype(fact)) is None

    def _dtype(self, fact: Fact) -> str:
        return dtype_of(fact, field_of(self.contract, fact))
