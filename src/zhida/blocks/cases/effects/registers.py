"""A row of a register that a case makes: certificate numbers, enrolments. ``records`` puts it in force (handing.py)."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import EffectImpossible
from zhida.blocks.cases.models import CaseRecord
from zhida.blocks.cases.rules import HandOver
from zhida.blocks.places import api as places
from zhida.blocks.records import api as records


def write(making: Making) -> dict[str, Any]:
    """Write a row of a register, to be put in force. Raises: EffectImpossible where a required field has no value."""
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
    """Withdraw a row that is in no register yet; one that is will be taken back there when rows are next handed over."""
    rows = CaseRecord.objects.filter(effect=making.row)
    delivered = rows.filter(state=HandOver.HANDED).update(state=HandOver.WITHDRAWING)
    rows.filter(state__in=(HandOver.WAITING, HandOver.REFUSED)).update(state=HandOver.WITHDRAWN)
    return {"delivered": delivered}
