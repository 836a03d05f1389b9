"""A life event as it is declared: evidence, items, effects. Values only; ``reading.py`` makes and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zhida.blocks.cases.process import Process, answer_to
from zhida.engine.dmn import DecisionTable
from zhida.engine.feel import Expression
from zhida.kernel.text import Text

KINDS = ("text", "date", "integer", "money", "boolean", "choice", "file", "statement")
EFFECT_KINDS = ("decision", "payment", "stop", "record", "certificate", "notice", "system")


@dataclass(frozen=True)
class LegalResource:
    """A law and the clause that says so (CPSV-AP: LegalResource). grade: A the text was read, B an official summary, C from memory."""

    name: str
    clause: str = ""
    source: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Field:
    """Something that is known, asked or entered. options: key -> label of a choice; when: asked only where this holds or may hold."""

    key: str
    label: Text
    kind: str
    help: Text | None = None
    required: bool = True
    options: Mapping[str, Text] = field(default_factory=dict)
    when: Expression | None = None
    # Where the city already has it: {"record_type", "field"}, {"card"} or {"fact"}; of whom.
    source: Mapping[str, str] = field(default_factory=dict)
    of: str = "subject"
    needed_by: tuple[str, ...] = ()
    keep_months: int = 12

    def is_asked(self, values: Mapping[str, Any]) -> bool | None:
        """Say whether it is asked where this is known; None: that is open."""
        answer = True if self.when is None else answer_to(self.when, values)
        return answer if isinstance(answer, bool) else None


@dataclass(frozen=True)
class EffectDeclaration:
    """What an item brings about. settings: the words of its kind, as written."""

    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class OneByOne:
    """What the item cost a resident when it was done alone. visits_now: how often somebody still has to come, such as to be examined."""

    forms: int
    fields: int
    documents: int
    visits: int
    source: str
    grade: str
    visits_now: int = 0


@dataclass(frozen=True)
class Item:
    """One thing one department does. undo_by: effects, person or nothing (it cannot be undone, or leaves nothing to undo)."""

    key: str
    label: Text
    department: str
    level: str
    working_days: int
    kind: str
    service: str = ""
    instruction: Text | None = None
    enters: tuple[Field, ...] = ()
    effects: tuple[EffectDeclaration, ...] = ()
    table: str = ""
    law: LegalResource | None = None
    on_refusal: str | tuple[str, ...] = "go_on"
    undo_by: str = ""
    undo_instruction: Text | None = None
    one_by_one: OneByOne | None = None


@dataclass(frozen=True)
class Feed:
    """The register whose new rows open cases: which of its fields is whom, and how long ago it may have happened."""

    record_type: str
    subject: str
    happened_on: str
    within_days: int
    # Empty where no one person is the natural applicant: any adult of the household may answer.
    applicant: str = ""


@dataclass(frozen=True)
class SubjectRule:
    """Whom an event can be about when somebody opens it; None: it does not matter. Ages in whole years on that day.

    has_died: false, nobody whom the register of deaths names; true, somebody whom others apply for, whether it names them yet or not.
    """

    age_from: int | None = None
    age_below: int | None = None
    has_died: bool | None = None


@dataclass(frozen=True)
class LifeEventDeclaration:
    """A life event, whole and checked. hash: of all its files."""

    key: str
    label: Text
    summary: Text
    leads: str
    law: tuple[LegalResource, ...]
    consent: str
    confirm_within_days: int
    promised_working_days: int
    case_key: str
    for_residents: bool
    at_the_counter: bool
    feed: Feed | None
    evidence: tuple[Field, ...]
    items: Mapping[str, Item]
    process: Process
    tables: Mapping[str, DecisionTable]
    files: Mapping[str, str]
    hash: str
    pack: str = ""
    subject: SubjectRule = SubjectRule()

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Every field by its key: evidence and what officers enter."""
        entered = {each.key: each for item in self.items.values() for each in item.enters}
        return {**{each.key: each for each in self.evidence}, **entered}

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """Every name that a case of this event may know a value by: fields, outputs of tables, what effects say."""
        outputs = {name for table in self.tables.values() for name in table.outputs}
        benefits = {each for item in self.items.values() for effect in item.effects for each in effect.settings.get("benefits", ())}
        said = {f"{benefit}_{what}" for benefit in benefits for what in ("status", "amount")}
        own = {f"{item}_{what}" for item in self.items for what in ("outcome", "due_fen", "reference", "certificate")}
        return frozenset({*self.fields, *outputs, *said, *own, "happened_on", "days_since", "stopped_from", "overpaid_fen"})

    @cached_property
    def people_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items.values() if item.kind == "person")

    def evidence_for(self, item: str) -> tuple[Field, ...]:
        """The evidence one item needs: all of it that its department may see."""
        return tuple(each for each in self.evidence if item in each.needed_by)

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.department for item in self.items.values() if item.department))
