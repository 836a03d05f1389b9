"""Build a city: plan it, people it, and write every department's files, in as many processes as there are cores.

Chunks and processes change nothing: every draw belongs to a person or household by number (see draws.py).
"""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhida.city.chunk import Chunk
from zhida.city.deliver import cast_ids, finish_feeds, write_defects, write_manifest
from zhida.city.dirt import Defect
from zhida.city.draws import Draws
from zhida.city.errors import CityMonth, CitySeed, CitySize, FolderNotACity, TruthUnknown
from zhida.city.feeds import PartWriter, write_chunk
from zhida.city.people import CHUNK, People, chunk_bounds, make_people
from zhida.city.picks import pick_registers
from zhida.city.plan import make_plan
from zhida.city.registers import REGISTERS
from zhida.city.report import CityReport, measure
from zhida.kernel.files import DiskFull, atomic_path
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress

SMALLEST, LARGEST = 2_000, 14_000_000
# The months around the stocktaking: births and deaths are drawn for these, and the cast has lived its story by then.
FIRST_MONTH, LAST_MONTH = Month(2025, 9), Month(2025, 11)
# A city below this size is written faster by one process than two could be started.
_WORTH_TWO_PROCESSES = 250_000
# Marks a folder whose building has not come to its end.
_UNFINISHED = ".city-unfinished"


@dataclass(frozen=True)
class _Job:
    people: People
    draws: Draws
    month: Month
    feeds: Path
    clean: Path | None
    chunks: list[tuple[int, int]]
    done: Any


@dataclass(frozen=True)
class _Part:
    rows: dict[str, int]
    clean_rows: dict[str, int]
    defects: list[Defect]


# The job of the processes started for it: they inherit it, so that nothing large is copied.
_JOB: _Job | None = None


def build_city(
    out: Path,
    residents: int,
    seed: int,
    month: Month,
    truth: str = "full",
    progress: Callable[[str, int], Progress] = Progress,
    chunk_persons: int = CHUNK,
    processes: int | None = None,
) -> CityReport:
    """Write ``out/feeds/<month>`` (files, manifest.json) and ``out/truth/<month>`` (defects.csv, report.json, clean feeds/ if "full").

    The manifest is written last: a folder without one is not finished, and building again starts it anew.
    Raises: CitySize, CitySeed, CityMonth, TruthUnknown, FolderNotACity (a folder with files of someone else), DiskFull.
    """
    _check(residents, seed, month, truth)
    started = time.monotonic()
    folders = _fresh_folders(out, month, truth)
    draws = Draws(seed)
    people = make_people(make_plan(residents, draws), draws)
    pick_registers(people, draws, month)
    report = measure(people, seed, month.text)
    try:
        _write(people, draws, month, folders, report, progress, chunk_persons, processes)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(folders.feeds) from error
        raise
    report.seconds = time.monotonic() - started
    return report


@dataclass(frozen=True)
class _Folders:
    feeds: Path
    truth: Path
    clean: Path | None


def _check(residents: int, seed: int, month: Month, truth: str) -> None:
    if not SMALLEST <= residents <= LARGEST:
        raise CitySize(residents, SMALLEST, LARGEST)
    if not 0 <= seed < 2**63:
        raise CitySeed(seed)
    if not FIRST_MONTH <= month <= LAST_MONTH:
        raise CityMonth(month.text, FIRST_MONTH.text, LAST_MONTH.text)
    if truth not in ("full", "defects"):
        raise TruthUnknown(truth)


def _may_replace(feeds: Path) -> bool:
    """Say whether a folder of feeds is absent, empty, or a city's: finished (its manifest says so) or given up half-way."""
    if not feeds.exists() or not any(feeds.iterdir()) or (feeds / _UNFINISHED).exists():
        return True
    manifest = feeds / "manifest.json"
    return manifest.exists() and "stocktaking" in json.loads(manifest.read_text(encoding="utf-8"))


def _fresh_folders(out: Path, month: Month, truth: str) -> _Folders:
    folders = _Folders(out / "feeds" / month.text, out / "truth" / month.text, None)
    if not _may_replace(folders.feeds):
        raise FolderNotACity(folders.feeds)
    for folder in (folders.feeds, folders.truth):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (folders.feeds / _UNFINISHED).touch()
    if truth == "defects":
        return folders
    clean = folders.truth / "feeds"
    clean.mkdir()
    return _Folders(folders.feeds, folders.truth, clean)


def _write(
    people: People,
    draws: Draws,
    month: Month,
    folders: _Folders,
    report: CityReport,
    progress: Callable[[str, int], Progress],
    chunk_persons: int,
    processes: int | None,
) -> None:
    chunks = chunk_bounds(people.plan, chunk_persons)
    workers = processes or (1 if people.plan.residents < _WORTH_TWO_PROCESSES else min(os.cpu_count() or 1, 4))
    parts = _run(_Job(people, draws, month, folders.feeds, folders.clean, chunks, None), min(workers, len(chunks)), progress)
    who = (people.plan.residents, report.seed)
    delivered = finish_feeds(folders.feeds, month, [part.rows for part in parts], [part.defects for part in parts], soiled=True)
    if folders.clean:
        clean = finish_feeds(folders.clean, month, [part.clean_rows for part in parts], [], soiled=False)
        write_manifest(folders.clean, month, who, clean.rows)
    write_defects(folders.truth / "defects.csv", delivered.defects)
    report.defects = dict(Counter(defect.kind for defect in delivered.defects))
    report.cast, report.rows = cast_ids(), delivered.rows
    with atomic_path(folders.truth / "report.json") as path:
        path.write_text(report.as_json(), encoding="utf-8")
    write_manifest(folders.feeds, month, who, delivered.rows)
    (folders.feeds / _UNFINISHED).unlink()


def _run(job: _Job, workers: int, progress: Callable[[str, int], Progress]) -> list[_Part]:
    """Write all chunks: in this process, or each worker a stretch of them."""
    shown = progress("city", len(job.chunks))
    if workers == 1:
        return [_write_part(job, 0, job.chunks, shown.step)]
    context = multiprocessing.get_context("fork")
    done = context.Value("i", 0)
    global _JOB
    _JOB = _Job(job.people, job.draws, job.month, job.feeds, job.clean, job.chunks, done)
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            futures = [pool.submit(_write_stretch, number, workers) for number in range(workers)]
            while not all(future.done() for future in futures):
                time.sleep(0.1)
                shown.step(done.value - shown.done)
            parts = [future.result() for future in futures]
            shown.step(len(job.chunks) - shown.done)
            return parts
    finally:
        _JOB = None


def _write_stretch(number: int, workers: int) -> _Part:
    """Write one worker's stretch of the chunks of the inherited job."""
    assert _JOB is not None
    job, count = _JOB, len(_JOB.chunks)
    stretch = job.chunks[count * number // workers : count * (number + 1) // workers]

    def step() -> None:
        with job.done.get_lock():
            job.done.value += 1

    return _write_part(job, number, stretch, step)


def _write_part(job: _Job, number: int, chunks: list[tuple[int, int]], step: Callable[[], None]) -> _Part:
    delivered = PartWriter(job.feeds, number)
    clean = PartWriter(job.clean, number) if job.clean else None
    for first, last in chunks:
        write_chunk(Chunk(job.people, job.draws, first, last, job.month), REGISTERS, delivered, clean)
        step()
    delivered.close()
    if clean:
        clean.close()
    return _Part(delivered.rows, clean.rows if clean else {}, delivered.defects)
