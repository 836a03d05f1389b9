"""One part of a simulation: some chunks of a snapshot under both laws, counted, and the households of known income in a file.

Runs in worker processes: everything it needs is in the ``Part``, and what it finds is in the file, so a killed simulation goes on from
the files that are there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhida.blocks.policies import law as laws
from zhida.blocks.policies.decisions import Chunk, columns_read
from zhida.blocks.policies.runs import CHUNKS_TO_FUSE, rows_by_chunk
from zhida.blocks.policies.simulation.tallies import HOUSEHOLDS, BaseDecisions, Tally, count_chunk, is_income
from zhida.engine.api import BenefitDefinition, Law, Program
from zhida.engine.reform import Reform, changed_benefits, read_reform, reformed
from zhida.engine.streaming import Folder
from zhida.kernel.files import atomic_path
from zhida.kernel.period import Month

# The variables of the law that a simulation asks for; the last three only where the installed packs have them.
FIGURES = ("registered_people", "household_type", "has_disabled_member", "registered_wages", "people")
INCOMES = ("checked_income", "low_income_line")
# What a part's file says of itself.
_TALLY = b"tally"


@dataclass(frozen=True)
class Part:
    """Which chunks of which snapshot, under which laws; ``run_file``: the decisions of the base law where a run has made them, or ''."""

    snapshot: str
    month: str
    law_as_of: str
    reform_text: str
    reform_file: str
    run_file: str
    first_chunk: int
    chunks: int
    path: str


@dataclass(frozen=True)
class Question:
    """What is asked of every chunk. touched: benefits the two laws decide differently. reform: evaluates only these, None where there are
    none. base: the variables, and without a run the benefits that are needed. incomes: benefits that are a household's regular income.
    """

    month: Month
    touched: dict[str, BenefitDefinition]
    incomes: dict[str, BenefitDefinition]
    base: Program
    reform: Program | None
    line_scale: int

    @property
    def has_incomes(self) -> bool:
        return "checked_income" in self.base.variables


@lru_cache(4)
def reformed_law(law_as_of: date, text: str, file: str) -> tuple[Reform, Law]:
    """Return a reform and the law after it, in this process. Raises: ReformRefused, FormulaRefused, ParameterUnreadable."""
    reform = read_reform(text, file)
    return reform, reformed(laws.installed_law(law_as_of), reform)


@lru_cache(4)
def question(law_as_of: date, text: str, file: str, month: Month, has_run: bool) -> Question:
    """Work out what a reform touches in a month and what has to be evaluated for it. Raises: what the engine says of laws and reforms."""
    base_law, (_, reform_law) = laws.installed_law(law_as_of), reformed_law(law_as_of, text, file)
    base, after = base_law.program(month), reform_law.program(month)
    codes = changed_benefits(base, after)
    touched = {code: (reform_law.benefits.get(code) or base_law.benefits[code]) for code in codes}
    figures = [name for name in (*FIGURES, *INCOMES) if name in base_law.definitions]
    if not set(INCOMES) <= set(figures):
        figures = [name for name in figures if name not in INCOMES]
    incomes = {code: b.definition for code, b in base.benefits.items() if is_income(b.definition)} if INCOMES[0] in figures else {}
    needed = [] if has_run else [code for code in base.benefits if code in touched or code in incomes]
    line = base_law.versions[INCOMES[1]][0][1].shape.scale if INCOMES[1] in figures else 0
    return Question(
        month=month,
        touched=touched,
        incomes=incomes,
        base=base_law.program(month, benefits=needed, variables=tuple(figures)),
        reform=reform_law.program(month, benefits=[code for code in codes if code in after.benefits]) if codes else None,
        line_scale=line,
    )


def make_part(part: Part) -> Tally:
    """Count some chunks into one file, whole or not at all; return the counts, which the file also carries."""
    path = Path(part.path)
    if path.exists():
        return Tally.from_json(json.loads(pq.read_metadata(path).metadata[_TALLY]))
    asked = question(date.fromisoformat(part.law_as_of), part.reform_text, part.reform_file, Month.parse(part.month), bool(part.run_file))
    if part.chunks >= CHUNKS_TO_FUSE:
        for program in (asked.base, asked.reform):
            if program is not None:
                program.fuse()
    tally = Tally()
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, HOUSEHOLDS, compression="zstd") as writer:
        for chunk, decided in _chunks(part, asked):
            known = count_chunk(asked, chunk, decided, tally)
            if known is not None and known.num_rows:
                writer.write_table(known)
        writer.add_key_value_metadata({_TALLY: json.dumps(tally.as_json())})
    return tally


def _chunks(part: Part, asked: Question) -> Iterator[tuple[Chunk, BaseDecisions | None]]:
    """Yield the chunks of a part with the columns that are needed, and the base law's decisions on them where a run has made them."""
    columns = columns_read(*([asked.base, asked.reform] if asked.reform else [asked.base]))
    facts = Folder(Path(part.snapshot), {**columns, "household": [*columns["household"], "district"]})
    decided = iter(_decided(part, asked)) if part.run_file else None
    for index in range(part.first_chunk, part.first_chunk + part.chunks):
        tables = facts.tables(range(index, index + 1))
        yield Chunk(tables["person"], tables["household"], tables["claim"], asked.month), next(decided) if decided else None


def _decided(part: Part, asked: Question) -> Iterator[BaseDecisions]:
    """Yield a run's decisions chunk by chunk; a chunk without any has no row group."""
    wanted = pa.array(sorted({*asked.touched, *asked.incomes}), pa.string())
    with pq.ParquetFile(part.run_file) as file:
        group = 0
        for rows in rows_by_chunk(file):
            columns = ["benefit", "entity_no", "household_no", "status", "amount"]
            table = file.read_row_group(group, columns=columns, use_threads=False) if rows else None
            group += bool(rows)
            yield BaseDecisions(table, wanted)
