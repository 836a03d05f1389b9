"""A process as it was read: elements, flows and their conditions. It never changes and is known by the hash of its file."""

from dataclasses import dataclass
from functools import cached_property

from zhida.blocks.cases.process.timers import Timer
from zhida.engine.feel import Expression

PEOPLE = frozenset({"userTask", "manualTask", "task"})
AUTOMATIC = frozenset({"serviceTask", "sendTask"})
TABLES = frozenset({"businessRuleTask"})
TASKS = PEOPLE | AUTOMATIC | TABLES
CHOICES = frozenset({"exclusiveGateway", "inclusiveGateway"})
GATEWAYS = CHOICES | {"parallelGateway"}


@dataclass(frozen=True)
class Element:
    """One node of the diagram. ``kind`` is BPMN's own word for it (``userTask``); ``scope`` the sub-process it lies in."""

    id: str
    kind: str
    name: str
    scope: str = ""
    lane: str = ""
    default: str = ""
    timer: Timer | None = None
    attached_to: str = ""
    interrupting: bool = True
    terminates: bool = False

    @property
    def work(self) -> str:
        """Return who does it: ``person``, ``automatic``, ``table``; empty for events and gateways."""
        if self.kind in PEOPLE:
            return "person"
        if self.kind in AUTOMATIC:
            return "automatic"
        return "table" if self.kind in TABLES else ""


@dataclass(frozen=True)
class Flow:
    """An arrow from an element to the next one, with its condition where it has one."""

    id: str
    name: str
    source: str
    target: str
    condition: Expression | None = None


@dataclass(frozen=True, eq=False)
class Process:
    """A checked process. ``hash`` (SHA-256 of the file) names the version; two of the same hash are equal."""

    id: str
    name: str
    place: str
    hash: str
    xml: bytes
    elements: dict[str, Element]
    flows: tuple[Flow, ...]
    has_diagram: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Process) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    @cached_property
    def people(self) -> frozenset[str]:
        """Return the ids of what people do."""
        return self._of(PEOPLE)

    @cached_property
    def automatic(self) -> frozenset[str]:
        """Return the ids of what happens without a person."""
        return self._of(AUTOMATIC)

    @cached_property
    def tables(self) -> frozenset[str]:
        """Return the ids of the decision tables."""
        return self._of(TABLES)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every value the conditions ask for."""
        return frozenset(name for flow in self.flows if flow.condition for name in flow.condition.names)

    @cached_property
    def leaving(self) -> dict[str, tuple[Flow, ...]]:
        """Return the flows that leave each element, in the file's order."""
        return {key: tuple(flow for flow in self.flows if flow.source == key) for key in self.elements}

    @cached_property
    def entering(self) -> dict[str, tuple[Flow, ...]]:
        """Return the flows that enter each element, in the file's order."""
        return {key: tuple(flow for flow in self.flows if flow.target == key) for key in self.elements}

    def _of(self, kinds: frozenset[str]) -> frozenset[str]:
        return frozenset(key for key, element in self.elements.items() if element.kind in kinds)
