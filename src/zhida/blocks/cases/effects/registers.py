"""A row of a register that a case makes: certificate numbers, enrolments. Handed to ``records`` as its department's feed (handing.py)."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import EffectImpossible
from zhida.blocks.cases.models import CaseRecord
from zhida.blocks.cases.rules import HandOver
from zhida.blocks.places import api as places
from zhida.blocks.records import api as records


def write(making: Making) -> dict[str, Any]:
    """Write a row of a register for its department to deliver. Raises: EffectImpossible where a required field has no value."""
    contract = records.record_type(making.settings["record_type"])
    written = {name: making.value(value) for name, value in making.settings["values"].items()}
    for field in contract.fields:
        if field.required and written.get(field.name) is None:
            raise EffectImpossible(
                making.item.item, "record", f"{contract.label.zh}缺少“{field.header}”", f"the register '{contract.name}' needs {field.name}"
            )
    area = making.case.community // 1_000_000 if contract.split == "district" else places.city().code
    row = CaseRecord.objects.create(effect=making.row, record_type=contract.name, area=area, values=written, state=HandOver.WAITING)
    return {"record": row.pk, "record_type": contract.name}


def undo(making: Making) -> dict[str, Any]:
    """Withdraw a row that was not delivered; of one that was, the department corrects its register itself and is told so."""
    rows = CaseRecord.objects.filter(effect=making.row)
    delivered = rows.filter(state=HandOver.HANDED).count()
    rows.filter(state=HandOver.WAITING).update(state=HandOver.WITHDRAWN)
    return {"delivered": delivered}
