"""From a kept simulation to charts: which number, how it is written, the sentence that says what it shows. Nothing is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.blocks.policies.api import Effect, Group, Simulation, Targeting
from zhida.kernel.small_cells import SMALL_CELL, is_small
from zhida.kernel.text import Text
from zhida.web.change_charts import Curve, Move, Moves, Point, Sided, SidedBars, SignedColumns
from zhida.web.charts import Choropleth, Item
from zhida.web.officer.reform_words import PPM, arrow, counted, rates, signed, signed_yuan, withheld
from zhida.web.templatetags.zhida import number, percent, yuan, yuan_short
from zhida.web.text import in_language, pick

MONTHS = 12
# A chart of a search shows no value whose cost is beyond this many budgets.
_COST_SHOWN = 2


# ---- cost by benefit --------------------------------------------------------------------------------------------------------------------


def cost_bars(found: Simulation) -> SidedBars | None:
    """Show where a year costs more and where less, the largest change first."""
    paid = [cost for cost in found.costs if cost.is_money]
    if not paid:
        return None
    rows = [
        Sided(
            in_language(cost.label),
            max(0, -cost.year_change_fen),
            max(0, cost.year_change_fen),
            signed(cost.year_change_fen),
            pick(
                f"{number(cost.entitled_base)} → {number(cost.entitled_reform)} 份",
                f"{number(cost.entitled_base)} → {number(cost.entitled_reform)} entitlements",
            ),
        )
        for cost in paid
    ]
    note = (
        pick("一次性待遇只计本月名单上的。", "What is paid once counts as often as this month's facts have the occasion.")
        if any(cost.every == "ONCE" for cost in paid)
        else ""
    )
    return SidedBars(_cost_title(paid), rows, pick("少支出", "Less"), pick("多支出", "More"), note)


def _cost_title(paid: Sequence[policies.BenefitCost]) -> str:
    more = max(paid, key=lambda cost: cost.year_change_fen)
    less = min(paid, key=lambda cost: cost.year_change_fen)
    parts = []
    if more.year_change_fen > 0:
        amount = signed(more.year_change_fen)
        parts.append(pick(f"多支出最多的是{in_language(more.label)}（{amount}）", f"{in_language(more.label)} grows most ({amount})"))
    if less.year_change_fen < 0:
        amount = signed(less.year_change_fen)
        parts.append(pick(f"少支出最多的是{in_language(less.label)}（{amount}）", f"{in_language(less.label)} shrinks most ({amount})"))
    return pick("，", "; ").join(parts) or pick("各项支出都不变", "No benefit costs more or less")


def in_kind(found: Simulation) -> list[policies.BenefitCost]:
    """List what no bank pays, recognitions and kilowatt hours, and more or fewer get than before."""
    return [cost for cost in found.costs if not cost.is_money and cost.entitled_base != cost.entitled_reform]


# ---- winners and losers -----------------------------------------------------------------------------------------------------------------


def effect_bars(groups: Sequence[Group], what: Text) -> SidedBars | None:
    """Show the share of each group's households that gain and that lose. what: the kind of group, as 家庭类型."""
    shown = [group for group in groups if group.households]
    if not any(group.effect is None or group.effect.winners or group.effect.losers for group in shown):
        return None
    rows = [_effect_row(group) for group in shown]
    note = pick("占该组户数的比例。", "Share of the group's households.")
    return SidedBars(_effect_title(shown, what), rows, pick("受损", "Lose"), pick("受益", "Gain"), note, ("bad", "good"))


def _effect_row(group: Group) -> Sided:
    label, effect = in_language(group.label), group.effect
    if effect is None:
        return Sided(label, None, None, withheld(), pick(f"{number(group.households)} 户", f"{number(group.households)} households"))
    gain, loss = (None if is_small(count) else count / group.households for count in (effect.winners, effect.losers))
    written = _share(gain, effect.winners)
    if loss:
        lost = pick(f"受损 {percent(loss)}", f"{percent(loss)} lose")
        written = pick(f"受益 {written} · {lost}", f"{written} gain · {lost}") if effect.winners else lost
    detail = pick(
        f"{number(group.households)} 户中 {counted(effect.winners)} 户受益",
        f"{counted(effect.winners)} of {number(group.households)} households gain",
    )
    if effect.losers:
        detail += pick(f"，{counted(effect.losers)} 户受损", f", {counted(effect.losers)} lose")
    detail += _waiting(effect)
    return Sided(label, loss or 0, gain or 0, written, detail)


