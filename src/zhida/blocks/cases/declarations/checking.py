"""Everything about a life event that can be checked before anybody is served by it: errors that stop it, warnings that somebody reads.

`reading.py` finds what cannot be installed at all. Here: names that nothing gives, effects that could not be made, tables with gaps,
promises that the items' own deadlines break, items without law, service or a way back, questions a register has the answer to.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhida.blocks.cases.declarations.copying import UNNAMED
from zhida.blocks.cases.declarations.effect_checks import effect_problems
from zhida.blocks.cases.declarations.model import Field, Item, LifeEventDeclaration, SubjectRule
from zhida.blocks.cases.declarations.reading import DECLARATION, PROCESS, Problem, read_life_event
from zhida.blocks.cases.declarations.register_checks import asked_in_vain, unreadable_codes
from zhida.blocks.cases.errors import LifeEventInvalid
from zhida.blocks.catalogue import api as catalogue
from zhida.engine.dmn import DecisionTable
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

# Combinations of choices that are tried against a table, one by one.
COMBINATIONS_MAX = 5_000
STATUSES, OUTCOMES = ("entitled", "not_entitled", "unknown"), ("done", "refused", "not_needed", "undone")
# Effects that leave nothing behind which a later refusal would have to take back.
LEAVES_NOTHING = {"decision", "notice"}
_HAN = re.compile(r"[一-鿿]")


@dataclass(frozen=True)
class Checked:
    """What is wrong with a folder. errors: it must not be used so. warnings: somebody should look."""

    folder: Path
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_life_event(folder: Path) -> Checked:
    """Return everything that is wrong with a life event's folder, each with its place and what to do."""
    try:
        declared = read_life_event(folder)
    except LifeEventInvalid as error:
        return Checked(folder, tuple(_with_lines(error.problems, folder)), ())
    errors = [*_unknown_names(declared), *_effects(declared), *_services(declared), *_ways_back(declared)]
    warnings = [
        *_gaps(declared),
        *_deadlines(declared),
        *_registers(declared),
        *_without_law(declared),
        *_counts(declared),
    ]
    warnings += [
        *_anybody(declared),
        *_texts(declared),
        *_undecided_flows(declared),
        *_untried(declared, folder),
        *_unsimulated(declared, folder),
    ]
    return Checked(folder, tuple(_with_lines(errors, folder)), tuple(_with_lines(warnings, folder)))


def _item_place(item: Item) -> str:
    return f"{DECLARATION} items.{item.key}"


def _with_lines(problems: Sequence[Problem], folder: Path) -> Iterator[Problem]:
    """Add the line to places that name an entry, so that an editor opens them there."""
    path = folder / DECLARATION
    lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    for problem in problems:
        entry = re.fullmatch(rf"{DECLARATION} (items|evidence)\.(\w+)(.*)", problem.place)
        written = re.compile(rf"\s*- \{{?\s*key: {entry[2]}\b") if entry else None
        number = next((at for at, line in enumerate(lines, start=1) if written and written.match(line)), 0)
        place = problem.place.replace(DECLARATION, f"{DECLARATION}:{number}", 1) if number else problem.place
        yield Problem(place, problem.text)


def _unknown_names(declared: LifeEventDeclaration) -> Iterator[Problem]:
    read = [(PROCESS, flow.id, flow.condition.names) for flow in declared.process.flows if flow.condition]
    read += [(file, table.name, frozenset(table.inputs)) for file, table in declared.tables.items()]
    read += [(f"{DECLARATION} evidence.{each.key}", "when", each.when.names) for each in declared.evidence if each.when]
    for place, where, names in read:
        for name in sorted(names - declared.known_keys):
            yield Problem(
                place,
                Text(
                    f"“{where}”读取“{name}”，但没有材料、填写、决策表或核定给出它",
                    f"'{where}' reads '{name}', which no evidence, officer, table or decision gives; add it, or correct the name",
                ),
            )


def _effects(declared: LifeEventDeclaration) -> Iterator[Problem]:
    for item in declared.items.values():
        for text in effect_problems(declared, item):
            yield Problem(_item_place(item), text)


def _services(declared: LifeEventDeclaration) -> Iterator[Problem]:
    known = set(catalogue.public_services())
    for item in declared.items.values():
        if item.service and item.service not in known:
            yield Problem(
                _item_place(item),
                Text(
                    f"服务目录里没有“{item.service}”",
                    f"the catalogue has no service '{item.service}'; add it to a services.yaml or correct it",
                ),
            )


