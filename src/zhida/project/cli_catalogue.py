"""`zhida catalogue`: the public services, found in plain words and exported as linked data."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def catalogue() -> None:
    """The city's public services: search them, export them in CPSV-AP."""


@catalogue.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="a file; .ttl for Turtle, else JSON-LD")
@click.option("--base", help="the address of the site, with a slash at its end  [default: https://zhida.example/]")
def export(out: Path, base: str | None) -> None:
    """Write every service in CPSV-AP 3.2."""
    from zhida.blocks.catalogue import api

    write = api.catalogue_turtle if out.suffix == ".ttl" else api.catalogue_jsonld
    out.write_text(write(base or api.BASE), encoding="utf-8")
    click.echo(f"{out}  {len(api.public_services())} services")


@catalogue.command()
@click.argument("words", nargs=-1, required=True)
def search(words: tuple[str, ...]) -> None:
    """List the services that answer WORDS, the best first."""
    from zhida.blocks.catalogue import api

    for found in api.search_services(" ".join(words)):
        click.echo(f"{found.score:.2f}  {found.service.key}  {found.service.label.zh}  {found.service.label.en}")
