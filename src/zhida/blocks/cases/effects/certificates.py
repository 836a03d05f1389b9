"""An electronic certificate: issued once, revoked when its item is undone."""

from __future__ import annotations

from typing import Any

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.errors import EffectImpossible
from zhida.blocks.cases.wording import department_text, value_text
from zhida.blocks.credentials import api as credentials
from zhida.kernel.identifiers import mask_id_number
from zhida.kernel.period import Month
from zhida.kernel.text import Text


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
        holder_name=holder.name, masked_id=mask_id_number(holder.id_number), issuer=department_text(item.department),
        lines=tuple(_line(making, line) for line in settings.get("lines", ())),
        valid_until=Month.of(making.moving.today).shifted(int(months)).start if months else None,
    )  # fmt: skip
    issued = credentials.issue_certificate(SYSTEM, Purpose.CASEWORK, wanted, making.row.key)
    return {"certificate": issued.pk, "values": {f"{making.item.item}_certificate": issued.number}}


def _line(making: Making, line: dict[str, Any]) -> credentials.CertificateLine:
    field = making.moving.declared.fields.get(line["value"])
    return credentials.CertificateLine(Text(**line["label"]), value_text(field, making.value(line["value"])).zh)


def revoke(making: Making) -> dict[str, Any]:
    reason = making.case.undone_because or "办件已撤销"
    credentials.revoke_certificate(SYSTEM, Purpose.CASEWORK, making.row.result["certificate"], reason)
    return {"revoked": True}
