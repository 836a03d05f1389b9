"""From counts to what is shown: tables by district and kind of household, tenths, words. Small cells are hidden here, for all readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from zhida.blocks.places import api as places
from zhida.blocks.policies.simulation.results import BenefitCost, Coverage, Decile, Effect, Group, ParameterShift, Welfare, half_up
from zhida.blocks.policies.simulation.tallies import DIVISIONS, MEASURES, SIZE_MAX, Tally
from zhida.blocks.policies.simulation.welfare import Incomes, TenthRow
from zhida.engine.api import BenefitDefinition, Law
from zhida.engine.reform_shifts import Shift, shifts
from zhida.kernel.period import Month
from zhida.kernel.small_cells import is_small
from zhida.kernel.text import Text

_UNKNOWN = Text("未知", "Unknown")
_EVERYBODY = Text("全市", "Whole city")
# By the position of the codes of the variable household_type; 0 is unknown.
_TYPES = (
    _UNKNOWN,
    Text("集体户", "Collective household"),
    Text("独居老人", "Elderly person alone"),
    Text("全为老人的家庭", "Elderly persons only"),
    Text("一名成人带孩子", "One adult with children"),
    Text("其他有孩子的家庭", "Other households with children"),
    Text("没有孩子的其他家庭", "Other households without children"),
)
_SIZES = (
    Text("没有在世成员", "No living member"),
    *(Text(f"{n} 人", f"{n} person" if n == 1 else f"{n} persons") for n in range(1, SIZE_MAX)),
    Text(f"{SIZE_MAX} 人及以上", f"{SIZE_MAX} persons or more"),
)
_DISABILITIES = (_UNKNOWN, Text("有残疾成员", "With a disabled member"), Text("没有残疾成员", "Without a disabled member"))
Welfares = Mapping[int, Welfare]


def benefit_costs(touched: Mapping[str, BenefitDefinition], tally: Tally) -> tuple[BenefitCost, ...]:
    """Return the costs of the touched benefits, the largest change of a year first."""
    costs = [BenefitCost(code, b.label, b.unit, b.every, *tally.costs[code]) for code, b in touched.items() if code in tally.costs]
    return tuple(sorted(costs, key=lambda cost: (-abs(cost.year_change_fen), cost.benefit)))


def effect(numbers: Sequence[int]) -> Effect:
    """Return winners and losers from MEASURES."""
    return Effect(*numbers[: MEASURES.index("known")])


def coverage(numbers: Sequence[int]) -> Coverage:
    households, persons = numbers[0], numbers[1]
    known, known_persons, above, above_persons = numbers[MEASURES.index("known") :]
    return Coverage(known, known_persons, above, above_persons, households - known - above, persons - known_persons - above_persons)


def tables(tally: Tally, incomes: Incomes | None) -> dict[str, tuple[Group, ...]]:
    """Return the groups of every division, in the order of their codes; the city's is one group that hides nothing."""
    found = {}
    for division in DIVISIONS:
        before = incomes.welfare(division, "base") if incomes else {}
        after = incomes.welfare(division, "reform") if incomes else {}
        found[division] = _table(division, tally.groups[division], before, after, has_incomes=incomes is not None)
    return found


def _table(division: str, counted: Mapping[int, Sequence[int]], before: Welfares, after: Welfares, has_incomes: bool) -> tuple[Group, ...]:
    codes = sorted(counted)
    effects, coverages = {code: effect(counted[code]) for code in codes}, {code: coverage(counted[code]) for code in codes}
    touched = {code: effects[code].winners + effects[code].losers for code in codes}
    known = {code: coverages[code].known for code in codes}
    no_effect, no_welfare = (set(), set()) if division == "city" else (hidden(touched), hidden(known))
    return tuple(
        Group(
            code=str(code),
            label=label(division, code),
            households=effects[code].households,
            persons=effects[code].persons,
            effect=None if code in no_effect else effects[code],
            coverage=coverages[code] if has_incomes and code not in no_welfare else None,
            before=before.get(code) if code not in no_welfare else None,
            after=after.get(code) if code not in no_welfare else None,
        )
        for code in codes
    )


