"""From the indicators' figures to charts: which number, how it is written, and the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from zhida.blocks.indicators import api as indicators
from zhida.blocks.indicators.api import Cell, TakeUp, Timeliness
from zhida.blocks.payments import api as payments
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web.charts import BarList, Choropleth, Columns, Item, Pair, PairedBars, Share
from zhida.web.templatetags.zhida import day, number, percent, yuan, yuan_short
from zhida.web.text import in_language, pick


@dataclass(frozen=True)
class Measure:
    """One way to shade the map."""

    code: str
    label: Text
    heads: Text


MEASURES = (
    Measure("per_head", Text("人均金额", "Money per resident"), Text("每位常住居民（元）", "Yuan per resident")),
    Measure("money", Text("金额", "Money"), Text("应发金额", "Money due")),
    Measure("entitled", Text("份数", "Entitlements"), Text("符合条件的份数", "Entitlements")),
    Measure("unknown", Text("待补信息", "Facts missing"), Text("因缺信息而未定的份数", "Undecided for want of a fact")),
)


# What keeps a payment from its payee, by its state.
_STUCK = {
    "held": Text("暂缓：缺账户或待核实", "held: no account, or the payee needs checking"),
    "rejected": Text("被拒付：账户不可用", "rejected: the account cannot be used"),
    "returned": Text("被退回：账户不可用", "returned: the account cannot be used"),
}
_STUCK_ORGANISATION = {"held": Text("暂缓：单位未登记账户", "held: the organisation has registered no account")}


def withheld() -> str:
    return pick(f"少于 {indicators.SMALL_CELL}", f"under {indicators.SMALL_CELL}")


def measured(cell: Cell, measure: str) -> tuple[float | None, str]:
    """Return a cell's value in one measure and how it is written; a hidden cell has neither."""
    if cell.hidden:
        return None, withheld()
    if measure == "money":
        return cell.entitled_fen, yuan_short(cell.entitled_fen)
    if measure == "entitled":
        return cell.entitled, number(cell.entitled)
    if measure == "unknown":
        return cell.unknown, number(cell.unknown)
    if not cell.population:
        return None, "—"
    per_head = round((cell.entitled_fen or 0) / cell.population)
    return per_head, yuan(per_head)


def area_map(cells: Sequence[Cell], parent: int, measure: Measure, query: str) -> Choropleth | None:
    """Shade the areas below a parent; None where there are none."""
    by_code = {int(cell.code): cell for cell in cells}
    shapes = [feature for feature in places.features(parent) if feature.code in by_code]
    if not shapes:
        return None
    items = [area_item(by_code[feature.code], measure.code, query) for feature in shapes]
    return Choropleth(
        title=_extremes(items, measure),
        places=list(zip(shapes, items, strict=True)),
        extent=places.extent(parent),
        legend=in_language(measure.heads),
        heads=(pick("区域", "Area"), in_language(measure.heads)),
    )


def area_item(cell: Cell, measure: str, query: str) -> Item:
    value, written = measured(cell, measure)
    return Item(in_language(cell.label), value, written, reverse("cockpit:area", args=[cell.code]) + query)


def area_bars(cells: Sequence[Cell], measure: Measure, query: str) -> BarList:
    """Rank the same areas, highest first."""
    items = sorted((area_item(cell, measure.code, query) for cell in cells), key=lambda item: -(item.value or 0))
    heads = in_language(measure.heads)
    return BarList(pick(f"{heads}，由高到低", f"{heads}, highest first"), items, shown=15)


def _extremes(items: Sequence[Item], measure: Measure) -> str:
    known = sorted((item for item in items if item.value is not None), key=lambda item: item.value or 0)
    heads = in_language(measure.heads)
    if not known:
        return pick(f"{heads}：人数太少，不显示", f"{heads}: too few people to show")
    low, high = known[0], known[-1]
    if len(known) == 1 < len(items):
        return pick(
            f"{heads}：{high.label} {high.text}，其余人数太少，不显示",
            f"{heads}: {high.text} in {high.label}; too few people elsewhere",
        )
    if low.value == high.value:
        return pick(f"{heads}：各区域相同，{high.text}", f"{heads}: the same everywhere, {high.text}")
    return pick(
        f"{heads}最高的是{high.label}（{high.text}），最低的是{low.label}（{low.text}）",
        f"{heads}: highest in {high.label} ({high.text}), lowest in {low.label} ({low.text})",
    )


