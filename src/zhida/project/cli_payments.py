"""`zhida pay`: who must sign, who bears what, and what else an office does with payments at the command line."""

from __future__ import annotations

import click

from zhida.project.cli_ledger import audit, close


@click.group()
def pay() -> None:
    """Payments: signatures, shares, budgets, the bank and the ledger."""
    from zhida.project.cli import prepare_database

    prepare_database()


pay.add_command(audit)
pay.add_command(close)
