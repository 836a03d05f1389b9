"""The numbers of the law that a reform can change: what each says in a month, where it stands, which benefits read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from zhida.blocks.policies import law as laws
from zhida.blocks.policies.simulation.reports import keys_text
from zhida.engine.reform_shifts import values_on
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text


@dataclass(frozen=True)
class LawNumber:
    """One parameter. values: for whom (no words: for everybody) and what it says. benefits: names of those whose rule reads it."""

    name: str
    label: Text
    law: str
    clause: str
    values: tuple[tuple[Text, Text], ...]
    benefits: tuple[Text, ...]


def law_numbers(month: Month | None = None) -> list[LawNumber]:
    """List the numbers of the law in force in a month (by itself the present one) that say something then, in the order of the packs."""
    return list(_numbers(month or Month.of(clock.today()), laws.last_publication(clock.today())))


@lru_cache(4)
def _numbers(month: Month, as_of: date) -> tuple[LawNumber, ...]:
    law = laws.installed_law(as_of)
    program = law.program(month)
    readers: dict[str, list[Text]] = {}
    for code, benefit in program.benefits.items():
        for name in program.parameters_of(code):
            readers.setdefault(name, []).append(benefit.definition.label)
    found = []
    for parameter in law.parameters.values():
        values = tuple((keys_text(one), one.after) for one in values_on(parameter, month.start))
        if values:
            found.append(
                LawNumber(parameter.name, parameter.label, parameter.law, parameter.clause, values, tuple(readers.get(parameter.name, ())))
            )
    return tuple(found)