def benefit_bars(cells: Sequence[Cell], query: str) -> BarList | None:
    """Rank policies by money, with how many entitlements each has."""
    paying = [cell for cell in cells if cell.hidden or cell.entitled_fen]
    if not paying:
        return None
    items = [
        Item(
            in_language(cell.label),
            cell.entitled_fen,
            withheld() if cell.hidden else yuan_short(cell.entitled_fen),
            reverse("cockpit:benefit", args=[cell.code]) + query,
            "" if cell.hidden else pick(f"{number(cell.entitled)} 份", f"{number(cell.entitled)} entitlements"),
        )
        for cell in paying
    ]
    total = sum(cell.entitled_fen or 0 for cell in paying)
    if not total:
        return BarList(pick("各项人数都太少，不显示金额", "Too few people in each to show amounts"), items)
    top = paying[0]
    if any(cell.hidden for cell in paying):
        name = in_language(next(cell.label for cell in paying if cell.entitled_fen))
        return BarList(pick(f"能显示的项目里，金额最多的是{name}", f"Of those that can be shown, {name} is the largest"), items)
    share = percent((top.entitled_fen or 0) / total)
    name = in_language(top.label)
    return BarList(pick(f"金额最多的是{name}，占 {share}", f"{name} is the largest, {share} of the money"), items)


def age_pairs(bands: Sequence[tuple[Cell, Cell, Cell]]) -> PairedBars | None:
    """Show money by age band for women and men, back to back."""
    pairs = [Pair(in_language(both.label), _money(women), _money(men)) for men, women, both in bands]
    if not any(both.entitled or both.hidden for _, _, both in bands):
        return None
    shown = [both for _, _, both in bands if both.entitled_fen]
    top = max(shown, key=lambda cell: cell.entitled_fen or 0, default=None)
    title = pick("各年龄段人数太少，不显示", "Too few people in each age band to show")
    if top:
        name, money = in_language(top.label), yuan_short(top.entitled_fen)
        title = pick(f"{name}的居民得到最多：{money}", f"Residents aged {name} receive most: {money}")
    note = pick(
        "按享受待遇的本人统计；以户为单位的待遇记在户主名下。",
        "Counted by the person the benefit is about; a household's benefit counts with its head.",
    )
    return PairedBars(title, pick("女", "Women"), pick("男", "Men"), pairs, pick("年龄", "Age"), note)


def _money(cell: Cell) -> Item:
    return Item(in_language(cell.label), cell.entitled_fen, withheld() if cell.hidden else yuan_short(cell.entitled_fen))


def state_share(total: Cell, benefits: Sequence[Cell]) -> Share | None:
    """Show what became of the entitlements: paid, not paid yet, what no bank pays, and beside them those that wait for a fact.

    benefits: the total's cells by benefit, to tell money from discounts and recognitions.
    """
    if total.hidden or not total.entitled:
        return None
    in_kind = sum(cell.entitled or 0 for cell in benefits if not _is_money(cell.code))
    paid, unknown = total.paid or 0, total.unknown or 0
    due = total.entitled - in_kind
    items = [
        Item(pick("已到账", "Paid"), paid, number(paid), tone="good"),
        Item(pick("应发，尚未到账", "Due, not paid yet"), max(0, due - paid), number(max(0, due - paid)), tone="quiet"),
        Item(pick("减免和资格，不发钱", "Reductions and recognitions"), in_kind, number(in_kind)),
        Item(pick("缺信息，未定", "Undecided, a fact is missing"), unknown, number(unknown), tone="wait"),
    ]
    title = pick(
        f"应发的 {number(due)} 份中，{number(paid)} 份已到账；另有 {number(unknown)} 份因缺信息未定",
        f"Of {number(due)} entitlements to money {number(paid)} are paid; {number(unknown)} more wait for a missing fact",
    )
    return Share(title, [item for item in items if item.value])


def stuck_by_benefit(month: str, area: places.Area) -> dict[str, dict[str, int]]:
    """Count what did not arrive of a month's batches, by benefit and state; for the city or one of its districts."""
    stuck: dict[str, dict[str, int]] = {}
    for row in payments.totals_by("benefit", "state", "district", month=month):
        benefit, state, district = row.key
        if state in _STUCK and area.code in (places.city().code, district):
            by_state = stuck.setdefault(str(benefit), {})
            by_state[str(state)] = by_state.get(str(state), 0) + row.count
    return stuck


