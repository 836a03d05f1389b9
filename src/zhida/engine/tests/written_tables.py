"""Writes DMN for tests: a table in a few lines becomes the XML an editor would save."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from zhida.engine.dmn import DecisionTable, read_dmn

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def decision(
    rules: Sequence[Sequence[str]],
    inputs: Sequence[str] = ("age:number",),
    outputs: Sequence[str] = ("answer:string",),
    policy: str = "UNIQUE",
    aggregation: str = "",
    key: str = "d1",
    requires: Sequence[str] = (),
    extra: str = "",
) -> str:
    """inputs: ``expression:type`` or ``expression:type:allowed``. outputs: ``name:type:values:default``. rules: cells, then outputs."""
    parts = [f'<decision id="{key}" name="{key}"><variable name="{key}"/>']
    parts += [f'<informationRequirement><requiredDecision href="#{other}"/></informationRequirement>' for other in requires]
    wanted = f' aggregation="{aggregation}"' if aggregation else ""
    parts.append(f'<decisionTable id="{key}_table" hitPolicy="{policy}"{wanted}>')
    for index, written in enumerate(inputs):
        name, kind, allowed, *_ = [*written.split(":"), "", ""]
        declared = f' typeRef="{kind}"' if kind else ""
        parts.append(f'<input id="{key}_in{index}"><inputExpression{declared}><text>{escape(name)}</text></inputExpression>')
        parts.append(f"<inputValues><text>{escape(allowed)}</text></inputValues></input>" if allowed else "</input>")
    for index, written in enumerate(outputs):
        name, kind, values, default, *_ = [*written.split(":"), "", "", ""]
        parts.append(f'<output id="{key}_out{index}" name="{name}" typeRef="{kind}">')
        parts.append(f"<outputValues><text>{escape(values)}</text></outputValues>" if values else "")
        parts.append(f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry></output>" if default else "</output>")
    for number, row in enumerate(rules, 1):
        parts.append(f'<rule id="{key}_r{number}">')
        for index, text in enumerate(row):
            tag = "inputEntry" if index < len(inputs) else "outputEntry"
            parts.append(f'<{tag} id="{key}_r{number}_{index}"><text>{escape(text)}</text></{tag}>')
        parts.append("</rule>")
    return "".join([*parts, extra, "</decisionTable></decision>"])


def document(*decisions: str, namespace: str = DMN_13, extra: str = "") -> bytes:
    inner = "".join(decisions)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{namespace}" id="f" name="f" namespace="t">{extra}{inner}</definitions>'
    )
    return text.encode()


def table(rules: Sequence[Sequence[str]], *args: Any, **options: Any) -> DecisionTable:
    return read_dmn(document(decision(rules, *args, **options)), "t.dmn")["d1"]
