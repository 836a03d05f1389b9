"""Whom a life event can be about: what its declaration says, and among whom a resident chooses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.declarations.installed import life_event
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.errors import SubjectUnfit
from zhida.blocks.cases.evidence import Person, persons
from zhida.blocks.cases.rules import age_on, grown_up_by
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.text import Text

DEATHS, WHO_DIED = "death", "id_number"


def is_adult(person: Person) -> bool:
    return person.birth_date <= grown_up_by(clock.today())


def require_fit(declared: LifeEventDeclaration, subject: Person, own_no: int = 0) -> None:
    """Raises: SubjectUnfit where the event cannot be about the subject. own_no: the resident who asks, if one does."""
    for why in unfit(declared, [subject], own_no).values():
        raise SubjectUnfit(declared.label, why)


def unfit(declared: LifeEventDeclaration, people: Sequence[Person], own_no: int = 0) -> dict[int, Text]:
    """Return why the event cannot be about some of the people, and what to do, by their number; those it can be about are left out."""
    dead = _dead(people) if declared.subject.has_died is False else set()
    found = {each.resident_no: _why(declared, each, each.resident_no in dead, each.resident_no == own_no) for each in people}
    return {number: why for number, why in found.items() if why is not None}


def _dead(people: Sequence[Person]) -> set[int]:
    named = records.rows_about(DEATHS, WHO_DIED, [each.id17 for each in people])
    return {each.resident_no for each in people if each.id17 in named}


def _why(declared: LifeEventDeclaration, person: Person, is_dead: bool, is_own: bool) -> Text | None:
    rule, age = declared.subject, age_on(person.birth_date, clock.today())
    if rule.age_below is not None and age >= rule.age_below:
        return Text(
            f"只为不满 {rule.age_below} 周岁的人办；请选对的人，或换一件事。",
            f"it is for somebody younger than {rule.age_below}. Choose that person, or another life event.",
        )
    if rule.age_from is not None and age < rule.age_from:
        return Text(
            f"只为满 {rule.age_from} 周岁的人办；请选对的人，或换一件事。",
            f"it is for somebody of {rule.age_from} or older. Choose that person, or another life event.",
        )
    if is_dead:
        return Text(
            "死亡登记里有这个人；请办身后的事，登记有误的请先到卫生健康部门更正。",
            "the register of deaths names this person. Open the event of a death, or have the health department correct its register.",
        )
    if rule.has_died and is_own:
        return Text(
            "这件事由家人来办，不能选自己；请选去世的家人。", "the family begins it, not the person. Choose the relative who has died."
        )
    return None


def about_whom(declared: LifeEventDeclaration) -> Text | None:
    """Return in words whom the event can be about; nothing where it can be about anybody."""
    rule = declared.subject
    words = [
        Text(f"满 {rule.age_from} 周岁的人", f"somebody of {rule.age_from} or older") if rule.age_from is not None else None,
        Text(f"不满 {rule.age_below} 周岁的人", f"somebody younger than {rule.age_below}") if rule.age_below is not None else None,
        Text("去世的家人", "a relative who has died") if rule.has_died else None,
        Text("在世的人", "somebody who is alive") if rule.has_died is False else None,
    ]
    said = [each for each in words if each is not None]
    return Text("、".join(each.zh for each in said), ", ".join(each.en for each in said)) if said else None


def possible_subjects(viewer: Viewer, event: str) -> list[Person]:
    """List for whom a resident may open a life event: themself and who lives with them, as far as it can be about them.

    Raises: UnknownLifeEvent, PermissionMissing.
    """
    purpose = access.require(viewer, "cases.own")
    declared = life_event(event)
    own = persons([viewer.resident_no or 0]).get(viewer.resident_no or 0)
    if own is None or not is_adult(own):
        return []
    members = [number for number, _ in records.members_of(records.newest_snapshot().hash, own.household_no)]
    access.record_access(viewer, purpose, "cases.subjects", f"resident {own.resident_no}")
    people = list(persons([own.resident_no, *members]).values())
    out = unfit(declared, people, own.resident_no)
    return [each for each in people if each.resident_no not in out]


def unfit_subjects(viewer: Viewer, event: str, resident_nos: Iterable[int]) -> dict[int, Text]:
    """Return for whom of some residents of one's area an event cannot be opened at the counter, and why.

    Raises: UnknownLifeEvent, PermissionMissing, NotYours.
    """
    access.require(viewer, "cases.open")
    people = list(persons(resident_nos).values())
    for each in people:
        access.require_resident(viewer, each.resident_no, each.community)
    return unfit(life_event(event), people)