def _ways_back(declared: LifeEventDeclaration) -> Iterator[Problem]:
    """Items that a refusal undoes need a way to be undone."""
    undone_by: dict[str, str] = {}
    for item in declared.items.values():
        named = item.on_refusal if isinstance(item.on_refusal, tuple) else ()
        if item.on_refusal == "undo":
            named = tuple(_before(declared, item.key))
        undone_by |= {name: item.key for name in named}
    for name, refused in undone_by.items():
        item = declared.items[name]
        if not item.undo_by and _leaves_something(item):
            yield Problem(
                _item_place(item),
                Text(
                    f"“{refused}”不予办理时要撤销它，但没有写 undo",
                    f"a refusal of '{refused}' undoes it and it has no undo; write undo: {{by: effects}} or {{by: person, instruction: …}}",
                ),
            )


def _before(declared: LifeEventDeclaration, element: str) -> set[str]:
    """Return the items that may be done when a refusal at an element undoes everything: all but those that only come after it."""
    after = _reached_from(declared, element)
    return {key for key in declared.items if key != element and (key not in after or element in _reached_from(declared, key))}


def _reached_from(declared: LifeEventDeclaration, element: str) -> set[str]:
    found: set[str] = set()
    ahead = [element]
    while ahead:
        for flow in declared.process.leaving[ahead.pop()]:
            if flow.target not in found:
                found.add(flow.target)
                ahead.append(flow.target)
    return found


def _anybody(declared: LifeEventDeclaration) -> Iterator[Problem]:
    """An event that happens to those a register names, and that anybody can be chosen for by hand."""
    if declared.feed and (declared.for_residents or declared.at_the_counter) and declared.subject == SubjectRule():
        yield Problem(
            DECLARATION,
            Text(
                "登记里有这件事发生在谁身上，人工发起时却谁都能选；请写 subject，如 {age_below: 3}",
                "a register says whom it happens to, and by hand it can be opened about anybody; write subject, such as {age_below: 3}",
            ),
        )


def _gaps(declared: LifeEventDeclaration) -> Iterator[Problem]:
    for file, table in declared.tables.items():
        if table.gives_list:
            continue
        if gap := _gap(declared, table):
            inputs = ", ".join(f"{name} = {_written(value)}" for name, value in gap.items())
            yield Problem(
                file, Text(f"{inputs} 时没有一行管到，结果不明", f"no rule says anything for {inputs}; add a rule or a default output")
            )


def _gap(declared: LifeEventDeclaration, table: DecisionTable) -> Mapping[str, Any] | None:
    """Return inputs that no rule covers and that can really come: choices outside an event's options cannot."""
    domains = [_domain(declared, name) for name in table.inputs]
    if all(domains) and _product(domains) <= COMBINATIONS_MAX:
        every = (dict(zip(table.inputs, values, strict=True)) for values in itertools.product(*domains))
        return next((values for values in every if table.decide(values).status == "no_rule"), None)
    try:
        gap = table.gaps()
    except ZhidaError:
        return None
    return None if gap is None or any(_cannot_be(declared, name, value) for name, value in gap.items()) else gap


def _product(domains: Sequence[Sequence[Any]]) -> int:
    total = 1
    for domain in domains:
        total *= len(domain)
    return total


def _domain(declared: LifeEventDeclaration, name: str) -> tuple[Any, ...]:
    """Return every value a name can have; empty where there are endless many."""
    field = declared.fields.get(name)
    if field and field.kind == "choice":
        return tuple(field.options)
    if field and field.kind == "boolean":
        return (True, False)
    if name.endswith("_status"):
        return STATUSES
    return OUTCOMES if name.endswith("_outcome") else ()


def _cannot_be(declared: LifeEventDeclaration, name: str, value: Any) -> bool:
    domain = _domain(declared, name)
    # Days since something happened, money and counted things are never below nothing.
    return bool(domain and value not in domain) or (isinstance(value, int | float) and value < 0) or str(value).startswith("-")


def _written(value: Any) -> str:
    return "yes" if value is True else "no" if value is False else str(value)


def longest_days(declared: LifeEventDeclaration) -> tuple[int, tuple[str, ...]]:
    """Return the most working days that the items of one way through the process may take together (ways back left aside), and those."""
    known: dict[str, tuple[int, tuple[str, ...]]] = {}

    def from_here(element: str, above: frozenset[str]) -> tuple[int, tuple[str, ...]]:
        if element not in known:
            item = declared.items.get(element)
            own = item.working_days if item and item.kind == "person" else 0
            targets = [flow.target for flow in declared.process.leaving[element] if flow.target not in above]
            days, path = max((from_here(each, above | {each}) for each in targets), default=(0, ()), key=lambda found: found[0])
            known[element] = (own + days, (element, *path) if own else path)
        return known[element]

    starts = [key for key, element in declared.process.elements.items() if element.kind == "startEvent"]
    return max((from_here(start, frozenset({start})) for start in starts), default=(0, ()), key=lambda found: found[0])


