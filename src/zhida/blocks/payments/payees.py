"""Who is paid and where: accounts that have just changed wait until somebody or the days have confirmed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from zhida.blocks.payments.models import AccountChange
from zhida.blocks.payments.rules import COOLING_OFF_DAYS
from zhida.kernel import clock


def note_account_changes(changes: Sequence[tuple[str, str, str, int]]) -> None:
    """Remember changed accounts: payee_key, the account paid to before, the one of now, community. One that is known keeps its days."""
    today = clock.today()
    AccountChange.objects.bulk_create(
        (
            AccountChange(
                payee_key=payee_key, account_before=before, account_now=now, community=community, first_seen_on=today,
                hold_until=today + timedelta(days=COOLING_OFF_DAYS),
            )
            for payee_key, before, now, community in changes
        ),
        batch_size=500,
        ignore_conflicts=True,
    )  # fmt: skip
