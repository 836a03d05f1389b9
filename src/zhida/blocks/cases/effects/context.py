"""What the making of one effect works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zhida.blocks.cases.declarations.model import EffectDeclaration
from zhida.blocks.cases.evidence import Person
from zhida.blocks.cases.models import Case, CaseEffect, CaseItem
from zhida.kernel import clock

if TYPE_CHECKING:
    from zhida.blocks.cases.moving import Moving


@dataclass
class Making:
    """One effect of one item that is being made or undone."""

    moving: Moving
    item: CaseItem
    row: CaseEffect
    effect: EffectDeclaration

    @property
    def case(self) -> Case:
        return self.moving.case

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.effect.settings

    @cached_property
    def values(self) -> dict[str, Any]:
        """What the case knows, with what the officer of this item has just entered."""
        return {**self.moving.values(), **self.item.entered}

    @property
    def people(self) -> dict[int, Person]:
        return self.moving.people

    def value(self, written: Any) -> Any:
        """Return what a value of the declaration stands for: a key of the case, a ``$word`` about it, or itself."""
        if not isinstance(written, str):
            return written
        if written.startswith("$"):
            return self._word(written)
        return _as_json(self.values.get(written)) if written in self.moving.declared.known_keys else written

    def _word(self, word: str) -> Any:
        case, today = self.case, self.moving.today
        person = self.people.get(case.applicant_no if word.startswith("$applicant") else case.subject_no)
        about = {"id": getattr(person, "id_number", None), "name": getattr(person, "name", None)}
        words = {"$subject_id": about["id"], "$applicant_id": about["id"], "$subject_name": about["name"], "$applicant_name": about["name"]}
        words |= {"$today": today.isoformat(), "$year": today.year, "$household_no": case.household_no, "$case_number": case.number}
        words |= {"$opened_on": case.opened_at.astimezone(clock.HANGZHOU).date().isoformat() if case.opened_at else None}
        words |= {"$happened_on": case.happened_on.isoformat() if case.happened_on else None}
        return words.get(word)


def _as_json(value: Any) -> Any:
    """What leaves a case is JSON, which has no exact fractions: a table's 0.5 leaves as text."""
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return str(value) if isinstance(value, Decimal) else value