def _deadlines(declared: LifeEventDeclaration) -> Iterator[Problem]:
    promised = declared.promised_working_days
    if not promised:
        yield Problem(
            DECLARATION,
            Text("没有写 promised_working_days", "no promised_working_days: residents are not told when it ends; promise a day"),
        )
        return
    days, path = longest_days(declared)
    if days > promised:
        way = " → ".join(path)
        yield Problem(
            DECLARATION,
            Text(
                f"承诺 {promised} 个工作日，但 {way} 加起来可以用 {days} 个",
                f"{promised} working days are promised, and {way} may take {days} in their own deadlines; promise more, or shorten them",
            ),
        )


def _registers(declared: LifeEventDeclaration) -> Iterator[Problem]:
    for key, text in (*asked_in_vain(declared), *unreadable_codes(declared)):
        yield Problem(f"{DECLARATION} evidence.{key}", text)


def _without_law(declared: LifeEventDeclaration) -> Iterator[Problem]:
    if not declared.law:
        yield Problem(DECLARATION, Text("没有写依据", "no law is named; write what allows departments to do this together"))
    for item in declared.items.values():
        if item.law is None and (item.kind == "person" or _leaves_something(item)):
            yield Problem(_item_place(item), Text("没有写依据", "no law is named; write law: {name: …, clause: …}, or nobody can check it"))
        if not item.service and item.kind == "person":
            yield Problem(
                _item_place(item), Text("没有对应的服务", "it belongs to no public service; write service: with a key of the catalogue")
            )


def _leaves_something(item: Item) -> bool:
    return any(effect.kind not in LEAVES_NOTHING for effect in item.effects)


def _counts(declared: LifeEventDeclaration) -> Iterator[Problem]:
    if uncounted := [item.key for item in declared.people_items if item.one_by_one is None]:
        names = ", ".join(uncounted)
        yield Problem(
            DECLARATION,
            Text(
                f"{names} 没有写 one_by_one，不计入省了多少",
                f"{names}: no one_by_one, so what they cost alone is not counted; write it, with 0 where it is nothing",
            ),
        )
    for item in declared.items.values():
        if item.one_by_one is not None and not item.one_by_one.source:
            yield Problem(
                _item_place(item),
                Text("one_by_one 没有来源", "one_by_one names no source; say where the counts are from, or that they are yours"),
            )


def _texts(declared: LifeEventDeclaration) -> Iterator[Problem]:
    """Texts that are empty, or stand in the other language."""
    said = [(DECLARATION, declared.label), (DECLARATION, declared.summary)]
    for item in declared.items.values():
        own = [item.label, item.instruction, item.undo_instruction, *_field_texts(item.enters)]
        said += [(_item_place(item), text) for text in own if text is not None]
    said += [(f"{DECLARATION} evidence.{each.key}", text) for each in declared.evidence for text in _field_texts([each])]
    if declared.label.en.endswith(UNNAMED.en):
        yield Problem(DECLARATION, Text("还没有起名字，请改 label 和 summary", "it is still to be named; write its label and summary"))
    for place, text in said:
        if not text.zh.strip() or not text.en.strip():
            yield Problem(place, Text("有一段文字缺一种语言", "a text is missing in one language; write zh and en"))
        elif _HAN.search(text.en) or (len(text.zh) > 12 and not _HAN.search(text.zh)):
            shown = text.en[:40] if _HAN.search(text.en) else text.zh[:40]
            yield Problem(
                place, Text(f"“{shown}”写错了语言", f"'{shown}' stands in the wrong language; write zh in Chinese and en in English")
            )


def _field_texts(fields: Sequence[Field]) -> list[Text]:
    return [text for each in fields for text in (each.label, each.help, *each.options.values()) if text is not None]


def _undecided_flows(declared: LifeEventDeclaration) -> Iterator[Problem]:
    for key, element in declared.process.elements.items():
        if element.kind == "exclusiveGateway" and not element.default and len(declared.process.leaving[key]) > 1:
            yield Problem(
                f"{PROCESS} {key}",
                Text(
                    "没有默认走向，条件不明时会停下等人",
                    "it has no default flow: a case stops there while a condition is unknown; give it one",
                ),
            )


def _untried(declared: LifeEventDeclaration, folder: Path) -> Iterator[Problem]:
    written = "".join(path.read_text("utf-8", errors="replace") for path in sorted((folder / "tests").glob("*.yaml")))
    if not written:
        yield Problem("tests", Text("没有情景", "there are no situations; write tests/paths.yaml and run `zhida life-event test`"))
        return
    for item in declared.items.values():
        if not re.search(rf"\b{item.key}\b", written):
            yield Problem(_item_place(item), Text("没有一个情景提到它", "no situation in tests/ names it; write one that reaches it"))


def _unsimulated(declared: LifeEventDeclaration, folder: Path) -> Iterator[Problem]:
    from zhida.blocks.cases.simulation.plan import plan_problems, read_plan, undrawn

    found = list(plan_problems(declared, folder))
    for text in found or undrawn(declared, read_plan(declared, folder)):
        yield Problem("simulation.yaml", text)
