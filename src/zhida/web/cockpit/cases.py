"""The captain's page of joint cases: lights, where cases wait, what is late the longest. Nobody's name is on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.places import api as places
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import BarList, Item, Share
from zhida.web.cockpit.cases_late import LATE_HEADS, event_text, item_text, late_cells, late_row, late_share
from zhida.web.cockpit.casework import pages
from zhida.web.table_files import csv_file
from zhida.web.templatetags.zhida import percent
from zhida.web.text import counted, in_language, pick

RED, YELLOW, GREEN = cases.Light.RED, cases.Light.YELLOW, cases.Light.GREEN
_TONES = {RED: "bad", YELLOW: "wait", GREEN: "good"}
# Digits of an area's code by its level, as they stand at the head of a community's.
_DIGITS_BELOW = {"city": 6, "district": 9, "street": 12}
_BELOW = {
    "city": Text("区县", "Districts"),
    "district": Text("街道和乡镇", "Streets and towns"),
    "street": Text("社区和村", "Communities and villages"),
}
CSV_HEADS = (
    Text("部门", "Department"),
    Text("事件", "Life event"),
    Text("事项", "Item"),
    Text("红灯", "Red"),
    Text("黄灯", "Yellow"),
    Text("绿灯", "Green"),
    Text("办结（件）", "Ended"),
    Text("窗口中位工作日", "Median working days at the desk"),
    Text("窗口95%工作日", "95th percentile at the desk"),
    Text("等答复中位工作日", "Median working days waiting for others"),
    Text("等答复95%工作日", "95th percentile waiting for others"),
)


LATE_SHOWN = 20


@dataclass(frozen=True)
class Only:
    """What the page is narrowed to: one department, one life event, or both. Written in its address."""

    department: str = ""
    event: str = ""

    def of(self, lines: Iterable[Any]) -> list[Any]:
        return [each for each in lines if self.department in ("", each.department) and self.event in ("", each.event)]

    def query(self, **other: str) -> str:
        said = {"department": self.department, "event": self.event, **other}
        return f"?{urlencode({name: value for name, value in said.items() if value})}"

    def chosen(self) -> list[tuple[Text, str]]:
        """Name what the page is narrowed to, each with the address without it."""
        found = [(cases.department_text(self.department), self.query(department=""))] if self.department else []
        return found + ([(event_text(self.event), self.query(event=""))] if self.event else [])


@requires("cases.supervise")
@require_GET
def cases_here(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own area."""
    return _page(request, int(request.viewer.area_code))


@requires("cases.supervise")
@require_GET
def cases_area(request: HttpRequest, code: int) -> HttpResponse:
    """Show an area inside the viewer's. Raises: UnknownArea, NotYours."""
    return _page(request, code)


def _page(request: HttpRequest, code: int) -> HttpResponse:
    here = places.area(code)
    if not request.viewer.sees_area(here.code):
        raise access.NotYours(request.viewer.account, f"area {code}")
    code, only = str(here.code), Only(request.GET.get("department", ""), request.GET.get("event", ""))
    lines = only.of(cases.lights(request.viewer, code))
    waits = only.of(cases.waits(request.viewer, code))
    if request.GET.get("format") == "csv":
        return csv_file(f"lights-{code}", CSV_HEADS, _cells(lines, waits))
    if request.GET.get("format") == "late":
        late = cases.red_items(request.viewer, code, None, only.department, only.event)
        return csv_file(f"late-{code}", LATE_HEADS, (late_cells(late_row(each)) for each in late))
    counts = _by_light(lines)
    context = {
        "area": here,
        "total": sum(counts.values()),
        "red": counts[RED],
        "yellow": counts[YELLOW],
        "share": _share(counts),
        "departments": _tables(lines, lambda line: line.department, cases.department_text, lambda key: only.query(department=key)),
        "events": _tables(lines, lambda line: line.event, event_text, lambda key: only.query(event=key)),
        "only": only.chosen(),
        "file": only.query(format="csv"),
        "late_file": only.query(format="late"),
        "worst": _worst(lines),
        "waits": _waits(waits),
        "areas": _areas(lines, here, only),
        "below": _BELOW.get(here.level),
        "oldest": [late_row(each) for each in cases.red_items(request.viewer, code, LATE_SHOWN, only.department, only.event)],
        "late": late_share(cases.late_counts(request.viewer, code, only.department, only.event)),
        "trail": _trail(request, here),
        "pages": pages("lights"),
        **_ratings(request, here),
        "empty_desks": _empty_desks(cases.empty_desks(request.viewer, str(here.code))),
    }
    return render(request, "cockpit/cases.html", context)


