"""Every name a declaration may write and that is not its own: what registers hold, what rules read and pay, what is served and told."""

from __future__ import annotations

from zhida.blocks.cases.declarations.effect_checks import TOLD
from zhida.blocks.cases.rules import STREET
from zhida.blocks.catalogue import api as catalogue
from zhida.blocks.notices import api as notices
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.text import Text


def names_to_write() -> dict[str, list[tuple[str, Text]]]:
    """Return names with what they mean, by kind: the kinds are the words of ``zhida life-event words``."""
    return {
        "register": _registers(),
        "card": [(name, Text("来自人口登记", "from the register of residents")) for name in ("name", "birth_date", "sex", "community")],
        "fact": [(name, _with_codes(fact.label, fact.codes)) for name, fact in sorted(records.facts().items())],
        "benefit": [(code, benefit.label) for code, benefit in sorted(policies.benefits().items())],
        "service": [(key, service.label) for key, service in sorted(catalogue.public_services().items())],
        "department": [*records.departments().items(), (STREET, Text("街道", "Street office"))],
        "notice": [
            (kind, Text("事项可以发的通知", "an item can send it"))
            for kind, template in sorted(notices.templates().items())
            if set(template.parameters) <= TOLD
        ],
    }


def _registers() -> list[tuple[str, Text]]:
    """Return the fields of every register: what `from` reads, and what a record effect fills; those marked * it must fill."""
    found = []
    for name, contract in sorted(records.record_types().items()):
        for field in contract.fields:
            mark = " *" if field.required else ""
            codes = tuple(code for code, _ in field.codes)
            said = Text(f"{contract.label.zh}：{field.header}", f"{contract.label.en}: {field.header}")
            found.append((f"{name}.{field.name}{mark}", _with_codes(said, codes)))
    return found


def _with_codes(label: Text, codes: tuple[str, ...]) -> Text:
    among = f" [{', '.join(codes)}]" if codes else ""
    return Text(label.zh + among, label.en + among)
