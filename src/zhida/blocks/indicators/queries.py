"""Reads for the cockpit: figures that were computed before. Small cells are hidden below the district."""

from __future__ import annotations

from dataclasses import dataclass

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.indicators.errors import NotObserved
from zhida.blocks.indicators.models import DefectCost, Observation, QualityFigure
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.kernel.small_cells import is_small
from zhida.kernel.text import Text

ALL = -1


@dataclass(frozen=True)
class Cell:
    """One figure for an area, benefit, age band or sex. Hidden figures are None."""

    code: str
    label: Text
    population: int
    entitled: int | None
    unknown: int | None
    entitled_fen: int | None
    paid: int | None
    paid_fen: int | None

    @property
    def hidden(self) -> bool:
        return self.entitled is None


@dataclass(frozen=True)
class CockpitSummary:
    """The head of the cockpit: one month, the whole area in view."""

    month: str
    months: list[str]
    total: Cell


@dataclass(frozen=True)
class TakeUp:
    """Of those entitled by rule, how many the bank confirmed; and how many were on the department's own roster before."""

    benefit: str
    label: Text
    entitled: int
    paid: int
    roster: int | None
    on_roster_and_entitled: int | None

    @property
    def paid_share(self) -> float:
        return self.paid / self.entitled if self.entitled else 0.0

    @property
    def newly_found(self) -> int | None:
        return None if self.on_roster_and_entitled is None else self.entitled - self.on_roster_and_entitled


@dataclass(frozen=True)
class Quality:
    """Recall and precision against the truth: counts of decisions, never of money."""

    benefit: str
    label: Text
    true_count: int
    found_count: int
    matched_count: int
    exact_count: int
    missed_fen: int
    wrong_fen: int

    @property
    def recall(self) -> float:
        return self.matched_count / self.true_count if self.true_count else 1.0

    @property
    def precision(self) -> float:
        return self.matched_count / self.found_count if self.found_count else 1.0


@dataclass(frozen=True)
class DefectRow:
    """Missed and wrong decisions blamed on one kind of defect, for one benefit or (empty) all."""

    defect: str
    label: Text
    benefit: str
    missed_count: int
    missed_fen: int
    unknown_count: int
    wrong_count: int
    wrong_fen: int


DEFECT_LABELS = {
    "wrong_check_digit": Text("身份号码校验位错误", "Wrong ID check digit"),
    "second_spelling": Text("一人两份登记", "One person registered twice"),
    "impossible_date": Text("不可能的日期", "Impossible date"),
    "late_death": Text("死亡登记迟到", "Death reported late"),
    "child_in_two_households": Text("孩子登记在两户", "Child in two households"),
    "abolished_area": Text("已撤销的区划代码", "Code of an abolished district"),
    "missing_income": Text("收入缺失", "Income missing"),
    "empty_file": Text("空文件", "Empty file"),
    "renamed_column": Text("列名被改", "Renamed column"),
    "other_encoding": Text("GB18030 编码", "GB18030 encoding"),
    "missing_assessment": Text("自理评估缺失", "Self-care assessment missing"),
    "indirect": Text("间接影响", "Indirect"),
}

AGE_LABELS = (
    Text("0–2 岁", "0–2"),
    Text("3–17 岁", "3–17"),
    Text("18–59 岁", "18–59"),
    Text("60–79 岁", "60–79"),
    Text("80–89 岁", "80–89"),
    Text("90 岁及以上", "90 and over"),
)
SEX_LABELS = {1: Text("男", "Male"), 2: Text("女", "Female"), 0: Text("未知", "Unknown")}


def observed_months() -> list[str]:
    """List the months that have figures, newest first."""
    return list(Observation.objects.order_by("-month").values_list("month", flat=True).distinct())


def latest_observed_month() -> str:
    """Return the newest month that has figures.

    Raises: NotObserved.
    """
    months = observed_months()
    if not months:
        raise NotObserved("…")
    return months[0]


def benefit_label(code: str) -> Text:
    """Return a benefit's name; its code where the pack is no longer installed."""
    definition = policies.benefits().get(code)
    return definition.label if definition else Text(code, code)


def summary(viewer: Viewer, month: str, area_code: int | None = None) -> CockpitSummary:
    """Return the totals of an area, the whole city by default."""
    access.require(viewer, "statistics.view")
    area = area_code or places.city().code
    rows = Observation.objects.filter(month=month, area=area, age_band=ALL, sex=ALL)
    if not rows.exists():
        raise NotObserved(month)
    total = _cell(str(area), places.area(area).name, list(rows.filter(benefit="")), hide=_hides(places.area(area).level))
    return CockpitSummary(month, observed_months(), total)


def by_benefit(viewer: Viewer, month: str, area_code: int | None = None) -> list[Cell]:
    """Return one cell per benefit in an area, most money first."""
    access.require(viewer, "statistics.view")
    area = area_code or places.city().code
    rows = Observation.objects.filter(month=month, area=area, age_band=ALL, sex=ALL).exclude(benefit="")
    population = _population(month, area)
    cells = [
        _cell(b, benefit_label(b), group, _hides(places.area(area).level), population) for b, group in _grouped(rows, "benefit").items()
    ]
    return sorted(cells, key=lambda cell: (-(cell.entitled_fen or 0), -(cell.entitled or 0), cell.code))


