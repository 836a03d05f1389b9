"""The words a pack is written in: the three entities, the engine's vocabulary and what a pack declares about itself.

Import lines of packs name ``zhida.blocks.policies.api``, which re-exports them; the loader takes the words from here (rule_words.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zhida.engine.api import (
    FEN,
    MONTH,
    NEVER,
    ONCE,
    QUARTER,
    YEAR,
    YUAN,
    Entity,
    add_months,
    add_years,
    all_of,
    any_of,
    benefit,
    bracket,
    clamp,
    count,
    highest,
    is_known,
    longest_spell,
    lowest,
    marginal,
    maximum,
    minimum,
    months_between,
    months_in_a_row,
    rank,
    round_down,
    round_half_up,
    round_up,
    select,
    total,
    variable,
    where,
    years_between,
)
from zhida.kernel.text import Text

Household = Entity("household", "households", label=Text("户", "Household"))
Person = Entity("person", "members", Household, label=Text("居民", "Resident"))
Claim = Entity("claim", "claims", Person, label=Text("结算单", "Medical claim"))


@dataclass(frozen=True)
class LifeEvent:
    """Something that happens to people and brings several public services with it (CPSV-AP: LifeEvent)."""

    code: str
    label: Text
    services: tuple[str, ...]


@dataclass(frozen=True)
class PublicService:
    """What a department provides (CPSV-AP: PublicService); its outputs are benefits."""

    code: str
    label: Text
    department: str
    benefits: tuple[str, ...]


@dataclass(frozen=True)
class Pack:
    """What a pack says about itself. The rules stand in its variables, the numbers in its parameters."""

    label: Text
    life_events: tuple[LifeEvent, ...]
    public_services: tuple[PublicService, ...]

    def departments(self) -> Iterator[tuple[str, str]]:
        """Yield (benefit code, department code)."""
        for service in self.public_services:
            for code in service.benefits:
                yield code, service.department


__all__ = [
    "FEN",
    "MONTH",
    "NEVER",
    "ONCE",
    "QUARTER",
    "YEAR",
    "YUAN",
    "Claim",
    "Household",
    "LifeEvent",
    "Pack",
    "Person",
    "PublicService",
    "Text",
    "add_months",
    "add_years",
    "all_of",
    "any_of",
    "benefit",
    "bracket",
    "clamp",
    "count",
    "highest",
    "is_known",
    "longest_spell",
    "lowest",
    "marginal",
    "maximum",
    "minimum",
    "months_between",
    "months_in_a_row",
    "rank",
    "round_down",
    "round_half_up",
    "round_up",
    "select",
    "total",
    "variable",
    "where",
    "years_between",
]
