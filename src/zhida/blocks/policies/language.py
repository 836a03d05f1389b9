"""The words a pack is written in: the three entities, the engine's vocabulary and what a pack declares about itself.

Import lines of packs name ``zhida.blocks.policies.api``, which re-exports them; the loader takes the words from here (rule_words.py).
"""

from __future__ import annotations

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
class Pack:
    """What a pack says about itself. The rules stand in its variables, the numbers in its parameters, its services in ``services.yaml``."""

    label: Text


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
    "Pack",
    "Person",
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
