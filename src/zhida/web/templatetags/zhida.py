"""The words of our templates: two languages, money, dates, areas, and the small repeated parts of a page.

Built in everywhere (settings, TEMPLATES): no ``{% load %}`` needed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from zhida.kernel.money import format_yuan
from zhida.kernel.period import NEVER, Month
from zhida.kernel.text import Text
from zhida.web import badges
from zhida.web.text import in_language, pick

register = template.Library()

# Digits of a percentage that is nearly all.
_DIGITS_MAX = 6
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


class _Said(str):
    """A value in a sentence, which may choose a word by it: ``{n} working {n:day|days}``."""

    def __format__(self, spec: str) -> str:
        one, is_choice, many = spec.partition("|")
        return (one if self == "1" else many) if is_choice else str(self)


@register.simple_tag
def t(zh: str, en: str, **values: Any) -> SafeString:
    """Write a text in the reader's language: ``{% t "共 {n} 项" "{n} {n:line|lines}" n=count %}``."""
    wording = conditional_escape(pick(zh, en))
    return mark_safe(wording.format(**{name: _Said(conditional_escape(in_language(value))) for name, value in values.items()}))


@register.simple_tag(name="text")
def text_tag(value: Any) -> str:
    """Write a kernel Text: ``{% text benefit.label %}``."""
    return in_language(value)


@register.filter(name="text")
def text_filter(value: Any) -> str:
    """Write a kernel Text inside another tag: ``title=benefit.label|text``."""
    return in_language(value)


@register.simple_tag
def label(zh: str, en: str) -> SafeString:
    """Name a table cell for the stacked layout of narrow screens: ``<td {% label "金额" "Amount" %}>``."""
    return format_html('data-label="{}"', pick(zh, en))


@register.filter
def yuan(amount_fen: int | None) -> str:
    """Write fen as people read money: ``1,301.50 元`` or ``¥1,301.50``."""
    if amount_fen is None:
        return "—"
    number = format_yuan(amount_fen).replace("-", "−")
    return pick(f"{number} 元", f"−¥{number[1:]}" if number.startswith("−") else f"¥{number}")


@register.filter
def fen(amount_fen: int | None) -> str:
    """Write fen as a bare number of yuan, for columns whose head names the unit: ``1,301.50``."""
    return "—" if amount_fen is None else format_yuan(amount_fen).replace("-", "−")


@register.filter
def yuan_short(amount_fen: int | None) -> str:
    """Write a large amount in few digits: ``1.23 亿元``, ``456.7 万元``; ``¥123.4 million``."""
    if amount_fen is None:
        return "—"
    sign, amount = ("−", -amount_fen) if amount_fen < 0 else ("", amount_fen)
    zh = _scaled(amount, ((10_000_000_000, 2, " 亿元"), (1_000_000, 1, " 万元"), (100, 0, " 元")))
    en = _scaled(amount, ((100_000_000_000, 2, " billion"), (100_000_000, 2, " million"), (100, 0, "")))
    return pick(f"{sign}{zh}", f"{sign}¥{en}")


def _scaled(amount: int, scales: tuple[tuple[int, int, str], ...]) -> str:
    size, digits, word = next((scale for scale in scales if amount >= scale[0]), scales[-1])
    tenths = (amount * 10**digits + size // 2) // size
    whole, rest = divmod(tenths, 10**digits)
    return f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "") + word


@register.filter
def number(value: Any) -> str:
    """Write a count with separators: ``12,345``; nothing known: a dash."""
    return "—" if value is None else f"{value:,}"


@register.filter
def percent(ratio: float | None, digits: int = 1) -> str:
    """Write a ratio from 0 to 1 as a percentage: ``98.3%``. What is short of all never rounds up to 100%."""
    if ratio is None:
        return "—"
    while ratio < 1 and round(ratio * 100, digits) >= 100 and digits < _DIGITS_MAX:
        digits += 1
    return f"{ratio * 100:.{digits}f}%"


@register.filter
def month(value: Month | str | date | None) -> str:
    """Write a month: ``2025年10月`` or ``October 2025``."""
    if not value:
        return "—"
    at = Month.of(value) if isinstance(value, date) else value if isinstance(value, Month) else Month.parse(value)
    return pick(f"{at.year}年{at.month}月", f"{_MONTHS[at.month - 1]} {at.year}")


@register.filter(name="date_zh")
def day(value: date | datetime | None) -> str:
    """Write a day: ``2025年11月5日`` or ``5 November 2025``."""
    if value is None or value == NEVER:
        return "—"
    at = localtime(value).date() if isinstance(value, datetime) else value
    return pick(f"{at.year}年{at.month}月{at.day}日", f"{at.day} {_MONTHS[at.month - 1]} {at.year}")


register.filter("day", day)


