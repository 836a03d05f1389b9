"""What rules are about: entities in a tree (a claim belongs to a person, a person to a household), and facts known of them.

A tree has one root: a household, an employer, a building, a course. Every row below it carries the number of the row it belongs to and the
number of its root's row, so that whole roots can be decided alone and a table can be cut between any two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zhida.kernel.text import Text

Kind = Literal["bool", "number", "date", "code"]

# What a column of the snapshot holds -> how formulas see it.
KINDS: dict[str, Kind] = {
    "bool": "bool",
    "boolean": "bool",
    "date": "date",
    "month": "date",
    "code": "code",
    "integer": "number",
    "decimal": "number",
    "money": "number",
    "money_yuan": "number",
    "area": "number",
    "area6": "number",
    "area12": "number",
    "household_no": "number",
    "digits": "number",
    "resident": "number",
    # The number of an organisation stays outside formulas; whether there is one is a fact: == "none" or == "present".
    "organisation": "code",
}


@dataclass(frozen=True, eq=False)
class Entity:
    """A table of the snapshot. ``plural`` is what its parent calls its rows: ``household.members``, ``person.claims``.

    key: the column that numbers its rows, by itself ``<name>_no`` (a person's is ``resident_no``). A number stands once in the table.
    """

    name: str
    plural: str
    parent: Entity | None = None
    label: Text | None = None
    key: str = ""
    children: list[Entity] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", "resident_no" if self.name == "person" else f"{self.name}_no")
        if self.parent is not None:
            self.parent.children.append(self)

    @property
    def root(self) -> Entity:
        """The entity at the top of the tree."""
        return self if self.parent is None else self.parent.root

    @property
    def above(self) -> list[str]:
        """Names of the groups a row belongs to, nearest first."""
        return [] if self.parent is None else [self.parent.name, *self.parent.above]

    def tree(self) -> list[Entity]:
        """List the entity and all below it, a parent before its children."""
        # The newest of a name wins, so that tests may build a second tree on the same root.
        newest = {child.name: child for child in self.children}
        return [self, *(entity for child in newest.values() for entity in child.tree())]

    def child(self, plural: str) -> Entity | None:
        # The newest wins, as in tree().
        return next((child for child in reversed(self.children) if child.plural == plural), None)


NO_LABEL = Text("", "")

# The tree of residents that callers mean who name none: Batch.from_arrow, HouseholdFacts.
HOUSEHOLD = Entity("household", "households")
Entity("claim", "claims", Entity("person", "members", HOUSEHOLD))


@dataclass(frozen=True)
class FactDefinition:
    """One column of the snapshot, as formulas may use it.

    dtype: a key of KINDS. unit: for numbers (``fen/month``, ``m2``, ``month`` …; yuan is read as fen).
    scale: decimals of the whole number in the column (an area in hundredths of m2 has 2). codes: position 1.. in the column; 0 is ``none``.
    absent, department, record_type and label are carried for explanations only.
    """

    name: str
    entity: str
    dtype: str
    unit: str = ""
    scale: int = 0
    codes: tuple[str, ...] = ()
    label: Text = NO_LABEL
    absent: object = None
    department: str = ""
    record_type: str = ""
    code_labels: tuple[Text, ...] = ()

    @property
    def kind(self) -> Kind:
        return KINDS[self.dtype]


def _house(name: str, entity: str, dtype: str, unit: str, zh: str, en: str) -> FactDefinition:
    return FactDefinition(name, entity, dtype, unit, label=Text(zh, en), department="police", record_type="resident")


def identity_facts(entity: Entity) -> list[FactDefinition]:
    """List the columns by which a row is told apart and belongs: its own number, its parent's and its root's."""
    owners = {owner.key: owner for owner in (entity, entity.parent, entity.root) if owner is not None}
    return [
        FactDefinition(key, entity.name, "digits", "id", label=Text(f"{_label(owner).zh}编号", f"Number of the {_label(owner).en.lower()}"))
        for key, owner in owners.items()
    ]


def _label(entity: Entity) -> Text:
    return entity.label or Text(entity.name, entity.name)


# Columns every snapshot of the residents has beside what the contracts declare.
HOUSE_FACTS = (
    _house("resident_no", "person", "resident", "id", "居民编号", "Resident number"),
    _house("household_no", "person", "household_no", "id", "户号", "Household number"),
    _house("is_head", "person", "bool", "", "户主", "Head of the household"),
    _house("hukou_local", "person", "bool", "", "本市户籍", "Registered in the city"),
    _house("district", "person", "area6", "", "居住区县", "District of residence"),
    _house("community", "person", "area12", "", "居住社区", "Community of residence"),
    _house("household_no", "household", "household_no", "id", "户号", "Household number"),
    _house("head_resident_no", "household", "resident", "id", "户主编号", "Head of the household"),
    _house("district", "household", "area6", "", "居住区县", "District of residence"),
    _house("street", "household", "area", "", "居住街道", "Street of residence"),
    _house("community", "household", "area12", "", "居住社区", "Community of residence"),
    # True, or unknown while a row of the resident register that names this household waits to be corrected.
    _house("members_complete", "household", "bool", "", "家庭成员齐全", "All members registered"),
    _house("claim_no", "claim", "digits", "id", "结算单号", "Claim number"),
    _house("resident_no", "claim", "resident", "id", "居民编号", "Resident number"),
    _house("household_no", "claim", "household_no", "id", "户号", "Household number"),
)
