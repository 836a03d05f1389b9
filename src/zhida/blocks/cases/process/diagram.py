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
    language: str = "zh",
) -> Diagram:
    """Return a process with the states of its elements (see STATES; others are drawn plain) and short notes, as days left.

    names: what elements are called on the drawing instead of what the file calls them, by id: in the reader's language.
    language: in any but Chinese, gateways, flows and events are called what their documentation says (id ``<element>_en``).
    """
    shown = {element: state for element, state in states.items() if state in STATES}
    drawing = safe_xml(with_diagram(process), process.place)
    called = {**({} if language == "zh" else _in_english(drawing)), **(names or {})}
    for element in drawing.iter():
        if element.get("name") and element.get("id") in called:
            element.set("name", called[element.get("id")])
    xml = etree.tostring(drawing, encoding="unicode")
    return Diagram(key, {"xml": xml, "states": shown, "notes": dict(notes)})


def _in_english(drawing: etree._Element) -> dict[str, str]:
    """Return what elements are called in English, by id; BPMN has one name for each, so their documentation holds the other."""
    found = {}
    for note in drawing.iter("{*}documentation"):
        owner = note.getparent().get("id")
        if note.text and note.get("id") == f"{owner}_en":
            found[owner] = note.text.strip()
    return found