@register.filter
def moment(value: datetime | None) -> str:
    """Write a moment in Hangzhou's time: ``2025年11月5日 09:30``."""
    return "—" if value is None else f"{day(value)} {localtime(value):%H:%M}"


@register.filter
def period(period_key: str | None) -> str:
    """Write the period of a decision: a month, a quarter, a year, or a single occasion."""
    if not period_key:
        return "—"
    if period_key.startswith("once"):
        return _occasion(period_key.partition(":")[2])
    if "-Q" in period_key:
        year, quarter = period_key.split("-Q")
        return pick(f"{year}年第{'一二三四'[int(quarter) - 1]}季度", f"Q{quarter} {year}")
    return month(period_key) if "-" in period_key else pick(f"{period_key}年", period_key)


def _occasion(written: str) -> str:
    """An occasion is the number of an instalment, or a day that only the rule needs (a last period, a claim): the reader does not."""
    return pick(f"第 {written} 次", f"Instalment {written}") if written.isdigit() and int(written) > 1 else pick("一次性", "Once")


@register.filter
def area(code: int | str | None) -> str:
    """Write the name of an area from its code; an unknown code stays a code."""
    from zhida.blocks.places import api as places

    if not code:
        return "—"
    try:
        return in_language(places.area(int(code)).name)
    except (places.UnknownArea, ValueError):
        return str(code)


@register.filter
def person(account: str | None) -> str:
    """Write who holds an account, by name; an account that is gone stays its name of the log."""
    from zhida.blocks.access import api as access

    if not account:
        return "—"
    if account == access.SYSTEM.account:
        return pick("系统", "The system")
    holder = access.account_named(account)
    return holder.display_name if holder else account


@register.filter
def department(fact: Any) -> str:
    """Write which department a fact comes from: ``民政``, ``Civil affairs``."""
    from zhida.blocks.records import api as records

    return in_language(records.record_type(fact.record_type).department)


@register.simple_tag
def status_badge(state: str, wording: Text | None = None) -> SafeString:
    """Write a state as a labelled badge, in its own wording or a closer one; the colour only repeats what the word says."""
    tone, usual = badges.badge(str(state))
    wording = wording or usual
    return format_html('<span class="badge badge--{}">{}</span>', tone, in_language(wording))


@register.inclusion_tag("components/figure.html")
def figure(value: Any, zh: str, en: str, note: Any = "", url: str = "", tone: str = "") -> dict[str, Any]:
    """Show one number that matters, with its name below: ``{% figure total|yuan "本月合计" "This month" %}``."""
    return {"value": value, "label": Text(zh, en), "note": note, "url": url, "tone": tone}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page_object: Page, name: str = "page") -> dict[str, Any]:
    """Links to the other pages of a list, keeping the rest of the address: ``{% pagination page %}``."""
    query = context["request"].GET.copy()
    query.pop(name, None)
    rest = f"{query.urlencode()}&" if query else ""
    numbers = page_object.paginator.get_elided_page_range(page_object.number, on_each_side=1, on_ends=1)
    return {"page": page_object, "numbers": list(numbers), "link": f"?{rest}{name}=", "ellipsis": page_object.paginator.ELLIPSIS}


@register.inclusion_tag("components/bar_list.html")
def bar_list(bars: list[dict[str, Any]], zh: str = "", en: str = "") -> dict[str, Any]:
    """Show shares as bars. Each bar: label (Text or str), value_text (str), share (0 to 100), url (optional), note (optional)."""
    return {"bars": bars, "caption": Text(zh, en) if zh else ""}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def tabs(context: template.Context, entries: list[dict[str, Any]], zh: str, en: str) -> dict[str, Any]:
    """Show links to sister views. Each entry: label (Text or str), url, current (bool), count (optional)."""
    return {"entries": entries, "name": Text(zh, en)}


@register.inclusion_tag("components/steps.html")
def steps(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Show where something stands. Each entry: label (Text or str), state (done, current, todo, failed), note (optional)."""
    return {"entries": entries}


_UNITS = {"kWh": Text("度电", "kWh"), "m2": Text("平方米", "m²"), "hour": Text("小时", "hours"), "1": Text("", "")}


@register.filter
def amount(line: Any) -> str:
    """Write what a line grants, in its own unit: money, hours of service, kilowatt hours; a recognition has no amount."""
    if line.unit == "fen":
        return yuan(line.amount)
    if line.unit == "status":
        return pick("已认定", "Recognised")
    unit = in_language(_UNITS.get(line.unit, Text(line.unit, line.unit)))
    return f"{line.amount:,} {unit}".strip()


@register.filter
def get(table: dict[Any, Any], key: Any) -> Any:
    """Look a key up in a table; a key that is not there is shown as it is: ``{% text labels|get:line.benefit %}``."""
    return table.get(key, key)
