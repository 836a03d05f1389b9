"""Two laws held side by side on one snapshot: which benefits are decided otherwise, for how many, and for whom by how much.

Only benefits whose rules differ are evaluated, chunk by chunk, under both laws. Nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ENTITLED, UNKNOWN, Chunk, identity_columns
from zhida.blocks.policies.errors import LawEdited, UnknownLaw
from zhida.blocks.policies.models import Run
from zhida.blocks.records import api as records
from zhida.engine.api import Batch, BenefitDefinition, BenefitResult, Law, Program
from zhida.engine.reform import changed_benefits, read_reform
from zhida.engine.streaming import Folder, columns_of, rows_at_once
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text

INSTALLED = "installed"
_STATUS = {0: "not_entitled", ENTITLED: "entitled", UNKNOWN: "unknown"}
# Rows that say who changes; amounts are fen where unit is fen, else that unit, 0 unless entitled.
ROWS = pa.schema(
    [
        ("benefit", pa.string()),
        ("entity_kind", pa.string()),
        ("entity_no", pa.int64()),
        ("household_no", pa.int64()),
        ("resident_no", pa.int64()),
        ("before", pa.string()),
        ("before_amount", pa.int64()),
        ("after", pa.string()),
        ("after_amount", pa.int64()),
        ("change", pa.int64()),
        ("unit", pa.string()),
    ]
)


@dataclass(frozen=True)
class NamedLaw:
    """A law as somebody asked for it. since: the first month a reform applies to."""

    words: str
    label: Text
    law: Law
    since: date | None = None


@dataclass(frozen=True)
class BenefitChange:
    """How one benefit changes. entities: persons, households or bills; gained, lost, more, less and unsure (unknown in one law only)
    count them. households: how many have one that changes. before, after: totals of what is granted, in its unit.
    """

    benefit: BenefitDefinition
    entities: int
    households: int
    gained: int
    lost: int
    more: int
    less: int
    unsure: int
    before: int
    after: int


@dataclass(frozen=True)
class LawDifference:
    """How two laws decide a month differently. households: how many have anything that changes."""

    before: NamedLaw
    after: NamedLaw
    month: str
    snapshot_hash: str
    facts_month: str
    known_on: date
    benefits: list[BenefitChange]
    households: int
    residents: int


def named_law(words: str) -> NamedLaw:
    """Return the law that somebody names: ``installed``, a day (as published by then), ``run:7`` or the name of a law that an earlier run
    used, or a reform file. Raises: UnknownLaw, LawEdited, the sentences of engine.reform.
    """
    if words == INSTALLED:
        return NamedLaw(words, Text("现行法规", "the law as installed"), laws.installed_law())
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
        try:
            day = date.fromisoformat(words)
        except ValueError as error:
            raise UnknownLaw(words) from error
        return NamedLaw(words, Text(f"截至 {day} 的法规", f"the law as of {day}"), laws.installed_law(day))
    run = _run_named(words)
    if run is not None:
        law = laws.installed_law(run.law_as_of)
        if law.name != run.law_name:
            raise LawEdited(run.id, run.law_name, run.law_as_of)
        label = Text(f"核算 {run.id} 所用法规（截至 {run.law_as_of}）", f"the law of run {run.id} (as of {run.law_as_of})")
        return NamedLaw(words, label, law)
    if not Path(words).is_file():
        raise UnknownLaw(words)
    reform = read_reform(Path(words))
    return NamedLaw(words, reform.title, laws.installed_law().reformed(reform), reform.since)


def _run_named(words: str) -> Run | None:
    if re.fullmatch(r"run:\d+", words):
        return runs.run(int(words.removeprefix("run:")))
    return Run.objects.filter(law_name=words).order_by("-id").first() if re.fullmatch(r"[0-9a-f]{16}", words) else None


def law_difference(
    viewer: Viewer,
    before: NamedLaw,
    after: NamedLaw,
    month: Month | None = None,
    *,
    snapshot: Any = None,
    rows: Callable[[pa.Table], None] | None = None,
    progress: Progress | None = None,
) -> LawDifference:
    """Decide a month under two laws and return how they differ.

    month: by default that of the newest facts, or the first of a reform where that is later. rows: is given the changed decisions, chunk
    by chunk, as ROWS; only the system may ask for them, since they name residents. Raises: PermissionMissing, NoSnapshot.
    """
    if viewer.role != "system":
        access.require(viewer, "reforms.simulate")
    if rows is not None and viewer.role != "system":
        raise access.PermissionMissing(viewer.account, "entitlements.explain")
    newest = snapshot or records.newest_snapshot()
    since = [Month.of(law.since) for law in (before, after) if law.since is not None]
    of = month or max([Month.parse(newest.month), *since])
    if snapshot is None and of <= Month.parse(newest.month):
        newest = records.snapshot_for(of)
    tally = _Tally(before.law, after.law, of, records.snapshot_path(newest.hash), rows)
    if tally.codes:
        tally.count(progress or Progress("compare", 1, quiet=True))
    # The laws by their names, which say what stood in them: a file may be anywhere, and change.
    access.record_access(viewer, Purpose.OPERATION, "policies.law_difference", f"{before.law.name} {after.law.name} {of}")
    benefits = [tally.change(code) for code in tally.codes]
    return LawDifference(before, after, of.text, newest.hash, newest.month, newest.known_on, benefits, tally.households, tally.residents)


class _Tally:
    """Counts the differences of two laws over a snapshot."""

    def __init__(self, before: Law, after: Law, month: Month, folder: Path, rows: Callable[[pa.Table], None] | None) -> None:
        whole = before.program(month), after.program(month)
        self.codes = changed_benefits(*whole)
        self.definitions = {code: (after.benefits.get(code) or before.benefits[code]) for code in self.codes}
        self._programs = [
            law.program(month, [code for code in self.codes if code in program.benefits])
            for law, program in zip((before, after), whole, strict=True)
        ]
        self._facts, self._month, self._folder, self._rows = after.facts, month, folder, rows
        # By benefit: entities, households, gained, lost, more, less, unsure, before, after.
        self._counts = {code: [0] * 9 for code in self.codes}
        self.households = self.residents = 0

    def count(self, progress: Progress) -> None:
        """Go through the snapshot, some chunks at a time."""
        identities = identity_columns(self._programs[1] if self._programs[1].benefits else self._programs[0])
        read = [columns_of(program) for program in self._programs if program.benefits]
        wanted = {entity: [*names, *(name for columns in read for name in columns.get(entity, ()))] for entity, names in identities.items()}
        facts = Folder(self._folder, wanted)
        progress.total, progress.done = facts.groups, 0
        if facts.groups >= runs.CHUNKS_TO_FUSE:
            for program in self._programs:
                program.fuse()
        for span in facts.spans(range(facts.groups), rows_at_once(self._programs[0])):
            tables = facts.tables(span)
            self._count_chunk(Chunk(tables["person"], tables["household"], tables["claim"], self._month))
            progress.step(len(span))

    def change(self, code: str) -> BenefitChange:
        return BenefitChange(self.definitions[code], *self._counts[code])

    def _count_chunk(self, chunk: Chunk) -> None:
        batch = Batch.from_arrow(chunk.person, chunk.household, chunk.claim, self._facts.values())
        before, after = (_decided(program, batch) for program in self._programs)
        changed_homes, changed_people = np.zeros(len(chunk.household_nos), bool), np.zeros(len(chunk.resident_nos), bool)
        for code in self.codes:
            entity = self.definitions[code].entity.name
            old, new = (_columns(decided.get(code), batch.rows[entity]) for decided in (before, after))
            changed = np.flatnonzero((old[0] != new[0]) | (old[1] != new[1]))
            homes = chunk.household_of(entity, changed)
            changed_homes[homes] = True
            if entity != "household":
                changed_people[chunk.person_of(entity, changed)] = True
            self._add(code, old, new, changed, len(np.unique(homes)))
            if self._rows is not None and len(changed):
                self._rows(self._told(code, chunk, old, new, changed))
        self.households += int(changed_homes.sum())
        # Whoever lives in a household whose own decision changed is not counted: the household is.
        self.residents += int(changed_people.sum())

    def _add(self, code: str, old: _Columns, new: _Columns, changed: np.ndarray, homes: int) -> None:
        (was, had), (status, amount) = ((column[changed] for column in columns) for columns in (old, new))
        unsure = (was == UNKNOWN) | (status == UNKNOWN)
        sure = ~unsure
        counts = [
            len(changed),
            homes,
            int((sure & (had == 0) & (amount > 0)).sum()),
            int((sure & (had > 0) & (amount == 0)).sum()),
            int((sure & (had > 0) & (amount > had)).sum()),
            int((sure & (amount > 0) & (amount < had)).sum()),
            int(unsure.sum()),
            int(old[1].sum()),
            int(new[1].sum()),
        ]
        self._counts[code] = [a + b for a, b in zip(self._counts[code], counts, strict=True)]

    def _told(self, code: str, chunk: Chunk, old: _Columns, new: _Columns, changed: np.ndarray) -> pa.Table:
        definition = self.definitions[code]
        entity = definition.entity.name
        persons = chunk.person_of(entity, changed)
        columns: dict[str, Any] = {
            "benefit": [code] * len(changed),
            "entity_kind": [entity] * len(changed),
            "entity_no": chunk.entity_numbers(entity, changed),
            "household_no": chunk.household_nos[chunk.household_of(entity, changed)],
            "resident_no": chunk.resident_nos[persons],
            "before": [_STATUS[status] for status in old[0][changed].tolist()],
            "before_amount": old[1][changed],
            "after": [_STATUS[status] for status in new[0][changed].tolist()],
            "after_amount": new[1][changed],
            "change": new[1][changed] - old[1][changed],
            "unit": [definition.unit] * len(changed),
        }
        return pa.table({name: columns[name] for name in ROWS.names}, schema=ROWS)


_Columns = tuple[np.ndarray, np.ndarray]


def _decided(program: Program, batch: Batch) -> dict[str, BenefitResult]:
    if not program.benefits:
        return {}
    return {result.code: result for result in program.evaluate(batch)}


def _columns(result: BenefitResult | None, rows: int) -> _Columns:
    """Return status and amount of every row; a benefit that a law does not grant is nobody's."""
    if result is None:
        return np.zeros(rows, np.int8), np.zeros(rows, np.int64)
    return result.status, result.amount


__all__ = ["INSTALLED", "ROWS", "BenefitChange", "LawDifference", "NamedLaw", "law_difference", "named_law"]
