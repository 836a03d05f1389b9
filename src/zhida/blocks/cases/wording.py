"""How values and departments read on a page or a certificate."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.declarations.model import Field
from zhida.blocks.cases.rules import STREET
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.identifiers import is_id_number, mask_id_number
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text

_STREET_TEXT = Text("街道", "Street office")
_SEX = {"female": Text("女", "Female"), "male": Text("男", "Male")}


def department_text(key: str) -> Text:
    return _STREET_TEXT if key == STREET else records.departments().get(key, Text(key, key))


def benefit_text(code: str) -> Text:
    """Return the name of a benefit; its code where no law names it any more."""
    found = policies.benefits().get(code)
    return found.label if found else Text(code, code)


def value_text(field: Field | None, value: Any) -> Text:
    """Write a value of a case: options and codes of registers by their label, money in yuan, a dash where nothing is known."""
    if value is None or value == "":
        return Text("—", "—")
    if isinstance(value, list):
        said = [value_text(field, each) for each in value]
        return Text("；".join(each.zh for each in said) or "—", "; ".join(each.en for each in said) or "—")
    if isinstance(value, bool):
        return Text("是", "Yes") if value else Text("否", "No")
    if is_id_number(str(value)):
        value = mask_id_number(str(value))
    if field is None:
        return Text(str(value), str(value))
    if field.kind == "money":
        return Text(f"{format_yuan(value)} 元", f"{format_yuan(value)} yuan")
    if str(value) in field.options:
        return field.options[str(value)]
    if field.source.get("card") == "sex":
        return _SEX.get(str(value), Text(str(value), str(value)))
    return _code_text(field, value)


def _codes(record_type: str, name: str) -> dict[str, str]:
    """Return the codes of a field with their labels; none of a register or field that an older version named and that is gone."""
    contract = records.record_types().get(record_type)
    return dict(next((each.codes for each in contract.fields if each.name == name), ())) if contract else {}


def _code_text(field: Field, value: Any) -> Text:
    if "record_type" in field.source:
        codes = _codes(field.source["record_type"], field.source["field"])
        # Registers name their codes in Chinese; the code itself is an English word.
        return Text(codes[str(value)], str(value).replace("_", " ")) if str(value) in codes else Text(str(value), str(value))
    if field.source.get("fact") == "disability_level" and str(value).isdecimal():
        return Text(f"{value} 级", f"Level {value}") if int(value) else Text("没有残疾证", "No certificate")
    return Text(str(value), str(value))