def _why_stuck(benefit: str, stuck: dict[str, int]) -> str:
    """Say why payments of a benefit did not arrive, most frequent first; empty where all did or where they wait for the bank."""
    definition = policies.benefits().get(benefit)
    to_organisation = definition is not None and definition.payee.startswith("organisation:")
    reasons = {**_STUCK, **(_STUCK_ORGANISATION if to_organisation else {})}
    said = [(count, reasons[state]) for state, count in sorted(stuck.items(), key=lambda pair: -pair[1])]
    return pick(
        "；".join(f"{number(count)} 份{reason.zh}" for count, reason in said),
        "; ".join(f"{number(count)} {reason.en}" for count, reason in said),
    )


def take_up_bars(lines: Sequence[TakeUp], query: str, stuck: dict[str, dict[str, int]]) -> BarList | None:
    """Rank policies by the share of the entitled that was paid, lowest first: where work is left, each with why."""
    lines = [line for line in lines if _is_money(line.benefit)]
    if not lines:
        return None
    ordered = sorted(lines, key=lambda line: (line.paid_share, -line.entitled))
    items = [
        Item(
            in_language(line.label),
            line.paid_share,
            percent(line.paid_share),
            reverse("cockpit:benefit", args=[line.benefit]) + query,
            _take_up_detail(line, stuck.get(line.benefit, {})),
            "bad" if line.paid_share < 0.5 else "wait" if line.paid_share < 0.95 else "good",
        )
        for line in ordered
    ]
    full = sum(line.paid_share >= 0.995 for line in lines)
    title = pick(
        f"{len(lines)} 项待遇中，{full} 项已全部到账；其余写明卡在哪里",
        f"{full} of {len(lines)} benefits have reached everyone entitled; the others say what holds them",
    )
    return BarList(title, items)


def _take_up_detail(line: TakeUp, stuck: dict[str, int]) -> str:
    counted = pick(f"{number(line.paid)} / {number(line.entitled)} 份", f"{number(line.paid)} of {number(line.entitled)}")
    why = _why_stuck(line.benefit, stuck) if line.paid < line.entitled else ""
    return f"{counted} · {why}" if why else counted


def late_columns(timeliness: Timeliness) -> Columns | None:
    """Show how many payments came on time, how many late and by how much, how many still wait."""
    late = timeliness.late
    groups = [
        (pick("准时", "On time"), timeliness.on_time, "good"),
        (pick("晚 1–5 天", "1–5 days late"), sum(n for days, n in late.items() if days <= 5), "wait"),
        (pick("晚 6–30 天", "6–30 days late"), sum(n for days, n in late.items() if 5 < days <= 30), "bad"),
        (pick("晚 30 天以上", "Over 30 days late"), sum(n for days, n in late.items() if days > 30), "bad"),
        (pick("还没到人手里", "Not with the payee yet"), timeliness.waiting, "quiet"),
    ]
    if timeliness.on_time_share is None:
        return None
    items = [Item(label, count, number(count), tone=tone) for label, count, tone in groups]
    share, due = percent(timeliness.on_time_share), day(timeliness.due_on)
    title = pick(f"{share} 的款项在 {due} 前到账", f"{share} of the payments arrived by {due}")
    return Columns(title, items, (pick("到账情况", "Arrival"), pick("笔数", "Payments")))


def _is_money(benefit: str) -> bool:
    """Say whether a benefit is paid; a discount on a bill or a recognised status never passes through a bank."""
    definition = policies.benefits().get(benefit)
    return definition is None or definition.unit == "fen"


def defect_bars(totals: Sequence[tuple[Text, int, int]]) -> BarList | None:
    """Rank kinds of defect by what people missed: label, missed decisions, missed fen."""
    if not totals:
        return None
    items = [
        Item(in_language(label), money, yuan_short(money), "", pick(f"漏 {number(count)} 份", f"{number(count)} missed"), "bad")
        for label, count, money in totals
    ]
    name, money = items[0].label, items[0].text
    return BarList(pick(f"代价最大的缺陷是“{name}”：{money}没有发到人手里", f"'{name}' costs most: {money} did not reach people"), items)
