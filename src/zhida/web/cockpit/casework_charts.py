"""Casework by month as charts and cells: how each figure is written, and the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from zhida.blocks.cases import api as cases
from zhida.blocks.indicators.api import CaseworkFigures
from zhida.blocks.places import api as places
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.charts import BarList, Columns, Item
from zhida.web.cockpit.figures import withheld
from zhida.web.templatetags.zhida import month as month_words
from zhida.web.templatetags.zhida import number, percent
from zhida.web.text import in_language, pick

# Reasons that praise; the others complain.
PRAISE = ("quick", "easy", "clear", "kind")
# Under this share a figure is drawn as one to worry about.
GOOD_SHARE = 0.9


@dataclass(frozen=True)
class Column:
    """One figure of a table: its head, and how it is written."""

    head: Text
    write: Callable[[CaseworkFigures], str]


def count(measure: str) -> Callable[[CaseworkFigures], str]:
    def write(line: CaseworkFigures) -> str:
        value = line.get(measure)
        return withheld() if value is None else number(value)

    return write


def share(part: str, whole: str) -> Callable[[CaseworkFigures], str]:
    """Write a part of a whole: withheld, a dash where there is no whole, or percent."""
    return lambda line: withheld() if line.get(whole) is None else percent(line.share(part, whole))


def days(line: CaseworkFigures) -> str:
    if line.get("done") is None:
        return withheld()
    return f"{line.days_median} / {line.days_p90}" if line.get("done") else "—"


def stars(line: CaseworkFigures) -> str:
    if line.get("ratings") is None:
        return withheld()
    return "—" if line.mean_stars is None else f"{line.mean_stars:.1f}"


in_time = share("done_in_time", "done")
items_in_time = share("items_in_time", "items")
satisfied = share("satisfied", "ratings")
bad_in_time = share("bad_in_time", "bad_due")
COLUMNS_OF_EVENTS = (
    Column(Text("立案", "Opened"), count("opened")),
    Column(Text("办结", "Done"), count("done")),
    Column(Text("工作日：中位 / 九成", "Working days: median / 90%"), days),
    Column(Text("承诺期内", "Within promise"), in_time),
    Column(Text("撤销", "Undone"), count("undone")),
    Column(Text("未办", "Not wanted"), count("not_wanted")),
    Column(Text("评价", "Ratings"), count("ratings")),
    Column(Text("平均星", "Mean stars"), stars),
    Column(Text("满意", "Satisfied"), satisfied),
    Column(Text("异议", "Appeals"), count("appeals")),
)
COLUMNS_OF_DEPARTMENTS = (
    Column(Text("办结事项", "Items ended"), count("items")),
    Column(Text("事项按期", "Items on time"), items_in_time),
    Column(Text("退回居民", "Returned"), count("returned")),
    Column(Text("差评", "Bad ratings"), count("bad")),
    Column(Text("差评按期答复", "Bad ones answered in time"), bad_in_time),
    Column(Text("答复异议", "Appeals answered"), count("appeals_answered")),
    Column(Text("其中改变", "Of these changed"), count("appeals_changed")),
)


def table(lines: Sequence[CaseworkFigures], columns: Sequence[Column], name: Callable[[CaseworkFigures], Text]) -> dict[str, Any]:
    """Return heads and rows (name, cells with their heads) of a table."""
    heads = [in_language(column.head) for column in columns]
    rows = [(in_language(name(line)), list(zip(heads, (column.write(line) for column in columns), strict=True))) for line in lines]
    return {"heads": heads, "rows": rows}


def event_name(line: CaseworkFigures) -> Text:
    declared = cases.life_events().get(line.event)
    return declared.label if declared else Text(line.event or "全部", line.event or "All")


def department_name(line: CaseworkFigures) -> Text:
    return cases.department_text(line.department) if line.department else Text("全部", "All")


def leads(lines: Sequence[CaseworkFigures]) -> bool:
    """Say whether any line has cases of its own; a department that leads none has only items."""
    return any(line.get(measure) != 0 for line in lines for measure in ("opened", "done", "ratings"))


Trend = Sequence[tuple[CaseworkFigures, bool]]  # a month's line, and whether the month was over when it was counted


def trends(trend: Trend, chosen: str) -> list[Columns]:
    """Draw what there is, month by month; titles speak of the chosen month."""
    at = next(place for place, (line, _) in enumerate(trend) if line.month == chosen)
    now, before = trend[at][0], trend[at - 1][0] if at else None
    told = month_words(chosen)
    charts = [
        _columns(trend, "done", count("done"), _done_title(told, now, before)),
        _columns(trend, "days_median", days, _days_title(told, now), _DAYS_NOTE),
        _columns(trend, "in_time", in_time, _share_title(told, now, "done", now.in_time, _IN_TIME, _NO_CASES), _PROMISE_NOTE),
        _columns(trend, "items_in_time", items_in_time, _share_title(told, now, "items", now.items_in_time, _ITEMS, _NO_ITEMS)),
        _columns(trend, "satisfied", satisfied, _satisfied_title(told, now)),
        _columns(trend, "bad_in_time", bad_in_time, _share_title(told, now, "bad_due", now.bad_in_time, _BAD, _NO_BAD), _BAD_NOTE),
    ]
    return [chart for chart in charts if chart is not None]


_HEADS = {
    "done": Text("办结", "Done"),
    "days_median": Text("中位 / 九成工作日", "Working days: median / 90%"),
    "in_time": Text("承诺期内", "Within promise"),
    "items_in_time": Text("事项按期", "Items on time"),
    "satisfied": Text("满意", "Satisfied"),
    "bad_in_time": Text("差评按期答复", "Bad ratings answered in time"),
}
_DAYS_NOTE = Text(
    "中位数 / 九成。从第一个事项到窗口起算，等居民补充的时间也算在内；柱高是中位数。",
    "Median / 90%. From the first item at a desk, waiting for the resident included; the column is the median.",
)
_PROMISE_NOTE = Text("承诺的工作日写在每件事的声明里。", "The promised working days stand in each life event’s declaration.")
_BAD_NOTE = Text(
    "一星和二星是差评，5 个工作日内答复；按应答复的月份统计。",
    "One and two stars are bad and are answered within 5 working days; counted in the month of that day.",
)
_IN_TIME = Text("办结的 {n} 件中，{share} 在承诺的工作日内", "{share} of cases done were within the promised days (of {n})")
_ITEMS = Text("办完的 {n} 个事项中，{share} 没有超期", "{share} of items ended on time (of {n})")
_NO_CASES = Text("没有办结的", "no case was done")
_NO_ITEMS = Text("没有办完的事项", "no item ended")
_NO_BAD = Text("没有到期该答复的差评", "no answer to a bad rating was due")
_BAD = Text("应答复的 {n} 条差评，{share} 按期答复", "{share} of bad ratings were answered in time (of {n})")


def _columns(trend: Trend, value: str, write: Callable[[CaseworkFigures], str], title: str, note: Text | None = None) -> Columns | None:
    """Draw one figure month by month; None where no month has it."""
    items = []
    for line, is_whole in trend:
        drawn = getattr(line, value) if hasattr(line, value) else line.get(value)
        label = _short(line.month, is_first=not items) + ("" if is_whole else pick(" 至今", " so far"))
        items.append(Item(label, drawn, write(line), tone="" if is_whole else "quiet"))
    if all(item.text in ("—", "0") for item in items):
        return None
    return Columns(title, items, (pick("月份", "Month"), in_language(_HEADS[value])), in_language(note) if note else "")


def _short(month: str, is_first: bool) -> str:
    """Write a month for the foot of a column; the year only where it begins."""
    at = Month.parse(month)
    has_year = is_first or at.month == 1
    return pick(f"{at.year}年 {at.month}月" if has_year else f"{at.month}月", f"{at.start:%b %Y}" if has_year else f"{at.start:%b}")


def _cases(many: int) -> str:
    return "1 case" if many == 1 else f"{number(many)} cases"


def _done_title(told: str, now: CaseworkFigures, before: CaseworkFigures | None) -> str:
    done, earlier = now.get("done"), before.get("done") if before else None
    if done is None:
        return _few(told)
    if before is None or earlier is None:
        return pick(f"{told}办结 {number(done)} 件", f"{_cases(done)} done in {told}")
    change = abs(done - earlier)
    zh = f"比上月{'多' if done > earlier else '少'} {number(change)} 件" if change else "和上月一样多"
    en = f"{number(change)} {'more' if done > earlier else 'fewer'} than" if change else "as many as"
    return pick(f"{told}办结 {number(done)} 件，{zh}", f"{_cases(done)} done in {told}, {en} the month before")


def _days_title(told: str, now: CaseworkFigures) -> str:
    if now.get("done") is None:
        return _few(told)
    if not now.get("done"):
        return pick(f"{told}没有办结的", f"Nothing was done in {told}")
    return pick(
        f"{told}一半在 {now.days_median} 个工作日内办结，九成在 {now.days_p90} 个工作日内",
        f"Half of the cases in {told} took at most {now.days_median} working days, nine of ten {now.days_p90}",
    )


def _share_title(told: str, now: CaseworkFigures, whole: str, found: float | None, words: Text, none: Text) -> str:
    of = now.get(whole)
    if of is None:
        return _few(told)
    if not of:
        return pick(f"{told}{none.zh}", f"{told}: {none.en}")
    said = Text(*(each.format(n=number(of), share=percent(found)) for each in (words.zh, words.en)))
    return pick(f"{told}{said.zh}", f"{told}: {said.en}")


def _satisfied_title(told: str, now: CaseworkFigures) -> str:
    ratings = now.get("ratings")
    if ratings is None:
        return _few(told)
    if not ratings:
        return pick(f"{told}没有人评价", f"Nobody rated a case in {told}")
    return pick(
        f"{told}的 {number(ratings)} 条评价中，{percent(now.satisfied)} 满意，平均 {stars(now)} 星",
        f"{told}: {percent(now.satisfied)} of those who rated are satisfied (of {number(ratings)}), {stars(now)} stars on average",
    )


def _few(told: str) -> str:
    return pick(f"{told}人数太少，不显示", f"Too few people in {told} to show")


def reasons(line: CaseworkFigures) -> BarList | None:
    """Rank the reasons people gave with their stars; complaints stand out."""
    given = sorted(line.reasons.items(), key=lambda each: (-(each[1] or 0), each[0] in PRAISE, each[0]))
    if not given or given[0][1] is None:
        return None
    first, most = cases.RATING_REASONS[given[0][0]], given[0][1]
    equal = sum(n == most for _, n in given)
    title = pick(f"说得最多的是“{first.zh}”：{most} 次", f"Said most often: {first.en} ({most})")
    if equal > 1:
        title = pick(f"“{first.zh}”等 {equal} 项说得最多，各 {most} 次", f"{first.en} and {equal - 1} more said most often ({most} each)")
    items = [Item(in_language(cases.RATING_REASONS[key]), n, number(n), tone="good" if key in PRAISE else "bad") for key, n in given]
    return BarList(title=title, items=items, note=pick("一条评价可以有几个理由。", "A rating may give several reasons."))


def departments(lines: Sequence[CaseworkFigures]) -> BarList | None:
    """Rank departments by the share of their items that ended on time, lowest first."""
    known = [line for line in lines if line.items_in_time is not None]
    if not known:
        return None
    known.sort(key=lambda line: (line.items_in_time, -(line.get("items") or 0)))
    lowest = known[0]
    name = department_name(lowest)
    title = pick(f"按期办完最少的是{name.zh}：{items_in_time(lowest)}", f"Fewest items on time with {name.en}: {items_in_time(lowest)}")
    if lowest.items_in_time == 1:
        title = pick("各部门的事项全部按期", "Every department’s items ended on time")
    items = [
        Item(
            in_language(department_name(line)), line.items_in_time, items_in_time(line),
            detail=pick(f"{number(line.get('items'))} 个事项", f"{number(line.get('items'))} ended"),
            tone="good" if (line.items_in_time or 0) >= GOOD_SHARE else "wait",
        )
        for line in known
    ]  # fmt: skip
    return BarList(title=title, items=items)


def areas(lines: Sequence[CaseworkFigures], query: str) -> BarList | None:
    """Rank the areas below by cases done there, or by items where a department leads no case; each leads to its own page."""
    if not lines:
        return None
    of = _CASES if leads(lines) else _ITEMS_OF_AREAS
    ranked = sorted(lines, key=lambda line: (-(line.get(of.measure) or 0), line.area))
    most, is_few = ranked[0].get(of.measure), any(line.get(of.measure) is None for line in lines)
    name = _area_name(ranked[0].area)
    if most:
        title = Text(f"{of.most.zh}是{name.zh}：{number(most)} {of.unit}", f"{of.most.en} in {name.en}: {number(most)}")
    else:
        title = Text("各处件数都太少，不显示", "Too few cases anywhere to show") if is_few else of.none
    return BarList(title=in_language(title), items=[_area(line, of, query) for line in ranked])


@dataclass(frozen=True)
class _Ranked:
    """What areas are ranked by, and how it is said."""

    measure: str
    share: Callable[[CaseworkFigures], str]
    most: Text
    unit: str
    none: Text
    kept: Text


_CASES = _Ranked(
    "done", in_time, Text("办结最多的", "Most cases were done"), "件", Text("各处都还没有办结的", "Nowhere is a case done yet"),
    Text("承诺期内", "within promise"),
)  # fmt: skip
_ITEMS_OF_AREAS = _Ranked(
    "items", items_in_time, Text("办完事项最多的", "Most items ended"), "个", Text("各处都没有办完的事项", "Nowhere did an item end"),
    Text("按期", "on time"),
)  # fmt: skip


def _area(line: CaseworkFigures, of: _Ranked, query: str) -> Item:
    said = [pick(f"立案 {count('opened')(line)}", f"{count('opened')(line)} opened")] if of is _CASES else []
    kept = of.share(line)
    if kept not in ("—", withheld()):
        said.append(pick(f"{of.kept.zh} {kept}", f"{kept} {of.kept.en}"))
    href = reverse("cockpit:casework_area", args=[line.area]) + query
    return Item(in_language(_area_name(line.area)), line.get(of.measure), count(of.measure)(line), href=href, detail=" · ".join(said))


def _area_name(code: int) -> Text:
    """Return an area's name; its code where cases were opened in one that has ended since."""
    try:
        return places.area(code).name
    except places.UnknownArea:
        return Text(str(code), str(code))
