"""The bank's door opened once: files out, answers in, and into the books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments.adapters.channels import Channel, send_all
from zhida.blocks.payments.commands import may
from zhida.blocks.payments.errors import BankFileUnreadable
from zhida.blocks.payments.importing import import_folder
from zhida.blocks.payments.models import BankFile
from zhida.kernel.progress import Progress


@dataclass(frozen=True)
class Exchanged:
    """What went to the bank, what came from it, and files that could not be read (they stay in ``bank/in``)."""

    sent: list[Path]
    files: list[BankFile]
    problems: list[BankFileUnreadable]


def exchange(viewer: access.Viewer, channel: Channel, progress: Progress | None = None) -> Exchanged:
    """Send what waits in ``bank/out`` (it lies in ``bank/sent`` then), fetch what the bank has written, and take it in.

    Raises: BankUnreachable, PermissionMissing. Broken off anywhere, the same command again carries on: no file goes or comes twice.
    """
    may(viewer, "payments.release")
    bank = Path(settings.HOME) / "bank"
    sent = send_all(channel, bank / "out", bank / "sent")
    channel.fetch(bank / "in")
    files, problems = import_folder(viewer, progress=progress)
    return Exchanged(sent, files, problems)
