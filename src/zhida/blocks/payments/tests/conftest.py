"""What tests of payments share: a desk that holds a folder, payee facts and the officers' commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from zhida.blocks.payments import api
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.differences import DecisionSource
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.testing import CHECKER, MAKER, MadeUpFacts, write_decisions


class Desk:
    """The payment office of a test: prepares decisions that a test writes, approves and releases them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.facts = MadeUpFacts()
        self._runs = 0

    def source(self, rows: list[dict[str, object]], month: str = "2025-10") -> DecisionSource:
        self._runs += 1
        path = write_decisions(self.home / "runs" / str(self._runs), rows)
        return DecisionSource(self._runs, month, path)

    def prepare(self, rows: list[dict[str, object]], month: str = "2025-10") -> PaymentInstruction | None:
        return prepare_from(MAKER, self.source(rows, month), self.facts)

    def approve(self, batch: PaymentInstruction) -> PaymentInstruction:
        api.look_at(CHECKER, batch.pk)
        return api.approve_batch(CHECKER, batch.pk, self.facts)

    def release(self, batch: PaymentInstruction) -> Path | None:
        return api.release_batch(MAKER, batch.pk, self.facts)

    def send(self, rows: list[dict[str, object]], month: str = "2025-10") -> tuple[PaymentInstruction, Path]:
        """Prepare, approve and release; return the batch and its file."""
        batch = self.prepare(rows, month)
        assert batch is not None
        self.approve(batch)
        path = self.release(batch)
        assert path is not None
        return api.batch(MAKER, batch.pk), path

    def budget(self, benefit: str = "dibao", year: int = 2025, amount_fen: int = 10_000_000_00) -> None:
        api.set_budget(CHECKER, benefit, year, amount_fen)

    def reissue(self) -> PaymentInstruction | None:
        return api.reissue(MAKER, facts=self.facts)


@pytest.fixture
def desk(own_home: Path) -> Desk:
    assert Path(settings.HOME) == own_home
    return Desk(own_home)
