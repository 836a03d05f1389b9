"""Money that another block has found due, such as a canteen's meals of a day: prepared, approved and sent like any decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from zhida.blocks.access import api as access
from zhida.blocks.payments.commands import prepare_from
from zhida.blocks.payments.differences import DecisionSource
from zhida.blocks.payments.facts import PayeeFacts, RecordedFacts
from zhida.blocks.payments.models import PaymentInstruction
from zhida.blocks.payments.rules import ORGANISATION
from zhida.engine.decisions import PLAIN_SCHEMA
from zhida.kernel.warehouse import scratch_folder


@dataclass(frozen=True)
class Payable:
    """So much is due to a payee for a period: what has been instructed for the same benefit, period and entity is not paid again.

    amount_fen: 0 says that nothing is due any more; what has been paid is then an overpayment, to be brought back like any other.
    payee_key: a resident's number, or ``org:`` and the unified social credit code.
    """

    benefit: str
    period_key: str
    entity_no: int
    payee_key: str
    amount_fen: int
    district: int
    community: int


def prepare_payables(
    viewer: access.Viewer, month: str, payables: Sequence[Payable], facts: PayeeFacts | None = None
) -> PaymentInstruction | None:
    """Make a batch of what is due and was not instructed yet; None where there is nothing new.

    Raises: PermissionMissing, DecisionsUnreadable where a benefit, period and entity is named twice.
    """
    with scratch_folder(settings.HOME) as scratch:
        path = scratch / "decisions-0.parquet"
        pq.write_table(pa.Table.from_pylist([_decision(payable) for payable in payables], PLAIN_SCHEMA), path)
        return prepare_from(viewer, DecisionSource(None, month, str(path), is_partial=True), facts or RecordedFacts())


def _decision(payable: Payable) -> dict[str, object]:
    is_organisation = payable.payee_key.startswith(ORGANISATION)
    return {
        "benefit": payable.benefit, "entity_kind": 0, "entity_no": payable.entity_no, "household_no": 0,
        "payee_no": 0 if is_organisation else int(payable.payee_key),
        "payee_organisation": payable.payee_key.removeprefix(ORGANISATION) if is_organisation else "", "status": 1,
        "amount": payable.amount_fen, "unit": "fen", "period_key": payable.period_key, "district": payable.district,
        "street": payable.community // 1_000, "community": payable.community, "age_band": 0, "sex": 0, "missing": "",
    }  # fmt: skip
