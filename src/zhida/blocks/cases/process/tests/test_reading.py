"""What a file must have to run here; everything else is refused with a sentence that names the element."""

from xml.sax.saxutils import escape

import pytest

from zhida.blocks.cases.process import ProcessRefused, Running, read_process
from zhida.blocks.cases.process.tests.drawing import HEAD, bpmn, chain, drawn, flow, node, timer

TASK = node("userTask", "a", name="登记")


def refusal(xml: bytes) -> ProcessRefused:
    with pytest.raises(ProcessRefused) as caught:
        read_process(xml, "birth.bpmn")
    return caught.value


def test_a_process_knows_its_elements_and_its_version() -> None:
    lanes = '<laneSet id="ls"><lane id="l" name="公安"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    note = '<textAnnotation id="n"><text>注</text></textAnnotation><association id="as" sourceRef="a" targetRef="n"/>'
    xml = bpmn(lanes, TASK, note, '<dataObject id="do"/><dataObjectReference id="dor" dataObjectRef="do"/>', chain("s", "a", "e"))
    process = read_process(xml, "birth.bpmn")
    assert (process.elements["a"].kind, process.elements["a"].name, process.elements["a"].lane) == ("userTask", "登记", "公安")
    assert set(process.elements) == {"s", "a", "e"}
    assert process.hash == read_process(xml, "copy.bpmn").hash != read_process(xml + b"\n", "birth.bpmn").hash
    assert not process.has_diagram


def test_what_other_tools_write_beside_the_steps_is_passed_over() -> None:
    extension = '<extensionElements><c:properties><c:property name="x" value="${y}"/></c:properties></extensionElements>'
    form = '<userTask id="b" c:assignee="demo" c:formKey="embedded:x"><documentation>text</documentation></userTask>'
    running = Running.start(drawn(extension, TASK, form, chain("s", "a", "b", "e")), {})
    assert running.waiting[0].element == "a"


SUPPORTED_ELSEWHERE = [
    "scriptTask callActivity receiveTask eventBasedGateway complexGateway transaction adHocSubProcess intermediateThrowEvent",
    "choreographyTask subChoreography callChoreography",
]


@pytest.mark.parametrize("kind", " ".join(SUPPORTED_ELSEWHERE).split())
def test_an_element_that_does_not_run_here_is_refused_by_name(kind: str) -> None:
    error = refusal(bpmn(node(kind, "x1", name="算一算"), chain("s", "x1", "e")))
    assert error.element == "x1"
    for text in (error.text.zh, error.text.en):
        assert "birth.bpmn" in text and kind in text and "x1" in text and "算一算" in text


EVENTS = ["message", "signal", "conditional", "error", "escalation", "compensate", "cancel", "link"]


@pytest.mark.parametrize("word", EVENTS)
@pytest.mark.parametrize("kind", ["startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"])
def test_only_timers_and_plain_events_run(kind: str, word: str) -> None:
    event = node(kind, "x1", f"<{word}EventDefinition/>", name="收到", **({"attachedToRef": "a"} if kind == "boundaryEvent" else {}))
    error = refusal(bpmn(TASK, event, chain("s", "a", "e")))
    assert error.element == "x1" and f"{word}EventDefinition" in error.text.en and "收到" in error.text.zh


def in_days(duration: str, days: str, word: str = "timeDuration") -> str:
    waiting = timer("intermediateCatchEvent", "x1", duration, word=word)
    return waiting.replace(f"<{word}>", f'<{word} xmlns:zhida="urn:zhida:bpmn" zhida:days="{days}">')


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (node("userTask", "x1", "<standardLoopCharacteristics/>"), "standardLoopCharacteristics"),
        (node("subProcess", "x1", '<multiInstanceLoopCharacteristics isSequential="true"/>'), "multiInstanceLoopCharacteristics"),
        (node("subProcess", "x1", triggeredByEvent="true"), "triggeredByEvent"),
        (node("userTask", "x1", isForCompensation="true"), "isForCompensation"),
        (node("userTask", "x1", startQuantity="2"), "startQuantity"),
        (node("startEvent", "x1", "<timerEventDefinition/>"), "timerEventDefinition"),
        (node("endEvent", "x1", "<eventDefinitionRef>q</eventDefinitionRef>"), "eventDefinitionRef"),
        (timer("intermediateCatchEvent", "x1", "R3/PT1H", word="timeCycle"), "not one duration or date"),
        (timer("intermediateCatchEvent", "x1", "three days"), "three days"),
        (timer("intermediateCatchEvent", "x1", "PT0S"), "PT0S"),
        (timer("intermediateCatchEvent", "x1", "2026-02-30", word="timeDate"), "2026-02-30"),
        (in_days("P1M", "working"), "the timer 'P1M' with days=working"),
        (in_days("P0D", "working"), "the timer 'P0D' with days=working"),
        (in_days("P1001D", "working"), "the timer 'P1001D'"),
        (in_days("P5D", "calendar"), 'Write working days as <timeDuration zhida:days="working">P5D'),
        (in_days("2026-03-01", "working", word="timeDate"), "days=working"),
        (node("intermediateCatchEvent", "x1"), "exactly one timer"),
        (node("subProcess", "x1", node("scriptTask", "x1s")), "x1s"),
    ],
)
def test_a_part_that_does_not_run_here_is_refused_with_its_element(part: str, says: str) -> None:
    error = refusal(bpmn(part, chain("s", "x1", "e")))
    assert says in error.text.en and "x1" in error.element


