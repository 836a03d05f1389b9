"""Evidence against the registers: what is asked though a register has it, and codes that nobody would understand on a page."""

from __future__ import annotations

from collections.abc import Iterator

from zhida.blocks.cases.declarations.model import Field, LifeEventDeclaration
from zhida.blocks.records import api as records
from zhida.kernel.text import Text

# How a coded fact says that a register has no row about somebody.
NONE = "none"


def asked_in_vain(declared: LifeEventDeclaration) -> Iterator[tuple[str, Text]]:
    """Give evidence that is asked of people though a register has a field of the very name."""
    held = {
        field.name: contract.name
        for contract in records.record_types().values()
        if contract.entity == "person"
        for field in contract.fields
    }
    for each in declared.evidence:
        if not each.source and each.key in held:
            register = held[each.key]
            yield (
                each.key,
                Text(
                    f"{register} 里就有这一栏，还在问居民；请写 from",
                    f"{register} has this field, and still it is asked; write from: {{record_type: {register}, field: {each.key}}}",
                ),
            )


def unreadable_codes(declared: LifeEventDeclaration) -> Iterator[tuple[str, Text]]:
    """Give evidence whose codes have no words: residents and officers would read `severe_2`."""
    for each in declared.evidence:
        codes = _codes(each)
        if missing := [code for code in codes if code not in each.options]:
            names = ", ".join(missing)
            yield (
                each.key,
                Text(
                    f"页面上会显示代码：请写 kind: choice，options 里给 {names} 各写一句",
                    f"pages would show a code: write kind: choice, and options with words for {names}",
                ),
            )


def _codes(field: Field) -> tuple[str, ...]:
    """Return the codes a field can hold; none where the register's own words are shown."""
    if "fact" in field.source and field.source["fact"] in records.facts():
        codes = records.facts()[field.source["fact"]].codes
        return (NONE, *codes) if codes else ()
    if "record_type" in field.source and field.kind == "choice":
        contract = records.record_types()[field.source["record_type"]]
        return tuple(code for code, _ in contract.field(field.source["field"]).codes)
    return ()
