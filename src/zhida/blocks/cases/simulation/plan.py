"""What a simulation assumes: ``simulation.yaml`` of a life event's folder.

    arrivals_per_day: 18            # of one district; every day where a register opens the cases, else every working day
    hours: ["08:30-12:00", "14:00-17:30"]      # optional: when desks work
    resident_days: 2                # optional: working days until a resident has answered, on average
    items: {birth_certificate: {officers: 2, minutes: 15, returned: 0.04, refused: 0.002, source: 假设, grade: C}}
    answers: {urgent: {true: 0.12, false: 0.88}}           # shares of what is said; a choice that is not named is drawn evenly
    found: {dibao: {entitled: 0.45, not_entitled: 0.55}}   # shares of what the rules find; not named: not_entitled
    entered: {objection: {true: 0.03, false: 0.97}}        # shares of what officers enter

``minutes`` are of work, not of waiting. ``waits_days``: calendar days that pass after the work and before its end, such as a public
notice. ``returned``, ``refused``: shares, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.errors import SimulationInvalid
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml

FILE = "simulation.yaml"
HOURS = ((time(8, 30), time(12)), (time(14), time(17, 30)))
RESIDENT_DAYS = 2.0
OFFICERS_MAX, MINUTES_MAX, ARRIVALS_MAX = 1_000, 10_000, 100_000
CHANGEABLE = ("officers", "minutes", "waits_days", "returned", "refused")
_DESK_WORDS = {*CHANGEABLE, "source", "grade"}
_WORDS = {"arrivals_per_day", "source", "grade", "hours", "resident_days", "items", "answers", "found", "entered"}

Shares = Mapping[Any, float]


@dataclass(frozen=True)
class DeskPlan:
    """Who does one item: how many officers, minutes of work each time, days that pass by themselves, shares sent back once and refused."""

    officers: int = 1
    minutes: float = 20.0
    waits_days: float = 0.0
    returned: float = 0.0
    refused: float = 0.0
    source: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything a simulation assumes. desks: by item; every item that a person does has one."""

    arrivals_per_day: float
    desks: Mapping[str, DeskPlan]
    answers: Mapping[str, Shares] = field(default_factory=dict)
    found: Mapping[str, Shares] = field(default_factory=dict)
    entered: Mapping[str, Shares] = field(default_factory=dict)
    hours: tuple[tuple[time, time], ...] = HOURS
    resident_days: float = RESIDENT_DAYS
    source: str = ""
    grade: str = ""

    def changed(self, settings: Mapping[str, float]) -> Plan:
        """Return the plan with other numbers: ``arrivals_per_day``, ``resident_days``, ``<item>.officers`` … Raises: SimulationInvalid."""
        plan = self
        for name, value in settings.items():
            item, _, word = name.partition(".")
            if name in ("arrivals_per_day", "resident_days"):
                plan = replace(plan, **{name: value})
            elif item in plan.desks and word in CHANGEABLE:
                number = int(value) if word == "officers" else float(value)
                plan = replace(plan, desks={**plan.desks, item: replace(plan.desks[item], **{word: number})})
            else:
                raise SimulationInvalid(
                    name, f"没有“{name}”可以改", "there is no such number; write <item>.officers=3 or arrivals_per_day=20"
                )
        for text in _impossible(plan):
            raise SimulationInvalid("--set", text.zh, text.en)
        return plan


def read_plan(declared: LifeEventDeclaration, folder: Path) -> Plan:
    """Return what a folder's simulation assumes. Raises: SimulationInvalid."""
    found = [*plan_problems(declared, folder)]
    if found:
        raise SimulationInvalid(f"{folder.name}/{FILE}", found[0].zh, found[0].en)
    return _plan(declared, read_yaml((folder / FILE).read_text("utf-8")))


def plan_problems(declared: LifeEventDeclaration, folder: Path) -> Iterator[Text]:
    """Say what is wrong with a folder's simulation.yaml."""
    path = folder / FILE
    if not path.exists():
        yield Text(
            "缺少这个文件，不能模拟排队", "the file is missing, so nobody can see where cases wait; copy one from another life event"
        )
        return
    try:
        written = read_yaml(path.read_text("utf-8"))
        yield from _wrong_words(declared, written)
        yield from _impossible(_plan(declared, written))
    except (yaml.YAMLError, TypeError, ValueError, AttributeError, KeyError) as error:
        yield Text("写得不对，请对照其他事件的同名文件", f"it is not written as others are ({error}); compare another life event's")


