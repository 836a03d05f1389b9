"""An electronic certificate: issued once, revoked when its item is undone."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.declarations.model import Item
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import EffectImpossible
from zhida.blocks.cases.wording import department_text, value_text
from zhida.blocks.credentials import api as credentials
from zhida.blocks.places import api as places
from zhida.kernel.identifiers import mask_id_number
from zhida.kernel.period import Month
from zhida.kernel.text import Text

_ISO_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def issue(making: Making) -> dict[str, Any]:
    """Issue the certificate that the effect describes, to the subject or, with ``to: applicant``, to the applicant."""
    case, settings, declared = making.case, making.settings, making.moving.declared
    holder = making.people.get(case.applicant_no if settings.get("to") == "applicant" else case.subject_no)
    if holder is None:
        raise EffectImpossible(making.item.item, "certificate", "登记册里还没有持证人", "its holder is in no register yet")
    item = declared.items[making.item.item]
    months = settings.get("valid_months")
    wanted = credentials.CertificateWanted(
        certificate=settings["certificate"], title=Text(**settings["title"]), resident_no=holder.resident_no, community=holder.community,
        holder_name=holder.name, masked_id=mask_id_number(holder.id_number), issuer=_issuer(making, item),
        lines=tuple(_line(making, line) for line in settings.get("lines", ())),
        valid_until=Month.of(making.moving.today).shifted(int(months)).start if months else None,
    )  # fmt: skip
    issued = credentials.issue_certificate(SYSTEM, Purpose.CASEWORK, wanted, making.row.key)
    return {"certificate": issued.pk, "values": {f"{making.item.item}_certificate": issued.number}}


def _issuer(making: Making, item: Item) -> Text:
    """Name the office whose certificate it is: that of the city or the district, as the item's desk is."""
    department, community = department_text(item.department), making.case.community
    codes = {"city": community // 10**8 * 100, "district": community // 10**6, "street": community // 10**3}
    try:
        office = places.area(codes.get(item.level, codes["district"])).name
    except places.UnknownArea:
        return department
    return office if item.level == "street" else Text(f"{office.zh}{department.zh}", f"{department.en}, {office.en}")


def _line(making: Making, line: dict[str, Any]) -> credentials.CertificateLine:
    field, value = making.moving.declared.fields.get(line["value"]), making.value(line["value"])
    is_day = (field is None or field.kind == "date") and _ISO_DAY.match(str(value))
    said = _day(value) if is_day else value_text(field, value).zh
    return credentials.CertificateLine(Text(**line["label"]), said)


def _day(value: Any) -> str:
    """Write a day as certificates do; it is read by its numbers in both languages."""
    found = date.fromisoformat(str(value))
    return f"{found.year}年{found.month}月{found.day}日"


def revoke(making: Making) -> dict[str, Any]:
    reason = making.case.undone_because or "办件已撤销"
    credentials.revoke_certificate(SYSTEM, Purpose.CASEWORK, making.row.result["certificate"], reason)
    return {"revoked": True}
