"""Reads a life event's folder and says everything that is wrong with it. Nothing in the folder runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from zhida.blocks.cases.declarations import entries
from zhida.blocks.cases.declarations.entries import Wrong
from zhida.blocks.cases.declarations.model import (
    EFFECT_KINDS,
    KINDS,
    Field,
    Item,
    LifeEventDeclaration,
    OneByOne,
)
from zhida.blocks.cases.declarations.words import strange_words
from zhida.blocks.cases.errors import LifeEventInvalid
from zhida.blocks.cases.process import Process, read_process
from zhida.blocks.cases.rules import LEVELS, STREET
from zhida.blocks.records import api as records
from zhida.engine.dmn import DecisionTable, read_dmn
from zhida.engine.feel import parse_expression
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml, refuse_wild

DECLARATION, PROCESS = "event.yaml", "process.bpmn"
BYTES_MAX = 2_000_000
CONSENTS = ("confirm", "notice", "none")
# Words that effects may use as values beside the case's own keys.
CASE_WORDS = ("$subject_id", "$applicant_id", "$subject_name", "$applicant_name", "$today", "$happened_on", "$household_no", "$case_number")


@dataclass(frozen=True)
class Problem:
    """What is wrong where, and what to write instead."""

    place: str
    text: Text

    def __str__(self) -> str:
        return f"{self.place}: {self.text.en}"


def read_life_event(folder: Path, pack: str = "") -> LifeEventDeclaration:
    """Return the life event a folder declares. Raises: LifeEventInvalid, with the first of what is wrong and how much more there is."""
    return read_files(files_of(folder), folder.name, pack)


def files_of(folder: Path) -> dict[str, str]:
    """Return the texts of a folder that make up a life event. Raises: LifeEventInvalid."""
    paths = sorted([*folder.glob(DECLARATION), *folder.glob("*.bpmn"), *folder.glob("*.dmn")])
    for path in paths:
        if path.stat().st_size > BYTES_MAX:
            raise LifeEventInvalid(
                folder.name, [Problem(path.name, Text("文件超过 2 MB，请精简", "the file is larger than 2 MB; shorten it"))]
            )
    try:
        return {path.name: path.read_text("utf-8") for path in paths}
    except UnicodeDecodeError as error:
        raise LifeEventInvalid(folder.name, [Problem(folder.name, Text("文件不是 UTF-8 编码", "a file is not UTF-8"))]) from error


def read_files(files: Mapping[str, str], name: str, pack: str = "") -> LifeEventDeclaration:
    """Return the life event that texts declare. Raises: LifeEventInvalid."""
    reading = _Reading(files, name, pack)
    declared = reading.read()
    if declared is None or reading.problems:
        raise LifeEventInvalid(name, reading.problems)
    return declared


def read_kept(files: Mapping[str, str], name: str) -> LifeEventDeclaration:
    """Return a version that was whole when it was installed, whatever is asked of new ones since: a department that was renamed, a
    register that is not delivered any more, a word that is refused today. Raises: LifeEventInvalid where it cannot be read at all.
    """
    reading = _Reading(files, name, "")
    declared = reading.read(is_new=False)
    if declared is None:
        raise LifeEventInvalid(name, reading.problems)
    return declared


def problems_of(folder: Path) -> list[Problem]:
    """List everything that is wrong with a folder; empty where it can be installed."""
    try:
        read_life_event(folder)
    except LifeEventInvalid as error:
        return list(error.problems)
    return []


class _Reading:
    """One reading: what was found wrong is collected, so that an author corrects a file once."""

    def __init__(self, files: Mapping[str, str], name: str, pack: str) -> None:
        self.files, self.name, self.pack = files, name, pack
        self.problems: list[Problem] = []
        # Entries that could not be read: what else names them is no mistake of its own.
        self.unread: set[str] = set()

    def wrong(self, place: str, zh: str, en: str) -> None:
        self.problems.append(Problem(place, Text(zh, en)))

    def wrong_entry(self, place: str, error: Exception) -> None:
        """An entry of another shape than it must have; said only where nothing better is said of it already."""
        if not any(each.place == place or each.place.startswith(f"{place} ") for each in self.problems):
            self.wrong(place, "写得不对，请对照其他事件", f"it is not written as others are ({error}); compare another life event")

    def read(self, is_new: bool = True) -> LifeEventDeclaration | None:
        """is_new: held against the departments and registers of today too."""
        written = self._yaml()
        process = self._process()
        tables = self._tables()
        if written is None or process is None:
            return None
        for entry, text in strange_words(written):
            self.problems.append(Problem(f"{DECLARATION} {entry}".strip(), text))
        try:
            declared = self._declared(written, process, tables)
        except Wrong as error:
            self.wrong(DECLARATION, error.text.zh, error.text.en)
            return None
        except (TypeError, AttributeError, ValueError, KeyError) as error:
            self.wrong_entry(DECLARATION, error)
            return None
        if is_new:
            self._check(declared)
        return declared

    def _yaml(self) -> dict[str, Any] | None:
        if DECLARATION not in self.files:
            self.wrong(DECLARATION, "缺少这个文件", "the file is missing; copy it from another life event")
            return None
        try:
            refuse_wild(self.files[DECLARATION])
            written = read_yaml(self.files[DECLARATION])
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", error)
            self.wrong(
                f"{DECLARATION}{line}",
                "不是有效的 YAML；句子里有英文冒号或引号的，给整句加英文双引号",
                f"it is not YAML: {problem}; a sentence with a colon or a quotation mark stands in double quotes",
            )
            return None
        if not isinstance(written, dict):
            self.wrong(DECLARATION, "内容应是“名称: 值”", "it must be a mapping of names to values")
            return None
        return written

    def _process(self) -> Process | None:
        if PROCESS not in self.files:
            self.wrong(PROCESS, "缺少流程文件", "the process is missing; add a BPMN 2.0 file of that name")
            return None
        try:
            return read_process(self.files[PROCESS].encode(), f"{self.name}/{PROCESS}")
        except ZhidaError as error:
            self.problems.append(Problem(PROCESS, error.text))
            return None

    def _tables(self) -> dict[str, DecisionTable]:
        tables: dict[str, DecisionTable] = {}
        for file, text in self.files.items():
            if file.endswith(".dmn"):
                try:
                    found = read_dmn(text.encode(), f"{self.name}/{file}")
                    tables |= (
                        {file: next(iter(found.values()))} if len(found) == 1 else {f"{file}#{key}": each for key, each in found.items()}
                    )
                except ZhidaError as error:
                    self.problems.append(Problem(file, error.text))
        return tables

    def _declared(self, w: dict[str, Any], process: Process, tables: dict[str, DecisionTable]) -> LifeEventDeclaration:
        opened = w.get("opened_by") or {}
        kinds = {
            **dict.fromkeys(process.people, "person"),
            **dict.fromkeys(process.automatic, "automatic"),
            **dict.fromkeys(process.tables, "table"),
        }
        return LifeEventDeclaration(
            key=entries.word(w, "life_event"),
            label=entries.text(w, "label"),
            summary=entries.text(w, "summary"),
            leads=entries.word(w, "leads"),
            law=tuple(entries.law(each) for each in w.get("law") or ()),
            consent=entries.one_of(w, "consent", CONSENTS),
            confirm_within_days=entries.number(w, "confirm_within_days", 30),
            promised_working_days=entries.number(w, "promised_working_days", 0),
            case_key=entries.one_of(w, "case_key", ("subject", "household"), "subject"),
            for_residents=bool(opened.get("resident")),
            at_the_counter=bool(opened.get("counter")),
            feed=entries.feed(opened),
            evidence=tuple(self._collect(self._field, w.get("evidence") or (), "evidence")),
            items={each.key: each for each in self._collect(lambda one: self._item(one, kinds), w.get("items") or (), "items")},
            process=process,
            tables=tables,
            files=dict(self.files),
            hash=hashlib.sha256(json.dumps(sorted(self.files.items())).encode()).hexdigest(),
            pack=self.pack,
            subject=entries.subject(w.get("subject")),
        )

    def _collect(self, read: Any, written: Any, what: str) -> Iterator[Any]:
        """Read the entries of a list one by one; one that is wrong is told and left out."""
        for position, one in enumerate(written, start=1):
            key = one.get("key", position) if isinstance(one, dict) else position
            place = f"{DECLARATION} {what}.{key}"
            try:
                yield read(one)
                continue
            except Wrong as error:
                self.wrong(place, error.text.zh, error.text.en)
            except ZhidaError as error:
                self.problems.append(Problem(place, error.text))
            except (TypeError, AttributeError, ValueError, KeyError) as error:
                self.wrong_entry(place, error)
            self.unread.add(str(key))

    def _field(self, w: dict[str, Any]) -> Field:
        key = entries.word(w, "key")
        written = w.get("options") or {}
        options = {str(name): entries.text(written, name) for name in written}
        kind = entries.one_of(w, "kind", KINDS)
        if (kind == "choice") != bool(options):
            raise Wrong("“options”只写给 choice，而且必须写", "a choice needs options, and nothing else has them")
        return Field(
            key=key,
            label=entries.text(w, "label"),
            kind=kind,
            help=entries.text(w, "help") if w.get("help") else None,
            required=bool(w.get("required", True)),
            options=options,
            when=parse_expression(w["when"], f"{self.name} {key}") if w.get("when") else None,
            source=entries.words(w, "from"),
            of=entries.one_of(w, "of", ("subject", "applicant", "household"), "subject"),
            needed_by=entries.names(w, "needed_by"),
            keep_months=entries.number(w, "keep_months", 12),
        )

    def _item(self, w: dict[str, Any], kinds: Mapping[str, str]) -> Item:
        key = entries.word(w, "key")
        if key not in kinds:
            raise Wrong(f"流程图里没有编号为“{key}”的任务", f"the process has no task whose id is '{key}'; add it or remove the item")
        undo = w.get("undo") or {}
        alone = w.get("one_by_one")
        refusal = w.get("on_refusal", "go_on")
        return Item(
            key=key, label=entries.text(w, "label"), department=str(w.get("department", "")),
            level=entries.one_of(w, "level", LEVELS, "district"),
            working_days=entries.number(w, "working_days", 0), kind=kinds[key], service=str(w.get("service", "")),
            instruction=entries.text(w, "instruction") if w.get("instruction") else None,
            enters=tuple(self._collect(self._field, w.get("enters") or (), f"items.{key}.enters")),
            effects=tuple(entries.effect(each) for each in w.get("effects") or ()), table=str(w.get("decides", "")),
            law=entries.law(w["law"]) if w.get("law") else None,
            on_refusal=entries.names(refusal, "undo") if isinstance(refusal, dict) else str(refusal),
            undo_by=str(undo.get("by", "")), undo_instruction=entries.text(undo, "instruction") if undo.get("instruction") else None,
            one_by_one=OneByOne(**{"grade": "C", "source": "", **alone}) if alone else None,
        )  # fmt: skip

    def _check(self, declared: LifeEventDeclaration) -> None:
        """What no single entry can know: names that lead nowhere."""
        place = DECLARATION
        for element in (*declared.process.people, *declared.process.automatic, *declared.process.tables):
            if element not in declared.items and element not in self.unread:
                self.wrong(
                    PROCESS,
                    f"任务“{element}”在 {place} 里没有对应的事项",
                    f"task '{element}' has no item in {place}; write one with that key",
                )
        departments = {*records.departments(), STREET}
        for item in declared.items.values():
            self._check_item(declared, item, departments)
        if declared.leads not in departments:
            self.wrong(place, f"没有“{declared.leads}”这个部门", f"there is no department '{declared.leads}'")
        known = {*declared.items, *self.unread}
        for each in declared.evidence:
            for item in set(each.needed_by) - known:
                self.wrong(f"{place} evidence.{each.key}", f"没有事项“{item}”", f"needed_by names '{item}', which is no item")
            if not each.needed_by:
                self.wrong(
                    f"{place} evidence.{each.key}",
                    "没有事项需要它，不要问",
                    "no item needs it, so it must not be asked; name the items in needed_by",
                )
            self._check_source(f"{place} evidence.{each.key}", each.source)
        if declared.feed:
            fields = {"field": declared.feed.subject, "record_type": declared.feed.record_type}
            self._check_source(f"{place} opened_by.feed", fields)

    def _check_item(self, declared: LifeEventDeclaration, item: Item, departments: set[str]) -> None:
        place = f"{DECLARATION} items.{item.key}"
        if item.department not in departments and item.kind != "table":
            self.wrong(place, f"没有“{item.department}”这个部门", f"there is no department '{item.department}'")
        if item.kind == "person" and (not item.working_days or item.instruction is None):
            self.wrong(
                place, "人办的事项要有 working_days 和 instruction", "an item that a person does needs working_days and an instruction"
            )
        if item.kind == "table" and item.table not in declared.tables:
            self.wrong(
                place, f"没有决策表“{item.table}”", f"there is no decision table '{item.table}'; add the .dmn file and name it in decides"
            )
        if isinstance(item.on_refusal, str) and item.on_refusal not in ("go_on", "undo"):
            self.wrong(place, "on_refusal 只能是 go_on、undo 或 undo: [事项]", "on_refusal is go_on, undo, or undo: [items]")
        for name in item.on_refusal if isinstance(item.on_refusal, tuple) else ():
            if name not in declared.items and name not in self.unread:
                self.wrong(place, f"on_refusal 里没有事项“{name}”", f"on_refusal names '{name}', which is no item")
        if item.undo_by not in ("", "effects", "person") or (item.undo_by == "person" and item.undo_instruction is None):
            self.wrong(
                place,
                "undo.by 是 effects 或 person；person 要写 instruction",
                "undo.by is effects or person; a person needs an instruction",
            )
        for effect in item.effects:
            if effect.kind not in EFFECT_KINDS:
                self.wrong(
                    place, f"没有“{effect.kind}”这种结果", f"there is no effect '{effect.kind}'; use one of {', '.join(EFFECT_KINDS)}"
                )

    def _check_source(self, place: str, source: Mapping[str, str]) -> None:
        if "record_type" not in source:
            return
        contract = records.record_types().get(source["record_type"])
        if contract is None or source.get("field") not in {each.name for each in contract.fields}:
            named = f"{source['record_type']}.{source.get('field')}"
            self.wrong(
                place,
                f"数据目录里没有 {named}",
                f"no register has {named}; see `zhida life-event words register` for what departments deliver",
            )
