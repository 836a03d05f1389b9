"""Situations of a life event: ``tests/*.yaml`` of its folder, played through its process without a database, a rule or a department.

    - name: Civil affairs refuses dibao - the household goes on to recognition as near minimum
      given: {urgent: false}                                # evidence key: value
      found: {dibao: entitled}                              # what the rules say, ``not_entitled`` of benefits not named
      found_by: {near_minimum: {dibian: entitled}}          # what they say when that item asks them again
      entered: {near_minimum: {recognised_income: 200000}}  # item: what its officer enters; money in fen
      refused: [dibao_decision]                             # every other item that is reached is done
      expect: {done: [near_minimum], not: [free_electricity], refused: [dibao_decision], values: {support_kind: dibao}, asked: [urgent]}

``done``, ``refused``: items that must be so, others may be too; ``not``: items never reached; ``undone``: all items that were done and
that a refusal takes back; ``asked``: all evidence that only the resident can give and that must be given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zhida.blocks.cases.declarations.model import Item, LifeEventDeclaration
from zhida.blocks.cases.declarations.reading import read_life_event
from zhida.blocks.cases.errors import SituationUnreadable
from zhida.blocks.cases.evidence import is_wanted
from zhida.blocks.cases.moving import DONE, REFUSED, table_outputs
from zhida.blocks.cases.process import Running
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml, refuse_wild

FOLDER = "tests"
_KEYS = {"name", "given", "found", "found_by", "entered", "refused", "expect"}
_EXPECTED = {"done", "not", "refused", "undone", "values", "asked"}
# A process that turns in a circle is left after so many items.
ITEMS_MAX = 200
# What comes of a situation of another shape than it must have.
_OTHERWISE = (TypeError, AttributeError, KeyError, ValueError)


@dataclass(frozen=True)
class Tried:
    """A situation and how it differs from what was expected; nothing where it is as expected."""

    file: str
    name: str
    wrong: tuple[Text, ...]


@dataclass
class _Played:
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)
    is_over: bool = False
    stuck: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def try_situations(folder: Path) -> list[Tried]:
    """Play every situation of a life event's folder. Raises: LifeEventInvalid, SituationUnreadable."""
    declared = read_life_event(folder)
    return [
        Tried(path.name, situation["name"], _tried(declared, path, situation))
        for path in sorted((folder / FOLDER).glob("*.yaml"))
        for situation in _situations(declared, path)
    ]


def _tried(declared: LifeEventDeclaration, path: Path, situation: Mapping[str, Any]) -> tuple[Text, ...]:
    try:
        return tuple(_differences(declared, situation))
    except _OTHERWISE as error:
        raise SituationUnreadable(path.name, situation["name"], str(error)) from error


def _situations(declared: LifeEventDeclaration, path: Path) -> list[dict[str, Any]]:
    """Read a file and refuse what would be passed over in silence: a word, item or key that the event does not have."""
    try:
        text = path.read_text("utf-8")
        refuse_wild(text)
        written = read_yaml(text)
        for one in written:
            _refuse_strange(declared, path, one)
    except (yaml.YAMLError, *_OTHERWISE) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise SituationUnreadable(place, "?", str(getattr(error, "problem", error))) from error
    return list(written)


def _refuse_strange(declared: LifeEventDeclaration, path: Path, one: Mapping[str, Any]) -> None:
    expect = one.get("expect", {})
    items = {*one.get("entered", {}), *one.get("found_by", {}), *one.get("refused", ())}
    items |= {item for what in ("done", "not", "refused", "undone") for item in expect.get(what, ())}
    entered = {key for values in one.get("entered", {}).values() for key in values}
    strange = (set(one) - _KEYS) | (set(expect) - _EXPECTED) | (items - set(declared.items)) | (entered - set(declared.fields))
    strange |= set(one.get("given", {})) - declared.known_keys
    if strange or "name" not in one or not expect:
        raise SituationUnreadable(path.name, str(one.get("name", "?")), ", ".join(sorted(map(str, strange))) or "expect")


def _differences(declared: LifeEventDeclaration, situation: Mapping[str, Any]) -> Iterator[Text]:
    played, expect = _play(declared, situation), situation["expect"]
    if not played.is_over:
        yield Text(f"没有办到头，停在 {played.stuck}", f"it does not come to an end; it stops at {played.stuck}")
    for item in expect.get("done", ()):
        if item not in played.done:
            yield Text(f"“{item}”应当办结，没有办", f"'{item}' should be done and is not")
    for item in expect.get("refused", ()):
        if item not in played.refused:
            yield Text(f"“{item}”应当不予办理，没有走到", f"'{item}' should be refused and is not reached")
    for item in expect.get("not", ()):
        if item in (*played.done, *played.refused):
            yield Text(f"“{item}”不该走到", f"'{item}' should not be reached")
    if "undone" in expect and played.undone != set(expect["undone"]):
        yield Text(f"实际撤销的是：{'、'.join(sorted(played.undone))}", f"what is undone is: {', '.join(sorted(played.undone))}")
    for key, value in expect.get("values", {}).items():
        if played.values.get(key) != value:
            got = played.values.get(key)
            yield Text(f"{key} 应是 {value}，得到 {got}", f"{key} should be {value} and is {got}")
    if "asked" in expect and (asked := _asked(declared, situation.get("given", {}))) != set(expect["asked"]):
        names = "、".join(sorted(asked))
        yield Text(f"实际要问的是：{names}", f"what is asked is: {', '.join(sorted(asked))}")


def _asked(declared: LifeEventDeclaration, given: Mapping[str, Any]) -> set[str]:
    return {each.key for each in declared.evidence if each.required and not each.source and is_wanted(each, given)}


def _play(declared: LifeEventDeclaration, situation: Mapping[str, Any]) -> _Played:
    running = Running.start(declared.process, dict(situation.get("given", {})))
    played = _Played(values=running.values)
    refused = situation.get("refused", ())
    while running.waiting and len(played.done) < ITEMS_MAX:
        waiting = running.waiting[0]
        item = declared.items[waiting.element]
        if item.key in refused:
            played.refused.append(item.key)
            played.undone |= _taken_back(declared, item, played.done)
            if item.on_refusal == "undo":
                played.is_over = True
                return played
            running.complete(waiting.token, {f"{item.key}_outcome": REFUSED})
        else:
            played.done.append(item.key)
            running.complete(waiting.token, {**_brought_about(declared, item, situation, running.values), f"{item.key}_outcome": DONE})
        running.advance()
    played.is_over = running.is_done
    played.stuck = running.stuck.element if running.stuck else ", ".join(each.element for each in running.waiting)
    return played


def _taken_back(declared: LifeEventDeclaration, refused: Item, done: Sequence[str]) -> set[str]:
    """Return the items done so far that a refusal undoes; what leaves nothing behind has no way back and stays done."""
    named = done if refused.on_refusal == "undo" else refused.on_refusal if isinstance(refused.on_refusal, tuple) else ()
    return {name for name in named if name in done and declared.items[name].undo_by}


def _brought_about(declared: LifeEventDeclaration, item: Item, situation: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What a process learns from an item that is done."""
    if item.table:
        return table_outputs(declared.tables[item.table], values)
    learnt = dict(situation.get("entered", {}).get(item.key, {}))
    found = {**situation.get("found", {}), **situation.get("found_by", {}).get(item.key, {})}
    for effect in item.effects:
        if effect.kind == "decision":
            learnt |= {f"{benefit}_status": found.get(benefit, "not_entitled") for benefit in effect.settings.get("benefits") or ()}
    return learnt
