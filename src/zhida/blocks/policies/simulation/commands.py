"""Simulating a reform and keeping what came out: the doors are ``policies.simulate`` and what lists, shows and deletes simulations."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs, workers
from zhida.blocks.policies.errors import NoSimulation
from zhida.blocks.policies.models import KeptSimulation, Run
from zhida.blocks.policies.simulation import reports
from zhida.blocks.policies.simulation.parts import Part, Question, make_part, question, reformed_law
from zhida.blocks.policies.simulation.results import Simulation, Targeting
from zhida.blocks.policies.simulation.tallies import MEASURES, Tally
from zhida.blocks.policies.simulation.targeting import Ladder, Trial, meet_budget
from zhida.blocks.policies.simulation.welfare import open_incomes
from zhida.blocks.records import api as records
from zhida.engine.api import EngineError
from zhida.engine.reform import Reform, changed_benefits, read_reform
from zhida.engine.reform_parameters import changed_parameter
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text
from zhida.kernel.warehouse import scratch_folder

PERMISSION = "reforms.simulate"


def simulate(
    viewer: Viewer, reform: Reform, month: Month | None = None, *, snapshot: Any = None, progress: Progress | None = None
) -> Simulation:
    """Hold a reform beside the law in force, for a month's rule on a snapshot; keep and return what comes out.

    month: by itself the newest month there are facts of, or the reform's first where that is later: then on the newest facts.
    A reform with a target is simulated with the value that spends its budget. The same reform of the same law on the same facts is
    computed once. Raises: PermissionMissing, NoSnapshot, the sentences of engine.reform and simulation.targeting.
    """
    _allowed(viewer)
    progress = progress or Progress("simulate", 1, quiet=True)
    started = time.monotonic()
    given = reform
    setting = _Setting.of(reform, month, snapshot)
    targeting = None
    if reform.target is not None:
        reform, targeting = meet_budget(reform, setting.trial(reform), progress)
    kept = setting.kept(reform, targeting)
    if kept is None:
        found = setting.simulation(reform, targeting, progress)
        found = replace(found, seconds=round(time.monotonic() - started))
        kept = _keep(viewer, setting, given, found)
    return _read(kept)


def simulations(viewer: Viewer) -> list[Simulation]:
    """List the simulations that were kept, newest first."""
    _allowed(viewer)
    return [_read(kept) for kept in KeptSimulation.objects.all()]


def simulation(viewer: Viewer, simulation_id: int) -> Simulation:
    """Return a simulation that was kept. Raises: NoSimulation."""
    _allowed(viewer)
    return _read(_kept(simulation_id))


def simulate_again(viewer: Viewer, simulation_id: int, progress: Progress | None = None) -> Simulation:
    """Simulate a kept reform under the law of today and the newest facts; it is another simulation where these have changed."""
    _allowed(viewer)
    kept = _kept(simulation_id)
    return simulate(viewer, read_reform(kept.reform_text, kept.reform_file), progress=progress)


@transaction.atomic
def delete_simulation(viewer: Viewer, simulation_id: int) -> None:
    """Forget a simulation. Raises: NoSimulation."""
    purpose = _allowed(viewer)
    _kept(simulation_id).delete()
    access.record_access(viewer, purpose, "simulation.delete", f"simulation {simulation_id}")


def example_reforms() -> list[Reform]:
    """List the reforms that the installed packs bring as examples (``packs/*/reforms/*.yaml``), by pack and file."""
    return [read_reform(path) for source in laws.pack_sources() for path in sorted((source.folder / "reforms").glob("*.yaml"))]


def reform_problems(text: str, file: str = "reform.yaml") -> list[Text]:
    """Say what is wrong with a reform's text, without simulating it; nothing where it can be simulated.

    Every wrong parameter is told; a mistake of the file hides those of its parts, and one of a formula those of the formulas after it.
    """
    as_of = laws.last_publication(clock.today())
    base = laws.installed_law(as_of)
    try:
        reform = read_reform(text, file)
    except EngineError as error:
        return [error.text]
    problems = [problem for change in reform.parameters if (problem := _problem(partial(changed_parameter, base, reform, change)))]
    if not problems and (problem := _problem(lambda: reformed_law(as_of, text, file)[1].program(Month.of(reform.since)))):
        problems.append(problem)
    if not problems and reform.target is not None and (problem := _problem(lambda: Ladder.of(base, reform))):
        problems.append(problem)
    return problems


def _problem(attempt: Callable[[], object]) -> Text | None:
    try:
        attempt()
    except EngineError as error:
        return error.text
    return None


def _allowed(viewer: Viewer) -> Purpose:
    """Return the purpose of simulating; the system itself operates. Raises: PermissionMissing."""
    return Purpose.OPERATION if viewer.role == "system" else access.require(viewer, PERMISSION)


def _kept(simulation_id: int) -> KeptSimulation:
    found = KeptSimulation.objects.filter(pk=simulation_id).first()
    if found is None:
        raise NoSimulation(simulation_id)
    return found


def _read(kept: KeptSimulation) -> Simulation:
    told = {"id": kept.id, "reform_text": kept.reform_text, "made_by": kept.made_by, "made_at": kept.made_at.isoformat()}
    return Simulation.from_json({**kept.result, **told})


@transaction.atomic
def _keep(viewer: Viewer, setting: _Setting, reform: Reform, found: Simulation) -> KeptSimulation:
    kept, _ = KeptSimulation.objects.update_or_create(
        month=found.month,
        snapshot_hash=found.snapshot,
        law_base=found.law_base,
        law_reform=found.law_reform,
        defaults={
            "reform_file": reform.file,
            "reform_text": reform.text,
            "result": found.as_json(),
            "made_by": viewer.account,
            "made_at": clock.now(),
        },
    )
    access.record_access(viewer, _allowed(viewer), "simulation.make", f"simulation {kept.id}")
    return kept


@dataclass(frozen=True)
class _Setting:
    """What a reform is simulated on: a month's rule, a snapshot, the law of a day."""

    month: Month
    snapshot: Any
    as_of: date

    @classmethod
    def of(cls, reform: Reform, month: Month | None, snapshot: Any) -> _Setting:
        newest = snapshot or records.newest_snapshot()
        month = month or max(Month.parse(newest.month), Month.of(reform.since))
        if snapshot is None and month <= Month.parse(newest.month):
            snapshot = records.snapshot_for(month)
        return cls(month, snapshot or newest, laws.last_publication(clock.today()))

    @property
    def folder(self) -> Path:
        return records.snapshot_path(self.snapshot.hash)

    @property
    def chunks(self) -> int:
        return len(json.loads((self.folder / "manifest.json").read_text("utf-8"))["chunks"])

    def trial(self, reform: Reform) -> Trial:
        return Trial(str(self.folder), self.month.text, self.as_of.isoformat(), reform.text, reform.file, (), 0, self.chunks)

    def question(self, reform: Reform, has_run: bool) -> Question:
        return question(self.as_of, reform.text, reform.file, self.month, has_run)

    def kept(self, reform: Reform, targeting: Targeting | None) -> KeptSimulation | None:
        """Return the simulation of the same reform that was kept; one that was found for a budget is told with its budget."""
        _, law = reformed_law(self.as_of, reform.text, reform.file)
        found = KeptSimulation.objects.filter(
            month=self.month.text,
            snapshot_hash=self.snapshot.hash,
            law_base=laws.installed_law(self.as_of).name,
            law_reform=law.name,
        ).first()
        return found if found and bool(found.result["targeting"]) == bool(targeting) else None

    def run(self) -> Run | None:
        """Return a finished run of the same month, facts and law, whose files are there."""
        name = laws.installed_law(self.as_of).name
        found = Run.objects.filter(month=self.month.text, snapshot_hash=self.snapshot.hash, law_name=name, state=Run.State.FINISHED).first()
        return found if found and all(_run_file(found, first).exists() for first in self.firsts()) else None

    def firsts(self) -> range:
        return range(0, self.chunks, runs.CHUNKS_PER_FILE)

    def simulation(self, reform: Reform, targeting: Targeting | None, progress: Progress) -> Simulation:
        base, (_, law) = laws.installed_law(self.as_of), reformed_law(self.as_of, reform.text, reform.file)
        run = self.run()
        asked = self.question(reform, run is not None)
        divisions, deciles, tally = self._figures(reform, asked, run, progress) if asked.touched else self._unchanged()
        return Simulation(
            title=reports.title(reform.title, self.month, self.as_of),
            reform=reform.title,
            note=reform.note,
            month=self.month.text,
            facts_month=self.snapshot.month,
            known_on=self.snapshot.known_on.isoformat(),
            law_as_of=self.as_of.isoformat(),
            law_base=base.name,
            law_reform=law.name,
            snapshot=self.snapshot.hash,
            base_run=run.id if run else None,
            touched=tuple(asked.touched),
            elsewhere=tuple(_changed_elsewhere(base, law, self.month)),
            shifts=reports.parameter_shifts(base, law, self.month.start),
            costs=reports.benefit_costs(asked.touched, tally),
            organisations_fen=tally.organisations_fen,
            line=reports.line_text(base) if asked.has_incomes else Text("", ""),
            total=divisions["city"][0],
            districts=divisions["district"],
            types=divisions["type"],
            sizes=divisions["size"],
            disabilities=divisions["disability"],
            deciles=deciles,
            targeting=targeting,
            seconds=0,
        )

    def _unchanged(self) -> Any:
        """What a reform that touches nothing comes to: nothing is evaluated, nobody's figures are looked at."""
        tally = Tally()
        households, persons = self.snapshot.households, self.snapshot.persons
        tally.groups["city"][0] = [households, persons, *[0] * (len(MEASURES) - 2)]
        return reports.tables(tally, None), (), tally

    def _figures(self, reform: Reform, asked: Question, run: Run | None, progress: Progress) -> Any:
        with _alone_in(self._work_folder(reform)) as folder:
            parts = [self._part(reform, run, folder, first) for first in self.firsts()]
            progress.total, progress.done = self.chunks, 0
            tally = Tally()
            for part, made in zip(parts, _made(parts), strict=True):
                tally.add(made)
                progress.step(part.chunks)
            found = _measured(parts, tally, asked)
            shutil.rmtree(folder, ignore_errors=True)
        return *found, tally

    def _work_folder(self, reform: Reform) -> Path:
        _, law = reformed_law(self.as_of, reform.text, reform.file)
        key = sha256(f"{self.month} {self.snapshot.hash} {law.name}".encode()).hexdigest()[:16]
        return Path(settings.HOME) / "simulations" / key

    def _part(self, reform: Reform, run: Run | None, folder: Path, first: int) -> Part:
        return Part(
            snapshot=str(self.folder),
            month=self.month.text,
            law_as_of=self.as_of.isoformat(),
            reform_text=reform.text,
            reform_file=reform.file,
            run_file=str(_run_file(run, first)) if run else "",
            first_chunk=first,
            chunks=min(runs.CHUNKS_PER_FILE, self.chunks - first),
            path=str(folder / f"part-{first:05d}.parquet"),
        )


def _run_file(run: Run, first_chunk: int) -> Path:
    return runs.run_folder(run.id) / f"decisions-{first_chunk:05d}.parquet"


def _made(parts: list[Part]) -> Iterator[Tally]:
    """Make every part's file that is not there yet; yield the counts of each, in order."""
    if len([part for part in parts if not Path(part.path).exists()]) < runs.FILES_FOR_WORKERS:
        yield from map(make_part, parts)
        return
    with workers.pool() as pool:
        yield from pool.map(workers.make_part, parts)


def _measured(parts: list[Part], tally: Tally, asked: Question) -> Any:
    """Return the tables of every division and the tenths."""
    if not asked.has_incomes:
        return reports.tables(tally, None), ()
    with (
        scratch_folder(Path(settings.HOME)) as scratch,
        open_incomes(scratch, [Path(part.path) for part in parts], asked.line_scale) as incomes,
    ):
        return reports.tables(tally, incomes), reports.deciles(tally, incomes)


def _changed_elsewhere(base: Any, reform: Any, month: Month) -> list[str]:
    """List the benefits that the reform touches in trees that are not the residents': named, and not simulated."""
    roots = {entity.root.name: entity.root for entity in reform.entities.values() if entity.root.name != "household"}
    changed = [changed_benefits(base.program(month, root=root), reform.program(month, root=root)) for root in roots.values()]
    return sorted(code for codes in changed for code in codes)


@contextmanager
def _alone_in(folder: Path) -> Iterator[Path]:
    """Hold a folder of work alone: a second process that simulates the same waits, and finds what is done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