GATE = node("exclusiveGateway", "g", default="g-e")


@pytest.mark.parametrize(
    ("parts", "element", "says"),
    [
        ([], "s", "is left by no sequence flow"),
        ([flow("s", "nowhere")], "s-nowhere", "'nowhere' that does not exist"),
        ([TASK, chain("s", "a")], "e", "is entered by no sequence flow"),
        ([TASK, chain("s", "e")], "a", "is entered by no sequence flow"),
        ([TASK, chain("s", "a", "e"), node("endEvent", "s")], "s", "another element has too"),
        ([TASK, chain("s", "a", "e"), "<userTask/>"], "", "has no id"),
        ([TASK, chain("s", "a", "e"), flow("a", "e", key="twice")], "twice", "joins the same two elements"),
        ([TASK, node("userTask", "b"), chain("s", "e"), chain("a", "b", "a")], "a", "cannot be reached"),
        ([TASK, node("userTask", "b"), chain("s", "e"), chain("s", "a", "b", "a")], "a", "never reach an end"),
        ([node("startEvent", "s2"), chain("s", "e"), chain("s2", "e")], "p", "has 2 start events"),
        ([TASK, chain("s", "a"), flow("a", "e", "x > 1")], "a-e", "does not leave an exclusive or inclusive gateway"),
        ([GATE, TASK, chain("s", "g", "e"), chain("g", "a", "e")], "g-a", "no condition and is not its default"),
        (
            [GATE, TASK, chain("s", "g"), flow("g", "e", "x > 1"), flow("g", "a", "x > 2"), chain("a", "e")],
            "g-e",
            "cannot have a condition",
        ),
        ([node("exclusiveGateway", "g", default="q"), chain("s", "g", "e")], "g", "default flow 'q'"),
        ([timer("boundaryEvent", "t", "P1D", attachedToRef="s"), chain("s", "e"), chain("t", "e")], "t", "attached to 's'"),
        ([node("subProcess", "u", node("startEvent", "i") + flow("i", "e")), chain("s", "u", "e")], "i-e", "border of a sub-process"),
        ([node("subProcess", "u", TASK), chain("s", "u", "e")], "u", "has 0 start events"),
        ([node("subProcess", "u", node("startEvent", "i")), chain("s", "u", "e")], "u", "has no end event"),
    ],
)
def test_a_diagram_that_hangs_together_badly_is_refused(parts: list[str], element: str, says: str) -> None:
    error = refusal(bpmn(*parts))
    assert says in error.text.en
    assert error.element == element


def test_a_circle_without_a_task_is_refused_and_one_with_a_task_runs() -> None:
    ways = (node("exclusiveGateway", "g", default="g-e"), node("exclusiveGateway", "m"), chain("s", "m"), chain("g", "e"))
    error = refusal(bpmn(*ways, chain("m", "g"), flow("g", "m", "true")))
    assert error.element in ("g", "m") and "circle" in error.text.en
    past = timer("intermediateCatchEvent", "t", "2020-01-01", word="timeDate")
    assert "circle" in refusal(bpmn(*ways, past, chain("m", "t", "g"), flow("g", "m", "true"))).text.en
    assert Running.start(drawn(*ways, TASK, chain("m", "a", "g"), flow("g", "m", "true")), {}).waiting


@pytest.mark.parametrize(
    ("condition", "language"),
    [("x >", ""), ("__import__('os').system('x')", ""), ("${x == 1}", ""), ("x = 1", "http://www.w3.org/1999/XPath")],
)
def test_a_condition_that_is_not_our_feel_is_refused(condition: str, language: str) -> None:
    written = f'<conditionExpression language="{language}">{escape(condition)}</conditionExpression>'.replace(' language=""', "")
    way = node("sequenceFlow", "f1", written, sourceRef="g", targetRef="a")
    error = refusal(bpmn(GATE, TASK, chain("s", "g", "e"), way, chain("a", "e")))
    assert error.element == "f1" and "FEEL" in error.text.zh


def test_the_one_executable_process_is_chosen() -> None:
    def process(key: str, executable: str) -> str:
        inside = node("startEvent", f"s{key}") + node("endEvent", f"e{key}") + chain(f"s{key}", f"e{key}")
        return node("process", key, inside, isExecutable=executable)

    def together(*processes: str) -> bytes:
        return f"{HEAD}{''.join(processes)}</definitions>".encode()

    assert read_process(together(process("p1", "false")), "x").id == "p1"
    assert read_process(together(process("p1", "false"), process("p2", "true")), "x").id == "p2"
    assert "none marked executable" in refusal(together(process("p1", "false"), process("p2", "false"))).text.en
    assert "2 executable processes" in refusal(together(process("p1", "true"), process("p2", "true"))).text.en
    assert "no process" in refusal(together()).text.en
