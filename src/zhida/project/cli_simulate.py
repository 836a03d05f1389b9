"""`zhida simulate reform.yaml`: what a reform would cost and do, as a table to read and files to take home."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import click

from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.kernel.text import Text


class MonthType(click.ParamType):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        return value if isinstance(value, Month) else Month.parse(str(value))


class YuanType(click.ParamType):
    name = "YUAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            return Decimal(str(value).replace(",", ""))
        except InvalidOperation:
            self.fail(f"{value} is not an amount of yuan", param, ctx)


@click.command()
@click.argument("reform", type=click.Path(path_type=Path))
@click.option("--month", type=MonthType(), help="the month whose rule is simulated  [default: the newest there are facts of]")
@click.option("--budget", type=YuanType(), help="yuan a year to spend; with --parameter")
@click.option("--parameter", help="the number of the law that is looked for; with --budget")
@click.option("--json", "as_json", is_flag=True, help="print the result as one JSON object")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="folder for simulation.json, reform.yaml and a CSV of each table"
)
@click.option("--quiet", is_flag=True)
def simulate(
    reform: Path, month: Month | None, budget: Decimal | None, parameter: str | None, as_json: bool, out: Path | None, quiet: bool
) -> None:
    """Simulate a reform beside the law in force: cost, winners and losers, poverty, Gini, tenths, by district and kind of household."""
    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.policies import api as policies
    from zhida.project.cli import language, prepare_database

    if (budget is None) != (parameter is None):
        raise click.UsageError("--budget and --parameter belong together")
    read = policies.read_reform(reform)
    if budget is not None and parameter is not None:
        read = read.with_target(parameter, budget)
    prepare_database()
    found = policies.simulate(SYSTEM, read, month, progress=Progress("simulate", 1, quiet=quiet))
    if out:
        write_files(out, found, language())
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        for line in told(found, language()):
            click.echo(line)


def told(found: Any, language: str) -> list[str]:
    """Return a simulation as lines to read."""
    from zhida.blocks.policies import api as policies

    lines = [found.title.in_language(language), found.note.in_language(language)]
    lines += ["", *(sentence.in_language(language) for sentence in policies.simulation_sentences(found))]
    for sheet in policies.simulation_sheets(found):
        lines += ["", sheet.title.in_language(language), *_table(sheet.heads, sheet.rows, language)]
    return [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]


def write_files(folder: Path, found: Any, language: str) -> None:
    """Write a simulation into a folder: its JSON, the reform, and each table as CSV that a spreadsheet opens."""
    from zhida.blocks.policies import api as policies

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulation.json").write_text(json.dumps(found.as_json(), ensure_ascii=False, indent=1), "utf-8")
    (folder / "reform.yaml").write_text(found.reform_text, "utf-8")
    for sheet in policies.simulation_sheets(found):
        with (folder / f"{sheet.name}.csv").open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerows(_written(row, language) for row in (sheet.heads, *sheet.rows))


def _table(heads: Sequence[Text], rows: Iterable[Sequence[Any]], language: str) -> list[str]:
    """Set a table in columns: words to the left, figures to the right; Chinese characters are two columns wide."""
    written = [_written(row, language) for row in (heads, *rows)]
    widths = [max(_width(row[column]) for row in written) for column in range(len(heads))]
    return [
        "  " + "  ".join(_set(cell, width, left=place == 0) for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in written
    ]


def _written(row: Sequence[Any], language: str) -> list[str]:
    return [cell.in_language(language) if isinstance(cell, Text) else str(cell) for cell in row]


def _width(cell: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in cell)


def _set(cell: str, width: int, left: bool) -> str:
    space = " " * (width - _width(cell))
    return cell + space if left else space + cell