def _by_light(lines: Iterable[cases.LightLine]) -> Counter[cases.Light]:
    counts: Counter[cases.Light] = Counter()
    for line in lines:
        counts[line.light] += line.count
    return counts


def _share(counts: Counter[cases.Light]) -> Share | None:
    total = sum(counts.values())
    if not total:
        return None
    title = pick(
        f"在办 {total} 件事项，{counts[RED]} 件已经超期" if counts[RED] else f"在办 {total} 件事项，没有一件超期",
        f"{counted(total, 'item')} at desks, {counts[RED]} late" if counts[RED] else f"{counted(total, 'item')} at desks, none late",
    )
    items = [
        Item(in_language(cases.LIGHT_TEXT[each]), counts[each], f"{counts[each]:,}", tone=_TONES[each]) for each in (RED, YELLOW, GREEN)
    ]
    return Share(title=title, items=items)


def _tables(
    lines: list[cases.LightLine], key: Callable[[cases.LightLine], str], words: Callable[[str], Text], url: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Group lines; each group with its name, its address and its counts by light, most red first."""
    groups: dict[str, Counter[cases.Light]] = defaultdict(Counter)
    for line in lines:
        groups[key(line)][line.light] += line.count
    ordered = sorted(groups.items(), key=lambda each: (-each[1][RED], -each[1][YELLOW], -each[1][GREEN], each[0]))
    return [
        {
            "label": words(name),
            "url": url(name),
            "lights": [(each, cases.LIGHT_TEXT[each], found[each]) for each in _TONES],
            "total": sum(found.values()),
        }
        for name, found in ordered
    ]


def _worst(lines: list[cases.LightLine]) -> BarList | None:
    """Rank departments by what is late at their desks; None where nothing is."""
    late: Counter[str] = Counter()
    for line in lines:
        late[line.department] += line.count if line.light == RED else 0
    ranked = [(name, count) for name, count in late.most_common() if count]
    if not ranked:
        return None
    first, count = cases.department_text(ranked[0][0]), ranked[0][1]
    title = pick(f"超期最多的是{first.zh}：{count} 件", f"Most late items are with {first.en}: {count}")
    return BarList(title=title, items=[Item(in_language(cases.department_text(name)), n, f"{n:,}", tone="bad") for name, n in ranked])


def _waits(waits: list[cases.Wait]) -> BarList | None:
    if not waits:
        return None
    longest = waits[0]
    name, department = item_text(longest.event, longest.item), cases.department_text(longest.department)
    title = pick(
        f"在窗口最久的是“{name.zh}”（{department.zh}）：95% 在 {longest.late95} 个工作日内办完",
        f"Longest at the desk is {name.en} ({department.en}): 95% end within {counted(longest.late95, 'working day')}",
    )
    note = pick(
        "中位数 / 95% 的工作日，近 90 天办结的事项。条长是在窗口的时间，和期限一样不算等居民补充、等部门答复的日子；那些日子另列在后面。",
        "Median / 95th percentile of working days, items ended in the last 90 days. The bar is time at the desk; as for deadlines, days "
        "in which the resident or another department had the word are left out, and named behind it.",
    )
    return BarList(title=title, items=[_wait(each) for each in waits], note=note, shown=10)


def _wait(wait: cases.Wait) -> Item:
    text = pick(f"{wait.median} / {wait.late95} 天", f"{wait.median} / {counted(wait.late95, 'day')}")
    event, department = event_text(wait.event), cases.department_text(wait.department)
    detail = pick(f"{department.zh} · {event.zh} · {wait.count} 件", f"{department.en} · {event.en} · {wait.count}")
    if wait.stood_late95:
        stood = f"{wait.stood_median} / {wait.stood_late95}"
        detail += pick(f" · 另等答复 {stood} 天", f" · and {stood} days waiting for others")
    return Item(in_language(item_text(wait.event, wait.item)), wait.late95, text, detail=detail)


def _areas(lines: list[cases.LightLine], here: places.Area, only: Only) -> BarList | None:
    """Rank the areas below by what is late for their residents; one may go down to each that has any item."""
    digits = _DIGITS_BELOW.get(here.level)
    if digits is None or not lines:
        return None
    groups: dict[int, Counter[cases.Light]] = defaultdict(Counter)
    for line in lines:
        groups[line.place // 10 ** (12 - digits)][line.light] += line.count
    ranked = sorted(groups.items(), key=lambda each: (-each[1][RED], -sum(each[1].values()), each[0]))
    late = ranked[0][1][RED]
    name = places.area(ranked[0][0]).name
    title = pick(
        f"超期最多的是{name.zh}：{late} 件" if late else "各处都没有超期的事项",
        f"Most late items are in {name.en}: {late}" if late else "Nowhere is an item late",
    )
    return BarList(title=title, items=[_place(code, found, only) for code, found in ranked])


def _place(code: int, found: Counter[cases.Light], only: Only) -> Item:
    total = sum(found.values())
    href = reverse("cockpit:cases_area", args=[code]) + (only.query() if only.chosen() else "")
    text = pick(f"{found[RED]} 红，共 {total}", f"{found[RED]} red of {total}")
    return Item(in_language(places.area(code).name), found[RED], text, href=href, tone="bad")


def _ratings(request: HttpRequest, here: places.Area) -> dict[str, Any]:
    """Return what people said of cases in an area: how many gave how many stars, and by life event."""
    summary = cases.ratings_summary(request.viewer, None if here.level == "city" else here.code)
    if summary.mean is None:
        return {"stars": None}
    answered = summary.share_in_time
    zh = f"{summary.count} 条评价，平均 {summary.mean:.1f} 星" + (f"；差评按期答复 {percent(answered)}" if answered is not None else "")
    en = f"{counted(summary.count, 'rating')}, {summary.mean:.1f} stars on average" + (
        f"; {percent(answered)} of bad ones answered in time" if answered is not None else ""
    )
    stars = sorted(summary.stars.items(), reverse=True)
    items = [Item(pick(f"{star} 星", counted(star, "star")), count, f"{count:,}") for star, count in stars]
    return {
        "stars": BarList(title=pick(zh, en), items=items),
        "rated": [(event_text(line.event), cases.department_text(line.department), line) for line in summary.lines],
    }


def _empty_desks(found: list[cases.EmptyDesks]) -> list[tuple[Text, str, str]]:
    """Name by department the places where nobody does items, and those where nobody answers."""
    by_department: dict[str, list[cases.EmptyDesks]] = defaultdict(list)
    for each in found:
        by_department[each.department].append(each)
    return [
        (
            cases.department_text(department),
            _places((each, each.without_officer) for each in lines),
            _places((each, each.without_head) for each in lines),
        )
        for department, lines in by_department.items()
    ]


def _places(counted: Iterable[tuple[cases.EmptyDesks, int]]) -> str:
    """Write places, with how many of a department's desks there where it is some of several."""
    names = []
    for each, lacking in counted:
        if lacking:
            some = f" ({lacking}/{each.desks})" if lacking < each.desks else ""
            names.append(in_language(places.area(each.area).name) + some)
    return pick("、".join(names), ", ".join(names))


def _cells(lines: list[cases.LightLine], waits: list[cases.Wait]) -> list[list[Any]]:
    """Return a row for every item that stands at a desk or has ended lately."""
    counts: dict[tuple[str, str, str], Counter[cases.Light]] = defaultdict(Counter)
    for line in lines:
        counts[line.department, line.event, line.item][line.light] += line.count
    taken = {(each.department, each.event, each.item): each for each in waits}
    rows = []
    for key in sorted({*counts, *taken}):
        department, event, item = key
        found, wait = counts[key], taken.get(key)
        ended = [wait.count, wait.median, wait.late95, wait.stood_median, wait.stood_late95] if wait else [None] * 5
        names = [cases.department_text(department), event_text(event), item_text(event, item)]
        rows.append([*names, found[RED], found[YELLOW], found[GREEN], *ended])
    return rows


def _trail(request: HttpRequest, here: places.Area) -> list[dict[str, Any]]:
    """Return the way down from the viewer's own area to another."""
    steps: list[dict[str, Any]] = [{"label": here.name}]
    while here.parent is not None and request.viewer.sees_area(here.parent):
        here = places.area(here.parent)
        steps.insert(0, {"label": here.name, "url": reverse("cockpit:cases_area", args=[here.code])})
    return steps
