"""A simulation as tables of words and figures: what the command prints and what files to take home hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhida.blocks.policies.simulation.results import BenefitCost, Decile, Effect, Group, Simulation, Welfare
from zhida.kernel.money import format_yuan, plain_yuan
from zhida.kernel.small_cells import SMALL_CELL, is_small
from zhida.kernel.text import Text

Cell = Text | str | int

HIDDEN = Text(f"少于 {SMALL_CELL}，不显示", f"fewer than {SMALL_CELL}: hidden")
NOTHING = "–"
_EVERY = {
    "MONTH": Text("每月", "monthly"),
    "QUARTER": Text("每季", "quarterly"),
    "YEAR": Text("每年", "yearly"),
    "ONCE": Text("一次性", "once"),
}
_COST_HEADS = (
    *(
        Text("待遇", "Benefit"),
        Text("发放", "Paid"),
        Text("单位", "Unit"),
        Text("现行人次", "Entitled now"),
        Text("改革后人次", "Entitled after"),
    ),
    *(Text("现行一年", "A year now"), Text("改革后一年", "A year after"), Text("变化", "Change")),
    *(Text("现行未定", "Undecided now"), Text("改革后未定", "Undecided after")),
)
_EFFECT_HEADS = (
    *(Text("户数", "Households"), Text("人数", "Persons"), Text("受益户", "Winners"), Text("受益人", "Winning persons")),
    *(Text("户均多得（元/年）", "Average gain (yuan/year)"), Text("受损户", "Losers"), Text("受损人", "Losing persons")),
    *(Text("户均少得（元/年）", "Average loss (yuan/year)"), Text("未定户", "Undecided"), Text("变化（元/年）", "Change (yuan/year)")),
)
_WELFARE_HEADS = (
    *(Text("收入已知户", "Income known"), Text("低收入率（前）", "Poverty rate before"), Text("低收入率（后）", "Poverty rate after")),
    *(
        Text("差距指数（前）", "Gap index before"),
        Text("差距指数（后）", "Gap index after"),
        Text("基尼（前）", "Gini before"),
        Text("基尼（后）", "Gini after"),
    ),
)
_DECILE_HEADS = (
    *(Text("收入十等分", "Tenth"), Text("至（元/人·年）", "Up to (yuan/head/year)")),
    *(Text("人均收入（前）", "Income per head before"), Text("人均收入（后）", "Income per head after")),
    *_EFFECT_HEADS,
)


@dataclass(frozen=True)
class Sheet:
    """One table. name: of its file. A cell is a number, words, or what has been written already."""

    name: str
    title: Text
    heads: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(found: Simulation) -> list[Sheet]:
    """Return every table of a simulation, in the order people read them; empty ones are left out."""
    divisions = (
        ("total", Text("全市", "The whole city"), (found.total,)),
        ("districts", Text("按区县", "By district"), found.districts),
        ("types", Text("按家庭类型", "By type of household"), found.types),
        ("sizes", Text("按家庭人数", "By size of household"), found.sizes),
        ("disabilities", Text("按有无残疾成员", "By disability"), found.disabilities),
    )
    shifts = tuple((shift.label, shift.before, shift.after) for shift in found.shifts)
    made = [
        Sheet(
            "parameters",
            Text("改动的数", "Numbers changed"),
            (Text("参数", "Parameter"), Text("现行", "Now"), Text("改革", "Reform")),
            shifts,
        ),
        Sheet("costs", Text("支出", "Cost"), _COST_HEADS, tuple(_cost_row(cost) for cost in found.costs)),
        *(_division(name, title, groups) for name, title, groups in divisions),
        Sheet(
            "deciles", Text("按人均收入十等分", "By tenths of income per head"), _DECILE_HEADS, tuple(_decile_row(d) for d in found.deciles)
        ),
    ]
    return [sheet for sheet in made if sheet.rows]


def percent(ppm: int | None) -> str:
    """Write millionths as a percentage of two decimals, halves up.

    >>> percent(717797), percent(None)
    ('71.78%', '–')
    """
    if ppm is None:
        return NOTHING
    hundredths = (ppm + 50) // 100
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def gini(ppm: int | None) -> str:
    """Write a Gini coefficient with four decimals.

    >>> gini(284884)
    '0.2849'
    """
    return NOTHING if ppm is None else f"{(ppm + 50) // 1_000_000}.{(ppm + 50) // 100 % 10_000:04d}"


def _yuan(fen: int | None) -> str:
    return NOTHING if fen is None else plain_yuan(fen)


def _cost_row(cost: BenefitCost) -> tuple[Cell, ...]:
    amounts: Sequence[Cell] = (
        [plain_yuan(amount) for amount in (cost.year_base_fen, cost.year_reform_fen, cost.year_change_fen)]
        if cost.is_money
        else [amount * cost.times for amount in (cost.amount_base, cost.amount_reform, cost.change)]
    )
    unit = Text("元", "yuan") if cost.is_money else Text("项", "recognitions") if cost.unit == "status" else Text(cost.unit, cost.unit)
    counts = (cost.entitled_base, cost.entitled_reform)
    return (cost.label, _EVERY[cost.every], unit, *counts, *amounts, cost.unknown_base, cost.unknown_reform)


def _division(name: str, title: Text, groups: Sequence[Group]) -> Sheet:
    has_welfare = any(group.before for group in groups)
    heads = (title, *_EFFECT_HEADS, *(_WELFARE_HEADS if has_welfare else ()))
    # The city's own counts are told, as reports.tables tells them.
    hides = name != "total"
    rows = tuple((group.label, *_effect_cells(group, hides), *(_welfare_cells(group) if has_welfare else ())) for group in groups)
    return Sheet(name, title, heads, rows)


def _effect_cells(group: Group, hides: bool) -> tuple[Cell, ...]:
    if group.effect is None:
        return (group.households, group.persons, HIDDEN, *[NOTHING] * (len(_EFFECT_HEADS) - 3))
    return _effect(group.effect, hides)


def _effect(effect: Effect, hides: bool = True) -> tuple[Cell, ...]:
    """Return the cells of _EFFECT_HEADS. hides: a count of few households is not told, nor what they gain or lose."""
    hides_gain, hides_loss = (is_small(count) and hides for count in (effect.winners, effect.losers))
    won: tuple[Cell, ...] = (effect.winners, effect.winner_persons, _yuan(effect.average_gain_fen))
    lost: tuple[Cell, ...] = (effect.losers, effect.loser_persons, _yuan(effect.average_loss_fen))
    undecided: Cell = HIDDEN if is_small(effect.undecided) and hides else effect.undecided
    change = NOTHING if hides_gain or hides_loss else plain_yuan(effect.change_fen)
    hidden = (HIDDEN, NOTHING, NOTHING)
    return (effect.households, effect.persons, *(hidden if hides_gain else won), *(hidden if hides_loss else lost), undecided, change)


def _welfare_cells(group: Group) -> tuple[Cell, ...]:
    if group.coverage is None:
        return (HIDDEN, *[NOTHING] * (len(_WELFARE_HEADS) - 1))
    before, after = group.before, group.after
    pairs = [
        *(percent(w.poor_ppm if w else None) for w in (before, after)),
        *(percent(w.gap_ppm if w else None) for w in (before, after)),
        *(gini(w.gini_ppm if w else None) for w in (before, after)),
    ]
    return (group.coverage.known, *pairs)


def _decile_row(decile: Decile) -> tuple[Cell, ...]:
    name: Cell = decile.number if decile.number else Text("收入未知", "Income unknown")
    incomes = (_yuan(decile.upto_fen), _yuan(decile.mean_fen), _yuan(decile.after_fen))
    if decile.effect is None:
        return (name, *incomes, decile.households, decile.persons, HIDDEN, *[NOTHING] * (len(_EFFECT_HEADS) - 3))
    return (name, *incomes, *_effect(decile.effect))


def sentences(found: Simulation) -> list[Text]:
    """Say in sentences what a simulation found: cost, winners and losers, poverty and inequality, and of how many the incomes are known."""
    effect = found.total.effect
    assert effect is not None
    told = [_cost_sentence(found), _effect_sentence(effect)]
    if found.organisations_fen:
        amount = format_yuan(found.organisations_fen)
        told.append(Text(f"其中 {amount} 元付给单位，不计入居民。", f"{amount} yuan of it go to organisations, not to residents."))
    told += _welfare_sentences(found)
    if found.elsewhere:
        names = ", ".join(found.elsewhere)
        told.append(
            Text(f"还涉及非居民的待遇，未作模拟：{names}。", f"It also touches benefits that are not residents', not simulated: {names}.")
        )
    return told + _targeting_sentences(found)


def _cost_sentence(found: Simulation) -> Text:
    if not found.touched:
        return Text("这项改革不改变任何待遇。", "The reform changes no benefit.")
    base, after, change = (format_yuan(fen) for fen in (found.year_base_fen, found.year_reform_fen, found.year_change_fen))
    return Text(
        f"涉及 {len(found.touched)} 项待遇；一年支出由 {base} 元变为 {after} 元，两边都能确定的部分变化 {change} 元"
        "（一次性待遇只计本月名单）。",
        f"It touches {len(found.touched)} benefit{'s' * (len(found.touched) > 1)}. A year costs {after} yuan instead of {base}; what both "
        f"laws decide changes by {change} (one-off benefits: this month's occasions only).",
    )


def _sum(fen: int | None) -> str:
    return NOTHING if fen is None else format_yuan(fen)


def _effect_sentence(effect: Effect) -> Text:
    gain, loss = _sum(effect.average_gain_fen), _sum(effect.average_loss_fen)
    won = Text(
        f"{effect.winners} 户受益（{effect.winner_persons} 人，户均一年多 {gain} 元）",
        f"{effect.winners} households gain ({effect.winner_persons} persons, {gain} yuan a year on average)",
    )
    lost = Text(
        f"{effect.losers} 户受损（{effect.loser_persons} 人，户均一年少 {loss} 元）",
        f"{effect.losers} lose ({effect.loser_persons} persons, {loss} yuan)",
    )
    told = [
        won if effect.winners else Text("没有一户受益", "No household gains"),
        lost if effect.losers else Text("没有一户受损", "none loses"),
    ]
    told += [
        Text(f"{effect.undecided} 户因缺事实未定", f"{effect.undecided} wait for a missing fact"),
        Text(f"{effect.unchanged} 户不变", f"{effect.unchanged} stay as they are"),
    ]
    return Text("，".join(text.zh for text in told) + "。", ", ".join(text.en for text in told) + ".")


def _welfare_sentences(found: Simulation) -> list[Text]:
    before, after, coverage = found.total.before, found.total.after, found.total.coverage
    if not (before and after and coverage):
        return [Text("登记中没有可用的家庭收入，贫困和基尼未计算。", "No household's income is known, so poverty and Gini are not told.")]
    bounds = coverage.poor_between_ppm(before)
    assert bounds is not None
    return [
        Text(
            f"{coverage.households} 户中，登记知道收入的只有 {coverage.known} 户（{coverage.known_persons} 人）；"
            "以下只说这些户，未知不当作零。",
            f"Registers know the income of {coverage.known} of {coverage.households} households ({coverage.known_persons} persons); what "
            "follows is about these alone. Unknown is not zero.",
        ),
        _pair(before, after),
        Text(
            f"另有 {coverage.above} 户仅登记工资就不低于低收入线。全市低收入率现行在 {percent(bounds[0])} 与 {percent(bounds[1])} 之间。",
            f"{coverage.above} more have wages that alone reach the line. The city's poverty rate today lies between {percent(bounds[0])} "
            f"and {percent(bounds[1])}.",
        ),
    ]


def _pair(before: Welfare, after: Welfare) -> Text:
    rates = (percent(before.poor_ppm), percent(after.poor_ppm))
    gaps = (percent(before.gap_ppm), percent(after.gap_ppm))
    ginis = (gini(before.gini_ppm), gini(after.gini_ppm))
    return Text(
        f"低收入率 {rates[0]} → {rates[1]}，差距指数 {gaps[0]} → {gaps[1]}，基尼系数 {ginis[0]} → {ginis[1]}。",
        f"Poverty rate {rates[0]} → {rates[1]}, gap index {gaps[0]} → {gaps[1]}, Gini {ginis[0]} → {ginis[1]}.",
    )


def _targeting_sentences(found: Simulation) -> list[Text]:
    target = found.targeting
    if target is None:
        return []
    budget, cost, beyond = (format_yuan(fen) for fen in (target.budget_fen, target.cost_fen, target.next_cost_fen))
    return [
        Text(
            f"预算 {budget} 元/年：{target.label.zh}取 {target.value}，支出 {cost} 元/年；取 {target.next_value} 则为 {beyond} 元，"
            f"超出预算。共试算 {target.trials} 次。",
            f"A budget of {budget} yuan a year: {target.label.en} at {target.value} costs {cost}; at {target.next_value} it would cost "
            f"{beyond}, more than the budget. {target.trials} trials.",
        )
    ]
