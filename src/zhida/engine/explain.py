"""Explains one household's decisions: which steps, numbers and facts led to each, and what single change would turn it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from zhida.engine.definitions import BenefitDefinition
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.entities import FactDefinition
    from zhida.engine.program import Program
    from zhida.engine.scalar import ScalarProgram


@dataclass(frozen=True)
class ParameterUse:
    """A number of the law as it was used. ``value`` is a whole number of 10 ** -scale of the unit."""

    name: str
    label: Text
    value: int | None
    unit: str
    scale: int
    since: date
    until: date
    source: str
    grade: str
    law: str
    clause: str


@dataclass(frozen=True)
class TraceNode:
    """One step with a name: a variable, a fact, a parameter or a condition. ``text`` is the value as people read it."""

    kind: str
    name: str
    label: Text
    value: int | bool | None
    unit: str
    scale: int
    text: Text
    clause: str = ""
    law: str = ""
    parameter: ParameterUse | None = None
    fact: FactDefinition | None = None
    children: tuple[TraceNode, ...] = ()


@dataclass(frozen=True)
class BenefitExplanation:
    """One benefit for one row. status: 0 not entitled, 1 entitled, 2 unknown; missing: names of facts (or ``law.<name>``)."""

    benefit: BenefitDefinition
    row: int
    status: int
    amount: int
    occasion: int | None
    missing: tuple[str, ...]
    trace: TraceNode
    changes: tuple[Text, ...] = field(default=())


def explain(program: Program, scalar: ScalarProgram, household: Any, benefits: Sequence[str] | None) -> list[BenefitExplanation]:
    """Return an explanation per benefit and row."""
    raise NotImplementedError
