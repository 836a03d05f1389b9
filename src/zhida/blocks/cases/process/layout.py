"""A simple left-to-right diagram for a process that was written without one: columns by distance from the start, few crossings.

Columns are longest paths, ways back left aside; a flow that passes columns takes a place in each (Sugiyama's method, one sweep each way).
Sizes are those of bpmn.io's editor, in its pixels.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from lxml import etree

from zhida.blocks.cases.process.model import GATEWAYS, Element, Process
from zhida.blocks.cases.process.safe import BOUNDS, DIAGRAM, EDGES, safe_xml

TASK, EVENT, GATEWAY = (120.0, 80.0), (36.0, 36.0), (50.0, 50.0)
ACROSS, DOWN, PADDING = 60.0, 40.0, 40.0
_EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"})


@dataclass
class Box:
    """Where an element lies; x and y are its upper left corner."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass
class Drawing:
    """Boxes by element and points by flow."""

    boxes: dict[str, Box] = field(default_factory=dict)
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def with_diagram(process: Process) -> bytes:
    """Return the file of a process with a diagram: its own, or a simple one."""
    if process.has_diagram:
        return process.xml
    root = safe_xml(process.xml, process.place)
    drawing = lay_out(process)
    diagram = etree.SubElement(
        root, f"{{{DIAGRAM}}}BPMNDiagram", nsmap={"bpmndi": DIAGRAM, "dc": BOUNDS, "di": EDGES}, id=f"{process.id}_diagram"
    )
    plane = etree.SubElement(diagram, f"{{{DIAGRAM}}}BPMNPlane", id=f"{process.id}_plane", bpmnElement=process.id)
    for key, box in drawing.boxes.items():
        shape = etree.SubElement(plane, f"{{{DIAGRAM}}}BPMNShape", id=f"{key}_shape", bpmnElement=key)
        if process.elements[key].kind == "subProcess":
            shape.set("isExpanded", "true")
        etree.SubElement(shape, f"{{{BOUNDS}}}Bounds", x=f"{box.x:g}", y=f"{box.y:g}", width=f"{box.width:g}", height=f"{box.height:g}")
    for key, points in drawing.points.items():
        edge = etree.SubElement(plane, f"{{{DIAGRAM}}}BPMNEdge", id=f"{key}_edge", bpmnElement=key)
        for x, y in points:
            etree.SubElement(edge, f"{{{EDGES}}}waypoint", x=f"{x:g}", y=f"{y:g}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def lay_out(process: Process) -> Drawing:
    """Return where everything lies. Sub-processes are drawn open, the innermost first."""
    drawing = Drawing()
    scope = _Scope(process, drawing, "")
    scope.arrange()
    scope.draw()
    return drawing


class _Scope:
    """The drawing of one process or sub-process, its upper left corner at 0, 0 until it is moved into its place."""

    def __init__(self, process: Process, drawing: Drawing, scope: str) -> None:
        self.process, self.drawing = process, drawing
        inside = [element for element in process.elements.values() if element.scope == scope]
        self.timers = [element for element in inside if element.attached_to]
        self.inner: dict[str, _Scope] = {}
        self.boxes = {element.id: self._box(element) for element in inside if not element.attached_to}
        self.flows = {flow.id: (flow.source, flow.target) for flow in process.flows if process.elements[flow.source].scope == scope}
        hosts = {timer.id: timer.attached_to for timer in self.timers}
        self.edges = {key: (hosts.get(source, source), target) for key, (source, target) in self.flows.items()}

    def draw(self, x: float = 0.0, y: float = 0.0) -> None:
        """Draw this scope and those in it at a place."""
        for key, box in self.boxes.items():
            box.x += x
            box.y += y
            self.drawing.boxes[key] = box
            if key in self.inner:
                self.inner[key].draw(box.x + PADDING, box.y + PADDING)
        for number, timer in enumerate(self.timers):
            host = self.boxes[timer.attached_to]
            self.drawing.boxes[timer.id] = Box(*EVENT, host.x + host.width - 30 - 44 * (number % 2), host.y + host.height - 18)
        for key, points in self.points.items():
            self.drawing.points[key] = self._ends(key, [(px + x, py + y) for px, py in points])

    def arrange(self) -> tuple[float, float]:
        """Give every box its place in columns and return the size of the whole."""
        back = self._ways_back()
        column = self._columns(back)
        cells: dict[int, list[str]] = defaultdict(list)
        for key, number in column.items():
            cells[number].append(key)
        # A flow that passes columns takes a cell in each, named after the flow.
        passing = {key: self._passing(key, column) for key in self.edges if key not in back}
        neighbours: dict[str, list[str]] = defaultdict(list)
        for key, names in passing.items():
            source, target = self.edges[key]
            for offset, name in enumerate(names):
                cells[column[source] + 1 + offset].append(name)
            for one, other in pairwise([source, *names, target]):
                neighbours[one].append(other)
                neighbours[other].append(one)
        rows = _ordered(cells, neighbours)
        return self._placed(cells, rows, passing, back)

    def _placed(
        self, cells: dict[int, list[str]], rows: dict[str, float], passing: dict[str, list[str]], back: set[str]
    ) -> tuple[float, float]:
        heights = {key: box.height for key, box in self.boxes.items()}
        pitch = max([*heights.values(), TASK[1]]) + DOWN
        top = min(rows.values())
        height = (max(rows.values()) - top) * pitch + pitch - DOWN
        x, centres = 0.0, dict[str, tuple[float, float]]()
        for number in sorted(cells):
            width = max((self.boxes[key].width for key in cells[number] if key in self.boxes), default=EVENT[0])
            for key in cells[number]:
                centre = (x + width / 2, (rows[key] - top) * pitch + (pitch - DOWN) / 2)
                centres[key] = centre
                if key in self.boxes:
                    box = self.boxes[key]
                    box.x, box.y = centre[0] - box.width / 2, centre[1] - box.height / 2
            x += width + ACROSS
        self.points = {key: [centres[name] for name in names] for key, names in passing.items()}
        for lane, key in enumerate(sorted(back)):
            source, target = (self.boxes[name] for name in self.edges[key])
            low = height + 20 + 15 * lane
            self.points[key] = [(source.x + source.width / 2, low), (target.x + target.width / 2, low)]
        return x - ACROSS, height + (20 + 15 * len(back) if back else 0)

    def _box(self, element: Element) -> Box:
        if element.kind == "subProcess":
            scope = _Scope(self.process, self.drawing, element.id)
            self.inner[element.id] = scope
            width, height = scope.arrange()
            return Box(width + 2 * PADDING, height + 2 * PADDING)
        return Box(*(EVENT if element.kind in _EVENTS else GATEWAY if element.kind in GATEWAYS else TASK))

    def _ways_back(self) -> set[str]:
        """Return the flows that close a circle, found depth first from the start."""
        ahead: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key, (source, target) in self.edges.items():
            ahead[source].append((key, target))
        start = next(key for key in self.boxes if self.process.elements[key].kind == "startEvent")
        back: set[str] = set()
        open_, done = {start}, set[str]()
        path = [(start, iter(ahead[start]))]
        while path:
            key, ways = path[-1]
            way = next(ways, None)
            if way is None:
                path.pop()
                open_.discard(key)
                done.add(key)
            elif way[1] in open_:
                back.add(way[0])
            elif way[1] not in done:
                open_.add(way[1])
                path.append((way[1], iter(ahead[way[1]])))
        return back

    def _columns(self, back: set[str]) -> dict[str, int]:
        """Return each element's column: the longest way from the start."""
        ahead: dict[str, list[str]] = defaultdict(list)
        waiting = dict.fromkeys(self.boxes, 0)
        for key, (source, target) in self.edges.items():
            if key not in back:
                ahead[source].append(target)
                waiting[target] += 1
        column = dict.fromkeys(self.boxes, 0)
        free = [key for key, count in waiting.items() if not count]
        while free:
            key = free.pop()
            for other in ahead[key]:
                column[other] = max(column[other], column[key] + 1)
                waiting[other] -= 1
                if not waiting[other]:
                    free.append(other)
        return column

    def _passing(self, key: str, column: dict[str, int]) -> list[str]:
        source, target = self.edges[key]
        return [f"{key}\n{number}" for number in range(column[source] + 1, column[target])]

    def _ends(self, key: str, between: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return a flow's points from border to border."""
        source, target = (self.drawing.boxes[name] for name in self.flows[key])
        below = self.process.elements[self.flows[key][0]].attached_to
        if target.x > source.x or below:
            begin = (source.x + source.width / 2, source.y + source.height) if below else (source.x + source.width, source.middle)
            return [begin, *between, (target.x, target.middle)]
        return [
            (source.x + source.width / 2, source.y + source.height),
            *between,
            (target.x + target.width / 2, target.y + target.height),
        ]


def _ordered(cells: dict[int, list[str]], neighbours: dict[str, list[str]]) -> dict[str, float]:
    """Return the row of each cell, 0 in the middle: each column sorted by the mean row of what it is joined to, to the right and back."""
    rows: dict[str, float] = {}
    columns = sorted(cells)
    for sweep in (columns, columns[::-1], columns):
        for number in sweep:
            names = cells[number]
            mean = {
                key: sum(known) / len(known) if (known := [rows[other] for other in neighbours[key] if other in rows]) else 0.0
                for key in names
            }
            names.sort(key=lambda key: mean[key])
            for index, key in enumerate(names):
                rows[key] = index - (len(names) - 1) / 2
    return rows
