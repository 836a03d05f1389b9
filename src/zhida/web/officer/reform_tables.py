"""The tables under the charts of a simulation: the same figures in words, small counts hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from zhida.blocks.policies.api import BenefitCost, Decile, Effect, Group, Simulation, Welfare
from zhida.kernel.small_cells import is_small
from zhida.kernel.text import Text
from zhida.web.officer.reform_figures import gain_of
from zhida.web.officer.reform_words import arrow, counted, ginis, rates, signed_yuan, withheld
from zhida.web.templatetags.zhida import number, yuan
from zhida.web.text import in_language, pick

EVERY = {
    "MONTH": Text("每月", "monthly"),
    "QUARTER": Text("每季", "quarterly"),
    "YEAR": Text("每年", "yearly"),
    "ONCE": Text("一次性", "once"),
}
UNITS = {"status": Text("认定", "recognitions")}
NOTHING = "—"


@dataclass(frozen=True)
class DataTable:
    """A table that a chart can be read from. Every row begins with what it is about."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def cells(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each row with its first cell and the others, each with its heading."""
        return [(row[0], list(zip(self.heads[1:], row[1:], strict=True))) for row in self.rows]

    def __html__(self) -> SafeString:
        return render_to_string("charts/data_table.html", {"table": self})

    __str__ = __html__


def cost_table(found: Simulation) -> DataTable:
    heads = (
        *(pick("待遇", "Benefit"), pick("发放", "Paid"), pick("现行份数", "Entitled now"), pick("改革后份数", "Entitled after")),
        *(pick("现行一年", "A year now"), pick("改革后一年", "A year after"), pick("变化", "Change"), pick("未定", "Undecided")),
    )
    return DataTable(pick("按待遇的支出", "Cost by benefit"), heads, [_cost_row(cost) for cost in found.costs])


def _cost_row(cost: BenefitCost) -> tuple[str, ...]:
    if cost.is_money:
        amounts = (yuan(cost.year_base_fen), yuan(cost.year_reform_fen), signed_yuan(cost.year_change_fen))
    else:
        unit = in_language(UNITS.get(cost.unit, Text(cost.unit, cost.unit)))
        base, after, change = (amount * cost.times for amount in (cost.amount_base, cost.amount_reform, cost.change))
        amounts = (f"{number(base)} {unit}", f"{number(after)} {unit}", f"{change:+,} {unit}".replace("-", "−") if change else "0")
    undecided = {number(count): None for count in (cost.unknown_base, cost.unknown_reform)}
    counts = (number(cost.entitled_base), number(cost.entitled_reform))
    return (in_language(cost.label), in_language(EVERY[cost.every]), *counts, *amounts, " → ".join(undecided))


def effect_table(what: Text, groups: Sequence[Group]) -> DataTable:
    """Tabulate winners and losers of the groups of a division. what: the kind of group, as 家庭类型."""
    heads = (
        *(_head(what), pick("户数", "Households"), pick("受益户", "Gain"), pick("受益人", "Persons in them")),
        *(pick("受益户年均多得", "Average gain a year"), pick("受损户", "Lose"), pick("受损户年均少得", "Average loss a year")),
        *(pick("未定户", "Undecided"), pick("一年合计变化", "Change a year, in all")),
    )
    rows = [(in_language(group.label), number(group.households), *_effect_cells(group.effect)) for group in groups if group.households]
    return DataTable(pick(f"按{what.zh}的受益和受损", f"Gains and losses by {what.en}"), heads, rows)


def _head(what: Text) -> str:
    return pick(what.zh, what.en[:1].upper() + what.en[1:])


def _effect_cells(effect: Effect | None) -> tuple[str, ...]:
    if effect is None:
        return (withheld(), *[NOTHING] * 6)
    hides_gain, hides_loss = is_small(effect.winners), is_small(effect.losers)
    won = (counted(effect.winners), NOTHING if hides_gain else counted(effect.winner_persons))
    gain = NOTHING if hides_gain else yuan(effect.average_gain_fen)
    loss = NOTHING if hides_loss else yuan(effect.average_loss_fen)
    change = NOTHING if hides_gain or hides_loss else signed_yuan(effect.change_fen)
    return (*won, gain, counted(effect.losers), loss, counted(effect.undecided), change)


def welfare_table(what: Text, groups: Sequence[Group]) -> DataTable | None:
    """Tabulate poverty and inequality of the groups of a division; None where no income is known."""
    if not any(group.before for group in groups):
        return None
    heads = (
        *(_head(what), pick("收入已知户", "Income known"), pick("低收入率", "Poverty rate")),
        *(pick("贫困差距指数", "Poverty gap"), pick("基尼系数", "Gini")),
    )
    rows = [(in_language(group.label), *_welfare_cells(group)) for group in groups if group.households]
    return DataTable(pick(f"按{what.zh}的贫困和差距", f"Poverty and inequality by {what.en}"), heads, rows)


def _welfare_cells(group: Group) -> tuple[str, ...]:
    if group.coverage is None:
        return (withheld(), NOTHING, NOTHING, NOTHING)
    before, after = group.before, group.after
    if before is None or after is None:
        return (counted(group.coverage.known), NOTHING, NOTHING, NOTHING)
    return (counted(group.coverage.known), *(arrow(pair) for pair in welfare_pairs(before, after)))


def welfare_pairs(before: Welfare, after: Welfare) -> tuple[tuple[str, str], ...]:
    """Write poverty rate, gap and Gini before and after."""
    return (
        rates(before.poor_ppm, after.poor_ppm),
        rates(before.gap_ppm, after.gap_ppm),
        ginis(before.gini_ppm, after.gini_ppm),
    )


def decile_table(found: Simulation) -> DataTable:
    heads = (
        *(pick("收入十等分", "Tenth"), pick("人均年收入至", "Income per head up to"), pick("现行人均年收入", "Mean income now")),
        *(pick("改革后", "After"), pick("每人每月", "A head and month"), pick("户数", "Households")),
        *(pick("受益户", "Gain"), pick("受损户", "Lose")),
    )
    return DataTable(pick("按人均收入十等分", "By tenths of income per head"), heads, [_decile_row(decile) for decile in found.deciles])


def _decile_row(decile: Decile) -> tuple[str, ...]:
    name = number(decile.number) if decile.number else pick("收入未知", "Income unknown")
    gain = gain_of(decile)
    month = NOTHING if gain is None else signed_yuan(round(gain * 100))
    effect = decile.effect
    people = (counted(effect.winners), counted(effect.losers)) if effect else (withheld(), NOTHING)
    return (name, yuan(decile.upto_fen), yuan(decile.mean_fen), yuan(decile.after_fen), month, number(decile.households), *people)