def by_area(viewer: Viewer, month: str, parent_code: int, benefit: str | None = None) -> list[Cell]:
    """Return one cell per area below a parent, in the order of their codes; areas without figures have zeros."""
    access.require(viewer, "statistics.view")
    rows = Observation.objects.filter(month=month, parent=parent_code, age_band=ALL, sex=ALL)
    people = {row.area: row.count for row in rows.filter(measure="population", benefit="")}
    grouped = _grouped(rows.filter(benefit=benefit or ""), "area")
    return [_cell(str(c.code), c.name, grouped.get(c.code, []), _hides(c.level), people.get(c.code, 0)) for c in areas_below(parent_code)]


def by_age_sex(viewer: Viewer, month: str, area_code: int, benefit: str | None = None) -> list[tuple[Cell, Cell, Cell]]:
    """Return per age band the cells (male, female, both); no ages are kept for a single community."""
    access.require(viewer, "statistics.view")
    rows = Observation.objects.filter(month=month, area=area_code, benefit=benefit or "").exclude(age_band=ALL)
    people = Observation.objects.filter(month=month, area=area_code, benefit="", measure="population").exclude(age_band=ALL)
    hide = _hides(places.area(area_code).level)
    bands = []
    for band, label in enumerate(AGE_LABELS):
        cells = []
        for sexes in ((1,), (2,), (0, 1, 2)):
            chosen = [row for row in rows if row.age_band == band and row.sex in sexes]
            count = sum(row.count for row in people if row.age_band == band and row.sex in sexes)
            cells.append(_cell(str(band), label if len(sexes) > 1 else SEX_LABELS[sexes[0]], chosen, hide, count))
        bands.append((cells[0], cells[1], cells[2]))
    return bands


def take_up(viewer: Viewer, month: str, area_code: int | None = None) -> list[TakeUp]:
    """Return the share of the entitled that was paid, by benefit; and the departments' own rosters where they keep one."""
    access.require(viewer, "statistics.view")
    area = area_code or places.city().code
    rows = Observation.objects.filter(month=month, area=area, age_band=ALL, sex=ALL).exclude(benefit="")
    result = []
    for benefit, group in _grouped(rows, "benefit").items():
        counts = {row.measure: row.count for row in group}
        if counts.get("entitled"):
            on_roster = counts.get("roster_entitled", 0) if "roster" in counts else None
            result.append(
                TakeUp(benefit, benefit_label(benefit), counts["entitled"], counts.get("paid", 0), counts.get("roster"), on_roster)
            )
    return sorted(result, key=lambda line: -line.entitled)


def quality(viewer: Viewer, month: str) -> list[Quality]:
    """Return recall and precision: all benefits together first, then each, worst recall first. Empty without a truth."""
    access.require(viewer, "statistics.view")
    rows = QualityFigure.objects.filter(month=month)
    figures = [
        Quality(
            r.benefit,
            benefit_label(r.benefit) if r.benefit else Text("全部待遇", "All benefits"),
            r.true_count,
            r.found_count,
            r.matched_count,
            r.exact_count,
            r.missed_fen,
            r.wrong_fen,
        )
        for r in rows
    ]
    return sorted(figures, key=lambda f: (f.benefit != "", f.recall, f.benefit))


def defect_cost(viewer: Viewer, month: str) -> list[DefectRow]:
    """Return missed and wrong decisions by benefit and defect, most missed first."""
    access.require(viewer, "statistics.view")
    rows = DefectCost.objects.filter(month=month).order_by("-missed_count", "-wrong_count", "benefit")
    return [
        DefectRow(
            r.defect,
            DEFECT_LABELS.get(r.defect, Text(r.defect, r.defect)),
            r.benefit,
            r.missed_count,
            r.missed_fen,
            r.unknown_count,
            r.wrong_count,
            r.wrong_fen,
        )
        for r in rows
    ]


def areas_below(code: int) -> tuple[places.Area, ...]:
    """Return the areas directly below one: districts, streets or communities; none below a community."""
    finders = {"city": lambda _: places.districts(), "district": places.streets, "street": places.communities}
    finder = finders.get(places.area(code).level)
    return tuple(finder(code)) if finder else ()


def _hides(level: str) -> bool:
    return level in ("street", "community")


def _population(month: str, area: int) -> int:
    row = Observation.objects.filter(month=month, measure="population", area=area, benefit="", age_band=ALL).first()
    return row.count if row else 0


def _grouped(rows: object, field: str) -> dict[object, list[Observation]]:
    groups: dict[object, list[Observation]] = {}
    for row in rows:  # type: ignore[attr-defined]
        groups.setdefault(getattr(row, field), []).append(row)
    return groups


def _cell(code: str, label: Text, rows: list[Observation], hide: bool, population: int | None = None) -> Cell:
    counts: dict[str, int] = {}
    money: dict[str, int] = {}
    for row in rows:
        counts[row.measure] = counts.get(row.measure, 0) + row.count
        money[row.measure] = money.get(row.measure, 0) + row.amount_fen
    people = counts.get("population", 0) if population is None else population
    if hide and is_small(counts.get("entitled", 0)):
        return Cell(code, label, people, None, None, None, None, None)
    return Cell(
        code,
        label,
        people,
        counts.get("entitled", 0),
        counts.get("unknown", 0),
        money.get("entitled", 0),
        counts.get("paid", 0),
        money.get("paid", 0),
    )