def _waiting(effect: Effect) -> str:
    """Say how many households wait for a fact; nothing where they are few."""
    if not effect.undecided or is_small(effect.undecided):
        return ""
    return pick(f"，{number(effect.undecided)} 户未定", f", {number(effect.undecided)} undecided")


def _share(share: float | None, count: int) -> str:
    return withheld() if share is None else "0" if not count else percent(share)


def _effect_title(groups: Sequence[Group], what: Text) -> str:
    told = [(group, group.effect) for group in groups if group.effect and not is_small(group.effect.winners) and group.effect.winners]
    lost = [(group, group.effect) for group in groups if group.effect and not is_small(group.effect.losers) and group.effect.losers]
    parts = []
    if told:
        group, effect = max(told, key=lambda pair: pair[1].winners / pair[0].households)
        share, name = percent(effect.winners / group.households), in_language(group.label)
        parts.append(pick(f"“{name}”受益面最大：{share} 的户多得", f"'{name}' gains most often: {share} of these households"))
    if lost:
        group, effect = max(lost, key=lambda pair: pair[1].losers / pair[0].households)
        share, name = percent(effect.losers / group.households), in_language(group.label)
        parts.append(pick(f"“{name}”受损面最大：{share}", f"'{name}' loses most often: {share}"))
    return pick("；", "; ").join(parts) or pick(
        f"按{what.zh}：受益和受损的户都少于 {SMALL_CELL}，不显示",
        f"By {what.en}: those who gain or lose are fewer than {SMALL_CELL} in each, not shown",
    )


# ---- districts --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """One way to shade the map of districts."""

    code: str
    label: Text
    heads: Text


MEASURES = (
    Measure("winners", Text("受益户占比", "Share that gains"), Text("受益户占比", "Share of households that gain")),
    Measure("per_head", Text("人均变化", "Change per head"), Text("每位居民一年的变化", "Change a year per resident")),
    Measure("losers", Text("受损户占比", "Share that loses"), Text("受损户占比", "Share of households that lose")),
)


def measures(found: Simulation) -> tuple[Measure, ...]:
    """Return the measures a simulation has something to show for."""
    effect = found.total.effect
    return tuple(measure for measure in MEASURES if measure.code != "losers" or (effect and effect.losers))


def district_map(found: Simulation, measure: Measure) -> Choropleth | None:
    by_code = {int(group.code): group for group in found.districts if group.code}
    shapes = [feature for feature in places.features(places.city().code) if feature.code in by_code]
    if not shapes or not found.touched:
        return None
    items = [_district_item(by_code[feature.code], measure) for feature in shapes]
    return Choropleth(
        title=_district_title(items, measure),
        places=list(zip(shapes, items, strict=True)),
        extent=places.extent(places.city().code),
        legend=in_language(measure.heads),
        heads=(pick("区县", "District"), in_language(measure.heads)),
        has_table=False,
        withheld_words=pick(f"少于 {SMALL_CELL} 户，不显示", f"Fewer than {SMALL_CELL} households, withheld"),
    )


def district_bars(found: Simulation, measure: Measure) -> SidedBars:
    """Rank the same districts, highest first."""
    items = sorted((_district_item(group, measure) for group in found.districts), key=lambda item: -(item.value or 0))
    rows = [
        Sided(
            item.label,
            None if item.value is None else max(0, -item.value),
            None if item.value is None else max(0, item.value),
            item.text,
            item.detail,
        )
        for item in items
    ]
    heads = in_language(measure.heads)
    return SidedBars(pick(f"{heads}，由高到低", f"{heads}, highest first"), rows)


def _district_item(group: Group, measure: Measure) -> Item:
    label, effect = in_language(group.label), group.effect
    if effect is None or not group.persons:
        return Item(label, None, withheld())
    if measure.code == "per_head" and (is_small(effect.winners) or is_small(effect.losers)):
        return Item(label, None, withheld())
    if measure.code == "per_head":
        per_head = round(effect.change_fen / group.persons)
        return Item(label, per_head, signed_yuan(per_head), detail=_waiting(effect).lstrip("，, "))
    count = effect.winners if measure.code == "winners" else effect.losers
    if is_small(count):
        return Item(label, None, withheld())
    share = count / group.households
    return Item(label, share, percent(share, 2), detail=_waiting(effect).lstrip("，, "))


