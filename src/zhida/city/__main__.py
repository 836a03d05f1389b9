"""``python -m zhida.city``: build a city without the rest of the house."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from zhida.city.api import build_city
from zhida.kernel.errors import ZhidaError
from zhida.kernel.period import Month


@click.command()
@click.option("--residents", default=60_000, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--month", default="2025-10", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--truth", default="full", show_default=True, help="full: also the clean feeds; defects: only the list of defects")
def main(residents: int, seed: int, month: str, out: Path, truth: str) -> None:
    """Write what departments would deliver for a month."""
    try:
        report = build_city(out, residents, seed, Month.parse(month), truth)
    except ZhidaError as error:
        sys.exit(str(error))
    click.echo(report.as_table())
    click.echo(
        f"{sum(report.rows.values()):,} rows in {len(report.rows)} files, {sum(report.defects.values()):,} defects, {report.seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