def _plan(declared: LifeEventDeclaration, written: Mapping[str, Any]) -> Plan:
    desks = written.get("items") or {}
    return Plan(
        arrivals_per_day=float(written["arrivals_per_day"]),
        desks={item.key: DeskPlan(**desks.get(item.key, {})) for item in declared.people_items},
        answers=written.get("answers") or {}, found=written.get("found") or {}, entered=written.get("entered") or {},
        hours=tuple(_span(each) for each in written["hours"]) if written.get("hours") else HOURS,
        resident_days=float(written.get("resident_days", RESIDENT_DAYS)), source=str(written.get("source", "")),
        grade=str(written.get("grade", "")),
    )  # fmt: skip


def _span(written: str) -> tuple[time, time]:
    begin, _, end = written.partition("-")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())


def _wrong_words(declared: LifeEventDeclaration, written: Mapping[str, Any]) -> Iterator[Text]:
    people = {item.key for item in declared.people_items}
    desks = written.get("items") or {}
    for name in sorted(set(written) - _WORDS):
        yield Text(f"不认得“{name}”", f"'{name}' is no word of it; it knows {', '.join(sorted(_WORDS))}")
    if "arrivals_per_day" not in written:
        yield Text("少了 arrivals_per_day", "arrivals_per_day is missing; write how many cases a day begin")
    for item in sorted(set(desks) - people):
        yield Text(f"“{item}”不是人办的事项", f"'{item}' is no item that a person does; remove it")
    for item in sorted(people - set(desks)):
        yield Text(
            f"没有写“{item}”有几个人、用多少分钟",
            f"'{item}' has no officers and minutes; write them, such as {{officers: 1, minutes: 20}}",
        )
    for item, desk in desks.items():
        for name in sorted(set(desk) - _DESK_WORDS):
            yield Text(f"{item} 里不认得“{name}”", f"'{name}' of {item} is no word of it; it knows {', '.join(sorted(_DESK_WORDS))}")
    for name in sorted({*(written.get("answers") or {}), *(written.get("entered") or {})} - declared.known_keys):
        yield Text(f"没有“{name}”这个名称", f"nothing in the event is called '{name}'; correct it or take it out")


def undrawn(declared: LifeEventDeclaration, plan: Plan) -> Iterator[Text]:
    """Say numbers, days and words that a table or a condition reads and that no shares are given of: they would stay unknown."""
    read = {name for table in declared.tables.values() for name in table.inputs}
    read |= {name for flow in declared.process.flows if flow.condition for name in flow.condition.names}
    entered = {each.key for item in declared.items.values() for each in item.enters}
    for key in sorted(read & set(declared.fields)):
        where, given = ("entered", plan.entered) if key in entered else ("answers", plan.answers)
        if declared.fields[key].kind not in ("choice", "boolean") and key not in given:
            yield Text(
                f"决策表或条件读取“{key}”，但没有写比例，模拟时当作不知道",
                f"a table or condition reads '{key}' and no shares are given of it, so it stays unknown; write {where}: {{{key}: {{…}}}}",
            )


def _impossible(plan: Plan) -> Iterator[Text]:
    if not 0 < plan.arrivals_per_day <= ARRIVALS_MAX:
        yield Text(f"arrivals_per_day 要在 0 到 {ARRIVALS_MAX} 之间", f"arrivals_per_day must be above 0 and at most {ARRIVALS_MAX}")
    if not 0 <= plan.resident_days <= 100:
        yield Text("resident_days 要在 0 到 100 之间", "resident_days must lie between 0 and 100")
    if not _follow(plan.hours):
        yield Text("hours 要先后相接，不能重叠", "hours must follow one another without overlap, as '08:30-12:00'")
    for item, desk in plan.desks.items():
        if not (0 < desk.officers <= OFFICERS_MAX and 0 < desk.minutes <= MINUTES_MAX):
            yield Text(
                f"{item} 至少要 1 个人、1 分钟", f"{item} needs 1 to {OFFICERS_MAX} officers and at most {MINUTES_MAX} minutes of work"
            )
        if not 0 <= desk.waits_days <= 1_000:
            yield Text(f"{item} 的 waits_days 要在 0 到 1000 之间", f"waits_days of {item} must lie between 0 and 1000")
        if not (0 <= desk.returned <= 1 and 0 <= desk.refused <= 1):
            yield Text(f"{item} 的比例要在 0 到 1 之间", f"the shares of {item} must lie between 0 and 1")
    for name, shares in {**plan.answers, **plan.found, **plan.entered}.items():
        if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
            yield Text(f"“{name}”的比例不对", f"the shares of '{name}' must not be negative and add up to more than 0")


def _follow(hours: Sequence[tuple[time, time]]) -> bool:
    ends = [moment for span in hours for moment in span]
    return len(hours) > 0 and all(first < second for first, second in pairwise(ends))
