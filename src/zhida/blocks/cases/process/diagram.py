"""A process as the page's drawing takes it (components/process_diagram.html): its file, and how far each step is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from zhida.blocks.cases.process.layout import with_diagram
from zhida.blocks.cases.process.model import Process
from zhida.blocks.cases.process.safe import safe_xml

STATES = frozenset({"done", "waiting", "late", "refused", "undone"})


@dataclass(frozen=True)
class Diagram:
    """What the drawing needs: ``key`` is the id of its data on the page."""

    key: str
    data: dict[str, Any]


def diagram_of(
    process: Process,
    states: Mapping[str, str],
    notes: Mapping[str, str],
    key: str = "process-diagram",
    names: Mapping[str, str] | None = None,
) -> Diagram:
    """Return a process with the states of its elements (see STATES; others are drawn plain) and short notes, as days left.

    names: what elements are called on the drawing instead of what the file calls them, by id: in the reader's language.
    """
    shown = {element: state for element, state in states.items() if state in STATES}
    drawing = safe_xml(with_diagram(process), process.place)
    for element in drawing.iter() if names else ():
        if element.get("id") in names and element.get("name"):
            element.set("name", names[element.get("id")])
    xml = etree.tostring(drawing, encoding="unicode")
    return Diagram(key, {"xml": xml, "states": shown, "notes": dict(notes)})
