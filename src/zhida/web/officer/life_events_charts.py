"""Charts of a simulated life event. Each title says the finding."""

from __future__ import annotations

from zhida.blocks.cases import api as cases
from zhida.web.charts import BarList, Columns, Item
from zhida.web.text import counted, in_language, pick

COLUMNS_MAX = 10
# Shares of officers' time from which a queue grows faster than it is worked off.
BUSY, TOO_BUSY = 0.75, 0.9


def days(found: cases.Simulated) -> Columns:
    """How many working days cases took; those beyond the promise stand out."""
    items = [
        Item(label, number, str(number), tone="bad" if found.promised and last > found.promised else "")
        for last, label, number in _bins(found)
    ]
    if found.on_time is None:
        title = pick(f"九成的件在 {found.days_p90} 个工作日内办结", f"Nine of ten cases are done within {found.days_p90} working days")
    else:
        title = pick(
            f"承诺 {found.promised} 个工作日：{found.on_time:.1%} 按时，九成在 {found.days_p90} 天内",
            f"{found.on_time:.1%} are done within the {found.promised} working days promised, nine of ten within {found.days_p90}",
        )
    note = pick(
        f"一半在 {found.days_median} 天内，等居民补充的时间也算；0 是当天办结。",
        f"Half within {found.days_median}, waiting for residents included; 0 means on the same day.",
    )
    return Columns(title, items, (pick("工作日", "Working days"), pick("件数", "Cases")), note)


def _bins(found: cases.Simulated) -> list[tuple[int, str, int]]:
    """Return (last day, label, cases) of every column; several days in one where there would be too many."""
    last = max(found.days, default=0)
    width = last // COLUMNS_MAX + 1
    bins = []
    for first in range(0, last + 1, width):
        number = sum(found.days.get(day, 0) for day in range(first, first + width))
        bins.append((first + width - 1, f"{first}" if width == 1 else f"{first}–{first + width - 1}", number))
    return bins


def waits(found: cases.Simulated) -> BarList:
    """How long nine of ten cases wait at most for an officer, by item."""
    ranked = sorted(found.desks, key=lambda desk: desk.wait_p90, reverse=True)
    items = [
        Item(
            in_language(desk.label), desk.wait_p90, hours(desk.wait_p90), detail=_desk_detail(desk),
            tone="bad" if desk.item == found.bottleneck else "",
        )
        for desk in ranked
    ]  # fmt: skip
    title = pick("没有哪个窗口要久等", "Nobody waits long for any desk")
    if found.bottleneck:
        worst = found.desk(found.bottleneck)
        wait, name = hours(worst.wait_p90), in_language(worst.label)
        title = pick(f"卡在“{name}”：十件里一件要等 {wait} 以上", f"Cases are held up at '{name}': one in ten waits over {wait}")
    note = pick(
        "办公时间，等居民补充的时间不算。九成的件不超过这么久。",
        "Office time, without waiting for residents. Nine of ten cases wait no longer.",
    )
    return BarList(title, items, note)


def _desk_detail(desk: cases.DeskResult) -> str:
    return pick(
        f"{desk.officers} 人，{desk.cases} 件，一半的件等 {hours(desk.wait_median)}、办 {hours(desk.work_median)}",
        f"{_people(desk.officers)}, {desk.cases} cases; half wait {hours(desk.wait_median)}, take {hours(desk.work_median)}",
    )


def busy(found: cases.Simulated) -> BarList:
    """What share of their office time officers spend on these cases."""
    ranked = sorted(found.desks, key=lambda desk: desk.busy, reverse=True)
    items = [
        Item(
            in_language(desk.label),
            desk.busy,
            f"{desk.busy:.0%}",
            tone="bad" if desk.busy > TOO_BUSY else "warn" if desk.busy > BUSY else "",
        )
        for desk in ranked
    ]
    full = [desk for desk in ranked if desk.busy > BUSY]
    if not full:
        title = pick(f"没有人手超过 {BUSY:.0%} 被占满", f"No desk spends more than {BUSY:.0%} of its time on these cases")
    else:
        name = in_language(full[0].label)
        title = pick(f"最忙的是“{name}”：{full[0].busy:.0%} 的时间在办", f"'{name}' is busiest: {full[0].busy:.0%} of its office time")
    return BarList(title, items)


def one_more(found: cases.Simulated) -> BarList:
    """The wait at the bottleneck with one officer more."""
    more, desk = found.one_more, found.desk(found.bottleneck)
    if more is None:
        raise ValueError("nobody waits, so nothing was tried with one officer more")
    items = [
        Item(_people(desk.officers), desk.wait_p90, hours(desk.wait_p90), tone="bad"),
        Item(_people(more.officers), more.wait_p90, hours(more.wait_p90)),
    ]
    name = in_language(desk.label)
    before, after = hours(desk.wait_p90), hours(more.wait_p90)
    zh = f"“{name}”加一个人：等待从 {before} 变为 {after}，"
    en = f"One officer more at '{name}': the wait falls from {before} to {after}, "
    if more.days_p90 == found.days_p90:
        title = pick(f"{zh}九成的件仍是 {found.days_p90} 天", f"{en}nine of ten cases still take {counted(found.days_p90, 'day')}")
    else:
        title = pick(
            f"{zh}九成的件从 {found.days_p90} 天变为 {more.days_p90} 天",
            f"{en}nine of ten cases are done within {counted(more.days_p90, 'day')} instead of {found.days_p90}",
        )
    note = pick("同样的件，同样的随机数，只多一个人。", "The same cases and the same draws, with one officer more.")
    return BarList(title, items, note)


def _people(number: int) -> str:
    return pick(f"{number} 人", f"{number} officer{'' if number == 1 else 's'}")


def hours(minutes: float) -> str:
    """Write office minutes as minutes or hours.

    >>> hours(0), hours(95)
    ('0 分钟', '1.6 小时')
    """
    if minutes < 60:
        return pick(f"{minutes:.0f} 分钟", f"{minutes:.0f} min")
    return pick(f"{minutes / 60:.1f} 小时", f"{minutes / 60:.1f} h")