def hidden(counts: Mapping[int, int]) -> set[int]:
    """Return the rows of a table that are hidden: those of small count, and where that is only one, the next smallest too.

    A single hidden row would be the total less the rows that are shown.

    >>> hidden({1: 3, 2: 40, 3: 20, 4: 0}), hidden({1: 0, 2: 40}), hidden({1: 3, 2: 5, 3: 40})
    ({1, 3}, set(), {1, 2})
    """
    small = {code for code, count in counts.items() if is_small(count)}
    others = {code: count for code, count in counts.items() if code not in small}
    if len(small) == 1 and others:
        small.add(min(others, key=lambda code: (others[code] == 0, others[code], code)))
    return small


def label(division: str, code: int) -> Text:
    """Return what a group is called."""
    if division == "district":
        return next((district.name for district in places.districts() if district.code == code), _UNKNOWN)
    return {"city": (_EVERYBODY,), "type": _TYPES, "size": _SIZES, "disability": _DISABILITIES}[division][code]


def deciles(tally: Tally, incomes: Incomes) -> tuple[Decile, ...]:
    """Return the tenths of persons of known income, poorest first, and after them everybody whose income is not known."""
    rows = incomes.tenths()
    everybody = tally.groups["city"].get(0, [0] * len(MEASURES))
    known = [sum(row.measures[place] for row in rows) for place in range(9)]
    households, persons = (everybody[place] - sum((row.households, row.persons)[place] for row in rows) for place in (0, 1))
    rest = Effect(households, persons, *(whole - part for whole, part in zip(everybody[2:11], known, strict=True)))
    effects = {row.number: Effect(row.households, row.persons, *row.measures) for row in rows} | {0: rest}
    unseen = hidden({number: found.households for number, found in effects.items()})
    tenths = [_decile(row, None if row.number in unseen else effects[row.number]) for row in rows]
    return (*tenths, Decile(0, households, persons, None, None, None, None if 0 in unseen else rest))


def _decile(row: TenthRow, shown: Effect | None) -> Decile:
    if shown is None:
        return Decile(row.number, row.households, row.persons, None, None, None, None)
    return Decile(
        row.number,
        row.households,
        row.persons,
        row.upto_fen,
        half_up(row.base_fen, row.persons),
        half_up(row.reform_fen, row.persons),
        shown,
    )


def parameter_shifts(base: Law, reform: Law, day: date) -> tuple[ParameterShift, ...]:
    """Return the numbers that the reform changes, in words, with the areas and codes they are for."""
    return tuple(ParameterShift(found.parameter, _shift_label(found), found.before, found.after) for found in shifts(base, reform, day))


def _shift_label(found: Shift) -> Text:
    whom = keys_text(found)
    return Text(f"{found.label.zh}（{whom.zh}）", f"{found.label.en} ({whom.en})") if whom.zh else found.label


def keys_text(found: Shift) -> Text:
    """Return the areas and codes that a number is for; no words where it is for all."""
    names = [[_key_text(key) for key in keys] for keys in found.keys]
    zh = "、".join(" ".join(text.zh for text in texts) for texts in names)
    en = ", ".join(" ".join(text.en for text in texts) for texts in names)
    return Text(zh, en)


def _key_text(key: object) -> Text:
    district = next((area for area in places.districts() if area.code == key), None)
    return district.name if district else Text(str(key), str(key))


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def title(reform: Text, month: Month, as_of: date) -> Text:
    """Say what was simulated, for which month and year, and what it was compared to."""
    return Text(
        f"{reform.zh}：{month.year} 年 {month.month} 月的规则，与截至 {as_of.isoformat()} 公布的现行规定相比",
        f"{reform.en}: the rules of {_MONTHS[month.month - 1]} {month.year}, compared with the law as published by {as_of.isoformat()}",
    )


def line_text(law: Law) -> Text:
    """Say which low-income line poverty is held to: the law's own words."""
    found = law.definitions.get("low_income_line")
    return Text(f"{found.label.zh}：{found.clause}", f"{found.label.en}: {found.law} {found.clause}".strip()) if found else Text("", "")