def _district_title(items: Sequence[Item], measure: Measure) -> str:
    """Name the highest and the lowest of the districts where hardly anything is undecided."""
    shown = [item for item in items if item.value is not None]
    known = sorted([item for item in shown if not item.detail] or shown, key=lambda item: item.value or 0)
    heads = in_language(measure.heads)
    if not known:
        return pick(f"{heads}：户数太少，不显示", f"{heads}: too few households to show")
    low, high = known[0], known[-1]
    if low.value == high.value:
        return pick(f"{heads}：能显示的区县都是 {high.text}", f"{heads}: {high.text} in every district that can be shown")
    return pick(
        f"{heads}最高的是{high.label}（{high.text}），最低的是{low.label}（{low.text}）",
        f"{heads}: highest in {high.label} ({high.text}), lowest in {low.label} ({low.text})",
    )


# ---- rich and poor ----------------------------------------------------------------------------------------------------------------------


def gain_of(decile: policies.Decile) -> float | None:
    """Return a tenth's change per head and month, in yuan; None where it is hidden or unknown."""
    if decile.mean_fen is None or decile.after_fen is None:
        return None
    return (decile.after_fen - decile.mean_fen) / MONTHS / 100


def decile_gains(found: Simulation) -> list[float | None]:
    return [gain_of(decile) for decile in found.deciles if decile.number]


def decile_columns(found: Simulation, beside: Sequence[Simulation] = ()) -> SignedColumns | None:
    """Show what each tenth gains per head and month, poorest first. beside: simulations that are shown next to it, on the same scale."""
    gains = decile_gains(found)
    if not any(gain is not None for gain in gains):
        return None
    reach = [gain for one in (found, *beside) for gain in decile_gains(one) if gain is not None]
    top = max(abs(gain) for gain in gains if gain is not None)
    digits = 0 if top >= 100 else 1 if top >= 10 else 2
    items = [Item(str(place), gain, withheld() if gain is None else _plain(gain, digits)) for place, gain in enumerate(gains, start=1)]
    ends = (pick("收入最低的十分之一", "Poorest tenth"), pick("收入最高的十分之一", "Richest tenth"))
    return SignedColumns(_decile_title(gains, digits), items, ends, _decile_note(found), (min(reach), max(reach)))


