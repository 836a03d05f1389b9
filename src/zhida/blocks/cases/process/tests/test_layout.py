"""A process written without a diagram gets one in which nothing overlaps and every arrow has its ends."""

from hypothesis import given, settings

from zhida.blocks.cases.process import Process, diagram_of, read_process, with_diagram
from zhida.blocks.cases.process.layout import lay_out
from zhida.blocks.cases.process.tests.drawing import chain, drawn, flow, node
from zhida.blocks.cases.process.tests.test_round_trip import blocks, drawing


@settings(max_examples=60, deadline=None)
@given(blocks)
def test_every_element_has_a_place_of_its_own(block: object) -> None:
    process = drawing(block)
    laid = lay_out(process)
    assert set(laid.boxes) == set(process.elements)
    assert set(laid.points) == {flow.id for flow in process.flows}
    places = [(key, box) for key, box in laid.boxes.items() if not process.elements[key].attached_to]
    for number, (one, a) in enumerate(places):
        for other, b in places[number + 1 :]:
            apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            assert apart or _holds(process, one, other) or _holds(process, other, one), (one, other)
    for key, points in laid.points.items():
        assert len(points) >= 2, key


def _holds(process: Process, outer: str, inner: str) -> bool:
    scope = process.elements[inner].scope
    while scope:
        if scope == outer:
            return True
        scope = process.elements[scope].scope
    return False


def test_a_drawn_process_reads_as_the_same_one_and_a_step_lies_right_of_the_one_before() -> None:
    gate = node("exclusiveGateway", "g", default="g-e")
    process = drawn(node("userTask", "a", name="登记"), gate, chain("s", "a", "g", "e"), flow("g", "a", "no"))
    again = read_process(with_diagram(process), "test.bpmn")
    assert again.has_diagram and not process.has_diagram
    assert (again.elements, again.flows) == (process.elements, process.flows)
    assert with_diagram(again) == again.xml
    boxes = lay_out(process).boxes
    assert boxes["s"].x < boxes["a"].x < boxes["g"].x < boxes["e"].x


def test_the_drawing_is_given_only_states_it_knows() -> None:
    process = drawn(node("userTask", "a", name="登记"), chain("s", "a", "e"))
    diagram = diagram_of(process, {"a": "waiting", "s": "odd"}, {"a": "剩 2 天"})
    assert diagram.data["states"] == {"a": "waiting"} and diagram.data["notes"] == {"a": "剩 2 天"}
    assert "登记" in diagram.data["xml"] and "BPMNShape" in diagram.data["xml"]
