"""Late items as the captain reads them: what they wait for, since when, who was told. Nobody's name."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases import api as cases
from zhida.blocks.places import api as places
from zhida.kernel.text import Text
from zhida.web.charts import Item, Share
from zhida.web.text import counted, in_language, pick

_UNCLAIMED, _CLAIMED = Text("没有人认领", "nobody has claimed it"), Text("在经办人手上", "its officer")
_STUCK = Text("系统没办成，等人处理", "a person, a system failed")
_TOLD = {"district": Text("区县", "district"), "city": Text("市级", "city")}
LATE_HEADS = (
    Text("办件编号", "Case"),
    Text("事件", "Life event"),
    Text("事项", "Item"),
    Text("部门", "Department"),
    Text("辖区", "Area"),
    Text("到达", "Arrived"),
    Text("期限", "Due"),
    Text("超期工作日", "Working days late"),
    Text("卡在哪里", "Waits for"),
    Text("已报到", "Told"),
)


def event_text(key: str) -> Text:
    declared = cases.life_events().get(key)
    return declared.label if declared else Text(key, key)


def item_text(event: str, item: str) -> Text:
    declared = cases.life_events().get(event)
    if declared is None or item not in declared.items:
        return Text("流程需要判断", "A decision about the process")
    return declared.items[item].label


def late_row(each: cases.RedItem) -> dict[str, Any]:
    return {
        "red": each,
        "event": event_text(each.event),
        "item": item_text(each.event, each.item),
        "department": cases.department_text(each.department),
        "place": _desk_name(each.area),
        "told": _TOLD.get(each.escalated_to),
        "waits_for": _STUCK if each.is_stuck else _CLAIMED if each.is_claimed else _UNCLAIMED,
    }


def late_share(counts: cases.LateCounts) -> Share | None:
    """Show what late items wait for; None where nothing is late."""
    total = counts.unclaimed + counts.claimed + counts.stuck
    if not total:
        return None
    title = pick(
        f"超期的 {total} 件里，{counts.unclaimed} 件没有人认领",
        f"Of {counted(total, 'item')} late, {counts.unclaimed} are claimed by nobody",
    )
    parts = ((_UNCLAIMED, counts.unclaimed, "bad"), (_CLAIMED, counts.claimed, "wait"), (_STUCK, counts.stuck, "quiet"))
    return Share(title=title, items=[Item(in_language(name), count, f"{count:,}", tone=tone) for name, count, tone in parts])


def late_cells(row: dict[str, Any]) -> list[Any]:
    red = row["red"]
    what = [red.number, row["event"], row["item"], row["department"], row["place"]]
    return [*what, red.arrived_on, red.due_on, red.days_late, row["waits_for"], row["told"]]


def _desk_name(area: int) -> str:
    """Write the area of a desk: 330106002000 is a street, 330106000000 a district, 330100000000 the city."""
    code = str(area)
    for digits, ending in ((6, "000000"), (9, "000")):
        if code.endswith(ending):
            return in_language(places.area(int(code[:digits])).name)
    return code
