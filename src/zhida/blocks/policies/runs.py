"""Deciding a month for everyone: chunk by chunk, in files that stay, so that a killed run carries on where it stood."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import workers
from zhida.blocks.policies.decisions import ENTITLED, SCHEMA, UNKNOWN, Chunk, columns_read, decision_table
from zhida.blocks.policies.errors import NoRun, RunChanged
from zhida.blocks.policies.models import Run, RunBenefit
from zhida.blocks.records import api as records
from zhida.engine.streaming import Folder, rows_at_once
from zhida.kernel import clock
from zhida.kernel.files import atomic_path
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress

# Chunks of one decision file: about half a million residents. A kill loses at most the files being written.
CHUNKS_PER_FILE = 32
# From so many chunks on, about a quarter of a million residents, machine code saves more time than it takes to make.
CHUNKS_TO_FUSE = 16
# Below this many files a second process costs more than it brings.
FILES_FOR_WORKERS = 4
# What a decision file says of itself: counts by benefit, rows by chunk.
_COUNTS, _GROUPS = "counts", "rows_by_chunk"

Counts = dict[str, list[int]]  # benefit -> entitled, not entitled, unknown, amount


@dataclass(frozen=True)
class FileTask:
    """One decision file to make: which chunks of which snapshot, under which law."""

    run_id: int
    home: str
    snapshot: str
    month: str
    law_as_of: str
    first_chunk: int
    chunks: int

    @property
    def path(self) -> Path:
        return run_folder(self.run_id, Path(self.home)) / f"decisions-{self.first_chunk:05d}.parquet"


def run_folder(run_id: int, home: Path | None = None) -> Path:
    return (home or Path(settings.HOME)) / "runs" / str(run_id)


def run_period(
    viewer: Viewer, month: Month, *, law_as_of: date | None = None, snapshot: Any = None, progress: Progress | None = None
) -> Run:
    """Decide every benefit in force in a month for the whole snapshot; return the finished run.

    The same facts under the same law are one run: asked again, the finished one is returned and an unfinished one is continued.
    Raises: records' NoSnapshot, the engine's sentences about the law.
    """
    snapshot = snapshot or records.snapshot_for(month)
    as_of = laws.last_publication(law_as_of or clock.today())
    law = laws.installed_law(as_of)
    law.program(month)
    manifest = json.loads((records.snapshot_path(snapshot.hash) / "manifest.json").read_text())
    run, created = Run.objects.get_or_create(
        month=month.text,
        snapshot_hash=snapshot.hash,
        law_name=law.name,
        defaults={
            "law_as_of": as_of,
            "known_on": snapshot.known_on,
            "started_at": clock.now(),
            "chunks_total": len(manifest["chunks"]),
        },
    )
    if created:
        access.record_access(viewer, Purpose.OPERATION, "run.start", f"run {run.id}")
        shutil.rmtree(run_folder(run.id), ignore_errors=True)
    if run.state == Run.State.RUNNING:
        _decide_all(run, progress or Progress("decide", 1, quiet=True))
    return run


def _decide_all(run: Run, progress: Progress) -> None:
    tasks = _tasks(run)
    progress.total, progress.done = run.chunks_total, 0
    counts: Counts = {}
    for task, made in zip(tasks, _made_files(tasks), strict=True):
        for code, numbers in made.items():
            counts[code] = [a + b for a, b in zip(counts.get(code, [0] * 4), numbers, strict=True)]
        run.chunks_done = min(task.first_chunk + task.chunks, run.chunks_total)
        Run.objects.filter(pk=run.pk).update(chunks_done=run.chunks_done)
        progress.step(task.chunks)
    _finish(run, counts)


def _tasks(run: Run) -> list[FileTask]:
    return [
        FileTask(
            run.id,
            str(settings.HOME),
            str(records.snapshot_path(run.snapshot_hash)),
            run.month,
            run.law_as_of.isoformat(),
            first,
            min(CHUNKS_PER_FILE, run.chunks_total - first),
        )
        for first in range(0, run.chunks_total, CHUNKS_PER_FILE)
    ]


def _made_files(tasks: list[FileTask]) -> Iterator[Counts]:
    """Make every decision file that is not there yet; yield the counts of each, in order."""
    if len([task for task in tasks if not task.path.exists()]) < FILES_FOR_WORKERS:
        yield from map(make_file, tasks)
        return
    with workers.pool() as pool:
        yield from pool.map(workers.make_file, tasks)


def make_file(task: FileTask) -> Counts:
    """Decide some chunks into one Parquet file, whole or not at all; return its counts, which the file also carries."""
    if task.path.exists():
        return _counts_in(task.path)
    month = Month.parse(task.month)
    program = laws.installed_law(date.fromisoformat(task.law_as_of)).program(month)
    facts = Folder(Path(task.snapshot), columns_read(program))
    if task.chunks >= CHUNKS_TO_FUSE:
        program.fuse(facts.gaps())
    counts: Counts = {}
    groups: list[int] = []
    with atomic_path(task.path) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        for span in facts.spans(range(task.first_chunk, task.first_chunk + task.chunks), rows_at_once(program)):
            tables = facts.tables(span)
            chunk = Chunk(tables["person"], tables["household"], tables["claim"], month)
            rows = _decided_rows(list(_decide_chunk(program, chunk, counts)))
            for part in _by_chunk(rows, chunk, facts.rows_of("household", span)):
                groups.append(part.num_rows)
                if part.num_rows:
                    writer.write_table(part, row_group_size=part.num_rows)
        writer.add_key_value_metadata({_COUNTS: json.dumps(counts), _GROUPS: json.dumps(groups)})
    return counts


def _by_chunk(rows: pa.Table, chunk: Chunk, households: list[int]) -> Iterator[pa.Table]:
    """Cut decisions that were made together where the snapshot's chunks end. households: how many each has."""
    lasts = chunk.household_nos[np.cumsum(households) - 1]
    begin = 0
    for end in np.searchsorted(rows["household_no"].to_numpy(), lasts, side="right").tolist():
        yield rows.slice(begin, end - begin)
        begin = end


