"""What rules are about: entities in a tree (a claim belongs to a person, a person to a household), and facts known of them."""

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
    """A table of the snapshot. ``plural`` is what its parent calls its rows: ``household.members``, ``person.claims``."""

    name: str
    plural: str
    parent: Entity | None = None
    label: Text | None = None
    children: list[Entity] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.parent is not None:
            self.parent.children.append(self)

    @property
    def above(self) -> list[str]:
        """Names of the groups a row belongs to, nearest first."""
        return [] if self.parent is None else [self.parent.name, *self.parent.above]

    def child(self, plural: str) -> Entity | None:
        # The newest wins, so that tests may build a second tree on the same root.
        return next((child for child in reversed(self.children) if child.plural == plural), None)


NO_LABEL = Text("", "")


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


# Columns every snapshot has beside what the contracts declare.
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