def _plain(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace("-", "−") if value else "0"


def _decile_title(gains: Sequence[float | None], digits: int) -> str:
    if not any(gains):
        return pick("收入已知的人，各个十分之一都没有变化", "Among those whose income is known, no tenth gains or loses")
    poorest, richest = gains[0], gains[-1]
    if not poorest and not richest:
        place, most = max(enumerate(gains, start=1), key=lambda pair: abs(pair[1] or 0))
        return pick(
            f"变化最大的是从低到高第 {place} 个十分之一：{_gain_zh(most, digits, '每人每月')}",
            f"Tenth {place}, counted from the poorest, changes most: it {_gain_en(most, digits, ' a month per head')}",
        )
    return pick(
        f"收入最低的十分之一{_gain_zh(poorest, digits, '每人每月')}，最高的十分之一{_gain_zh(richest, digits)}",
        f"The poorest tenth {_gain_en(poorest, digits, ' a month per head')}, the richest {_gain_en(richest, digits)}",
    )


def _gain_zh(gain: float | None, digits: int, whose: str = "") -> str:
    if gain is None:
        return "户数太少，不显示"
    return f"{whose}{'多' if gain > 0 else '少'} {_plain(abs(gain), digits)} 元" if gain else "不变"


def _gain_en(gain: float | None, digits: int, whose: str = "") -> str:
    if gain is None:
        return "is too small to show"
    return f"{'gains' if gain > 0 else 'loses'} ¥{_plain(abs(gain), digits)}{whose}" if gain else "gains nothing"


def _decile_note(found: Simulation) -> str:
    unknown = next((decile for decile in found.deciles if not decile.number), None)
    known = sum(decile.households for decile in found.deciles if decile.number)
    note = pick(
        f"元/人·月。只含登记知道收入的 {number(known)} 户，按改革前人均收入排队。",
        f"Yuan per head and month, for the {number(known)} households of known income, in order of income before the reform.",
    )
    if unknown and unknown.effect and unknown.effect.winners:
        note += pick(
            f"收入未知的 {number(unknown.households)} 户中另有 {counted(unknown.effect.winners)} 户受益。",
            f" Of the {number(unknown.households)} whose income is unknown, {counted(unknown.effect.winners)} gain too.",
        )
    return note


# ---- poverty ----------------------------------------------------------------------------------------------------------------------------


def poverty_moves(groups: Sequence[Group], title_of_all_same: Text) -> Moves | None:
    """Show each group's poverty rate before and after."""
    if not any(group.before and group.before.poor_ppm is not None for group in groups):
        return None
    rows = [_poverty_row(group) for group in groups if group.households]
    return Moves(_poverty_title(groups, title_of_all_same), rows, pick("现行", "Now"), pick("改革后", "After"))


def _poverty_row(group: Group) -> Move:
    label = in_language(group.label)
    if group.coverage is None:
        return Move(label, None, None, withheld())
    known = pick(f"收入已知 {number(group.coverage.known)} 户", f"{number(group.coverage.known)} households of known income")
    if not (group.before and group.after) or group.before.poor_ppm is None or group.after.poor_ppm is None:
        return Move(label, None, None, pick("收入未知", "Income unknown"), known)
    before, after = group.before.poor_ppm, group.after.poor_ppm
    pair = rates(before, after)
    return Move(label, before / PPM, after / PPM, pair[0] if before == after else arrow(pair), known)


def _poverty_title(groups: Sequence[Group], same: Text) -> str:
    pairs = [
        (group, group.before.poor_ppm, group.after.poor_ppm)
        for group in groups
        if group.before and group.after and group.before.poor_ppm is not None and group.after.poor_ppm is not None
    ]
    group, before, after = min(pairs, key=lambda pair: pair[2] - pair[1])
    if after < before:
        name, way = in_language(group.label), arrow(rates(before, after))
        return pick(f"低收入率降得最多的是“{name}”：{way}", f"The poverty rate falls most for '{name}': {way}")
    group, before, after = max(pairs, key=lambda pair: pair[2] - pair[1])
    if after > before:
        name, way = in_language(group.label), arrow(rates(before, after))
        return pick(f"低收入率升得最多的是“{name}”：{way}", f"The poverty rate rises most for '{name}': {way}")
    return in_language(same)


# ---- a budget ---------------------------------------------------------------------------------------------------------------------------


def budget_curve(found: Simulation) -> Curve | None:
    """Show what the values cost that were tried on the way to the one that spends the budget."""
    target = found.targeting
    if target is None or not target.tried:
        return None
    shown = [one for one in target.tried if one.cost_fen <= _COST_SHOWN * target.budget_fen]
    points = [
        Point(float(one.value), one.cost_fen, _value_words(target, one.value), yuan(one.cost_fen), _kind(target, one.value))
        for one in shown
    ]
    heads = (in_language(target.label), pick("一年的支出", "Cost of a year"))
    names = {"before": pick("现行", "Now"), "chosen": pick("按预算", "By the budget")}
    limit = pick(f"预算 {yuan_short(target.budget_fen)}", f"Budget {yuan_short(target.budget_fen)}")
    note = pick(
        f"共试算 {target.trials} 次；再高一档（{_value_words(target, target.next_value)}）就超出预算。",
        f"{target.trials} trials; one step more ({_value_words(target, target.next_value)}) would exceed the budget.",
    )
    return Curve(_target_title(target), sorted(points, key=lambda point: point.x), target.budget_fen, limit, heads, names, note)


def _kind(target: Targeting, value: str) -> str:
    return "chosen" if value == target.value else "before" if value == target.base_value else ""


def _value_words(target: Targeting, value: str) -> str:
    return f"× {value}" if target.way == "factor" else f"{Decimal(value):,}"


def _target_title(target: Targeting) -> str:
    budget, name = yuan_short(target.budget_fen), in_language(target.label)
    now, found = _value_words(target, target.base_value), _value_words(target, target.value)
    return pick(f"一年 {budget}，{name}可以定到 {found}（现行 {now}）", f"{budget} a year carries: {name} at {found} (now {now})")