def _decided_rows(tables: list[pa.Table]) -> pa.Table:
    """Join decisions, sorted by household: the list of one household is then a slice of one row group."""
    return pa.concat_tables(tables).unify_dictionaries().sort_by("household_no") if tables else SCHEMA.empty_table()


def _counts_in(path: Path) -> Counts:
    metadata = pq.read_metadata(path).metadata or {}
    if _COUNTS.encode() not in metadata:
        raise RunChanged(int(path.parent.name))
    counts: Counts = json.loads(metadata[_COUNTS.encode()])
    return counts


def rows_by_chunk(file: pq.ParquetFile) -> list[int]:
    """Return how many decisions each chunk of a decision file has; a chunk without any has no row group."""
    counts: list[int] = json.loads(file.metadata.metadata[_GROUPS.encode()])
    return counts


def decisions_of(run: Run, household_no: int) -> list[dict[str, Any]]:
    """Return a household's decisions of a run, as rows of ``decisions.SCHEMA``. Reads one row group.

    Raises: records' HouseholdNotFound, RunChanged when the run's file is gone.
    """
    chunk = records.chunk_of(run.snapshot_hash, household_no)
    first = chunk // CHUNKS_PER_FILE * CHUNKS_PER_FILE
    path = run_folder(run.id) / f"decisions-{first:05d}.parquet"
    if not path.exists():
        raise RunChanged(run.id)
    with pq.ParquetFile(path) as file:
        counts = rows_by_chunk(file)
        if not counts[chunk - first]:
            return []
        group = sum(1 for rows in counts[: chunk - first] if rows)
        table = file.read_row_group(group, use_threads=False)
    begin, end = np.searchsorted(table["household_no"].to_numpy(), [household_no, household_no + 1])
    return table.slice(int(begin), int(end - begin)).to_pylist()


def _decide_chunk(program: Any, chunk: Chunk, counts: Counts) -> Iterator[pa.Table]:
    evaluation = program.evaluate(chunk.batch)
    for code, benefit in program.benefits.items():
        decided = evaluation[code]
        tally = counts.setdefault(code, [0, 0, 0, 0])
        entitled, unknown = int(np.count_nonzero(decided.status == ENTITLED)), int(np.count_nonzero(decided.status == UNKNOWN))
        tally[0] += entitled
        tally[1] += len(decided.status) - entitled - unknown
        tally[2] += unknown
        tally[3] += int(decided.amount[decided.status == ENTITLED].sum())
        table = decision_table(benefit.definition, decided, chunk)
        if table is not None:
            yield table


@transaction.atomic
def _finish(run: Run, counts: Counts) -> None:
    """Write the run's figures and close it, in one transaction."""
    benefits = laws.benefits()
    lines = [
        RunBenefit(run=run, benefit=code, unit=benefits[code].unit, entitled=n[0], not_entitled=n[1], unknown=n[2], amount=n[3])
        for code, n in sorted(counts.items())
    ]
    RunBenefit.objects.filter(run=run).delete()
    RunBenefit.objects.bulk_create(lines)
    run.entitled, run.not_entitled, run.unknown = (sum(n[i] for n in counts.values()) for i in range(3))
    run.entitled_fen = sum(line.amount for line in lines if line.unit == "fen")
    run.state, run.finished_at, run.chunks_done = Run.State.FINISHED, clock.now(), run.chunks_total
    run.save()


def run(run_id: int) -> Run:
    """Return a run. Raises: NoRun."""
    found = Run.objects.filter(pk=run_id).first()
    if found is None:
        raise NoRun(f"run {run_id}")
    return found


def runs(viewer: Viewer) -> list[Run]:
    """List all runs, newest first."""
    access.require(viewer, "runs.view")
    return list(Run.objects.all())


def newest_run(month: Month | None = None) -> Run | None:
    """Return the finished run that stands for a month, or for the newest month; None where nothing was decided.

    Of several, the one that knows most: the newest facts, then the newest law. A run back in time never replaces it.
    """
    finished = Run.objects.filter(state=Run.State.FINISHED)
    found = finished.filter(month=month.text) if month else finished
    return found.order_by("-month", "-known_on", "-law_as_of", "-id").first()


def latest_run(month: Month | None = None) -> Run:
    """Return the finished run that stands for a month, or for the newest month: see ``newest_run``. Raises: NoRun."""
    found = newest_run(month)
    if found is None:
        raise NoRun(month.text if month else "any month")
    return found


def run_benefits(run_id: int) -> list[RunBenefit]:
    """Return the figures of a run by benefit."""
    return list(RunBenefit.objects.filter(run_id=run_id).order_by("benefit"))


def decisions_path(run_id: int) -> str:
    """Return the glob of a run's decision files. Columns: ``decisions.SCHEMA``."""
    return str(run_folder(run_id) / "decisions-*.parquet")
