"""Budget envelopes: what a benefit may cost each level of government in a year, what is used, and how long the rest lasts."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.kernel import clock
from zhida.kernel.errors import InvalidAmount
from zhida.kernel.money import parse_yuan, plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import BarList, Item
from zhida.web.forecast_chart import ForecastChart, Month
from zhida.web.officer.common import back, benefit_label, csv_file, page_of
from zhida.web.officer.forms import BudgetForm
from zhida.web.templatetags.zhida import percent, yuan_short
from zhida.web.text import in_language, pick

NEARLY_USED = 0.9
TABS = (
    ("budgets", Text("预算和预测", "Budgets and forecast")),
    ("shares", Text("分担比例", "Cost shares")),
    ("limits", Text("审批分档", "Limits of approval")),
)
_HEADS = (
    Text("待遇", "Benefit"),
    Text("层级", "Level"),
    Text("区划", "Area"),
    Text("预算（元）", "Budget (yuan)"),
    Text("已用（元）", "Used (yuan)"),
    Text("可用（元）", "Left (yuan)"),
    Text("年底预计低（元）", "Expected by year's end, low (yuan)"),
    Text("年底预计（元）", "Expected by year's end (yuan)"),
    Text("年底预计高（元）", "Expected by year's end, high (yuan)"),
    Text("用完月份", "Runs out in month"),
)


@dataclass(frozen=True)
class Row:
    """One envelope as the page shows it, with what is expected of its year."""

    benefit: str
    label: Text
    level: payments.Level
    level_label: Text
    area_code: int
    area_label: Text
    amount_fen: int
    used_fen: int
    forecast: payments.Forecast | None

    @property
    def left_fen(self) -> int:
        return self.amount_fen - self.used_fen

    @property
    def used_share(self) -> float:
        return self.used_fen / self.amount_fen if self.amount_fen else 0.0

    @property
    def runs_out(self) -> int:
        """The month in which it runs out; 13: not this year, 14: nothing was paid yet."""
        return (self.forecast.runs_out or 13) if self.forecast else 14

    @property
    def key(self) -> str:
        return f"{self.benefit}.{self.level}.{self.area_code}"

    @property
    def name(self) -> Text:
        """Benefit, level and area in words."""
        zh, en = f"{self.label.zh}（{self.level_label.zh}）", f"{self.label.en} ({self.level_label.en})"
        return Text(f"{zh}{self.area_label.zh}", f"{en} {self.area_label.en}".strip()) if self.area_code else Text(zh, en)


_SORTS: dict[str, tuple[Text, Callable[[Row], Any]]] = {
    "benefit": (_HEADS[0], lambda row: row.benefit),
    "level": (_HEADS[1], lambda row: (list(payments.Level).index(row.level), row.area_code)),
    "amount": (_HEADS[3], lambda row: -row.amount_fen),
    "used": (Text("已用", "Used"), lambda row: -row.used_share),
    "left": (_HEADS[5], lambda row: row.left_fen),
    "lasts": (Text("够用到", "Lasts until"), lambda row: (row.runs_out, -row.used_share)),
}


@requires("payments.view")
@require_http_methods(["GET", "POST"])
def budgets(request: HttpRequest) -> HttpResponse:
    """Show the envelopes of a year and how long they last; a checker may set them."""
    may_set = bool(access.purpose_of(request.viewer, "payments.settings"))
    year = _year(request)
    form = BudgetForm(request.POST or None, benefits=benefit_choices(), areas=_areas(), initial={"year": year, "level": "city"})
    if request.method == "POST":
        access.require(request.viewer, "payments.settings")
        if form.is_valid() and (saved := _set(request, form)):
            return saved
    rows = _rows(request, year)
    if request.GET.get("format") == "csv":
        return _file(year, rows)
    level, sort = request.GET.get("level", ""), request.GET.get("sort", "")
    sort = sort if sort in _SORTS else "lasts"
    shown = sorted((row for row in rows if not level or row.level == level), key=_SORTS[sort][1])
    context = {
        "tabs": tabs_of("budgets"),
        "year": year,
        "years": sorted({envelope.year for envelope in payments.budgets(request.viewer)} | {year}),
        "levels": _levels(request, rows, level),
        "sorts": [(name, label, name == sort, _address(request, sort=name)) for name, (label, _) in _SORTS.items()],
        "page": page_of(request, shown),
        "chart": _chart(rows),
        "forecast": _forecast(shown, request.GET.get("of", "")),
        "total_fen": sum(row.amount_fen for row in rows),
        "used_fen": sum(row.used_fen for row in rows),
        "short": sum(row.runs_out <= len(_MONTHS) for row in rows),
        "form": form if may_set else None,
    }
    return render(request, "officer/budgets.html", context, status=400 if form.errors else 200)


_MONTHS = range(1, 13)


def tabs_of(current: str) -> list[dict[str, Any]]:
    """Return the links between the pages about money: budgets, shares, limits."""
    return [{"label": label, "url": reverse(f"officer:{name}"), "current": name == current} for name, label in TABS]


def benefit_choices() -> list[tuple[str, str]]:
    """List the benefits that are paid in money, by code and name."""
    return [(code, in_language(benefit.label)) for code, benefit in policies.benefits().items() if benefit.unit == "fen"]


def _areas() -> list[tuple[str, str]]:
    return [("0", pick("不分区县", "No district")), *((str(area.code), in_language(area.name)) for area in places.districts())]


def _set(request: HttpRequest, form: BudgetForm) -> HttpResponse | None:
    """Set an envelope; None where the amount cannot be read, which the form then says."""
    said = form.cleaned_data
    try:
        amount_fen = parse_yuan(said["amount"].replace(",", ""))
    except InvalidAmount as mistake:
        form.add_error("amount", in_language(mistake.text))
        return None
    area_code = int(said["area"]) if said["level"] == payments.Level.DISTRICT else 0
    payments.set_budget(request.viewer, said["benefit"], said["year"], amount_fen, said["level"], area_code)
    return back(request, "officer:budgets", Text("预算已更新。", "The budget is set."))


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year", "")
    return int(asked) if asked.isdigit() and len(asked) == 4 else clock.today().year


def _rows(request: HttpRequest, year: int) -> list[Row]:
    committed = payments.committed_by_month(request.viewer, year)
    rows = []
    for envelope in payments.budgets(request.viewer, year):
        level = payments.Level(envelope.level)
        months = committed.get((envelope.benefit, envelope.level, envelope.area_code), {})
        rows.append(
            Row(
                envelope.benefit, benefit_label(envelope.benefit), level, payments.LEVEL_TEXT[level], envelope.area_code,
                _area_label(envelope.area_code), envelope.amount_fen, envelope.committed_fen,
                payments.forecast(envelope.amount_fen, months),
            )
        )  # fmt: skip
    return rows


def _area_label(code: int) -> Text:
    if not code:
        return Text("", "")
    try:
        return places.area(code).name
    except places.UnknownArea:
        return Text(str(code), str(code))


def _address(request: HttpRequest, **changed: str) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changed.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _levels(request: HttpRequest, rows: Sequence[Row], chosen: str) -> list[dict[str, Any]]:
    every = {"label": Text("全部", "All"), "url": _address(request, level=""), "current": not chosen, "count": len(rows)}
    found = [
        {
            "label": payments.LEVEL_TEXT[level],
            "url": _address(request, level=level.value),
            "current": level == chosen,
            "count": sum(row.level == level for row in rows),
        }
        for level in payments.Level
    ]
    return [every, *found]


def _chart(rows: Sequence[Row]) -> BarList | None:
    """Rank the benefits by how much of all their envelopes is used."""
    if not rows:
        return None
    sums: dict[str, tuple[Text, int, int]] = {}
    for row in rows:
        label, used, amount = sums.get(row.benefit, (row.label, 0, 0))
        sums[row.benefit] = (label, used + row.used_fen, amount + row.amount_fen)
    ranked = sorted(
        ((used / amount if amount else 0.0, label, used, amount) for label, used, amount in sums.values()), key=lambda one: -one[0]
    )
    items = [
        Item(
            in_language(label),
            share,
            percent(share),
            detail=pick(f"已用 {yuan_short(used)} / {yuan_short(amount)}", f"{yuan_short(used)} of {yuan_short(amount)}"),
            tone="bad" if share >= 1 else "wait" if share >= NEARLY_USED else "",
        )
        for share, label, used, amount in ranked
    ]
    return BarList(
        pick(f"用得最多的是{items[0].label}：{items[0].text}", f"{items[0].label} has used most: {items[0].text}"), items, shown=8
    )


def _forecast(rows: Sequence[Row], wanted: str) -> ForecastChart | None:
    """Draw the year of the envelope asked for, else of the one that runs out first; None before the first payment."""
    known = [row for row in rows if row.forecast]
    if not known:
        return None
    row = next((row for row in known if row.key == wanted), None) or min(known, key=lambda row: (row.runs_out, -row.used_share))
    told = row.forecast
    assert told is not None
    low, high = told.course_at(told.low_fen), told.course_at(told.high_fen)
    so_far = len(told.committed)
    months = [
        Month(
            pick(f"{month}月", month_name[month]),
            month > so_far,
            yuan_short(told.course[month - 1]),
            f"{yuan_short(low[month - 1])} – {yuan_short(high[month - 1])}" if month > so_far else "",
        )
        for month in _MONTHS
    ]
    heads = (pick("月份", "Month"), pick("累计", "Sum"), pick("低 – 高", "Low – high"))
    envelope_text = pick(f"预算 {yuan_short(told.envelope_fen)}", f"Budget {yuan_short(told.envelope_fen)}")
    note = pick(
        "按最近三个月的平均推算，阴影是其中最低到最高；不假定季节和增长。",
        "By the mean of the last three months, shaded from lowest to highest; no season, no growth.",
    )
    return ForecastChart(_finding(row), told.course, low, high, so_far, told.envelope_fen, envelope_text, months, heads, note)


def _finding(row: Row) -> str:
    """Say what the forecast of an envelope comes to."""
    told, name = row.forecast, row.name
    assert told is not None
    if told.runs_out:
        return pick(f"{name.zh}预计{told.runs_out}月用完", f"{name.en} is expected to run out in {month_name[told.runs_out]}")
    share = percent(told.year_fen[1] / told.envelope_fen) if told.envelope_fen else "—"
    if told.may_run_out:
        return pick(
            f"{name.zh}年底预计用到 {share}，偏高时会不够",
            f"{name.en} is expected to use {share}; dear months would exceed it",
        )
    return pick(f"{name.zh}够用到年底，预计用 {share}", f"{name.en} lasts the year: {share} is expected to be used")


def _file(year: int, rows: Sequence[Row]) -> HttpResponse:
    lines = []
    for row in sorted(rows, key=_SORTS["lasts"][1]):
        told = row.forecast
        expected = [plain_yuan(fen) for fen in told.year_fen] if told else ["", "", ""]
        runs_out = f"{year}-{told.runs_out:02d}" if told and told.runs_out else ""
        sums = [plain_yuan(fen) for fen in (row.amount_fen, row.used_fen, row.left_fen)]
        lines.append((row.label, row.level_label, row.area_code or "", *sums, *expected, runs_out))
    return csv_file(f"budgets-{year}", _HEADS, lines)
