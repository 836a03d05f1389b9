"""The reference models of the BPMN Model Interchange Working Group, A and B series, told again: each loads or is refused by name.

Retold with the element kinds, names and joins of bpmn-miwg/bpmn-miwg-test-suite (CC BY 3.0), not the files themselves: docs/bpmn.md says
how to put the files through. What makes a model load or not is in these lines; its coordinates are not.
"""

import pytest

from zhida.blocks.cases.process import ProcessRefused, Running, read_process, with_diagram
from zhida.blocks.cases.process.tests.drawing import HEAD, chain, flow, node

PLAIN = {"isExecutable": "false"}
MESSAGE, ESCALATION, CONDITIONAL = (f"<{word}EventDefinition/>" for word in ("message", "escalation", "conditional"))
TIMER = "<timerEventDefinition><timeDate/></timerEventDefinition>"


def model(*processes: str, beside: str = "", attributes: str = "") -> bytes:
    return f"{HEAD[:-1]} {attributes}>{beside}{''.join(processes)}</definitions>".encode()


def process(key: str, *parts: str, name: str = "") -> str:
    return node("process", key, "".join(parts), **PLAIN, **({"name": name} if name else {}))


def named(kind: str, key: str, name: str, inner: str = "", **attributes: str) -> str:
    return node(kind, key, inner, name=name, **attributes)


def tasks(*numbers: int) -> str:
    usual = {"completionQuantity": "1", "isForCompensation": "false", "startQuantity": "1"}
    return "".join(named("task", f"t{number}", f"Task {number} ", **usual) for number in numbers)


ENDS = named("startEvent", "s", "Start Event") + named("endEvent", "e", "End Event")
LANES = '<laneSet id="ls"><lane id="l1" name="Lane 1"><flowNodeRef>t3</flowNodeRef></lane></laneSet>'


def sub(key: str, name: str, number: int) -> str:
    inside = node("startEvent", f"{key}s") + tasks(number) + node("endEvent", f"{key}e") + chain(f"{key}s", f"t{number}", f"{key}e")
    return named("subProcess", key, name, inside, triggeredByEvent="false")


def two_pools(first: str, second: str) -> bytes:
    pool_1 = process("WFP-6-1", ENDS, tasks(1, 2), chain("s", "t1", "t2", "e"), name=first)
    inside = named("startEvent", "s2", "Start Event 2") + named("endEvent", "e2", "End Event 2") + named("endEvent", "e5", "End Event 5")
    steps = tasks(3, 5) + sub("u1", "Expanded Sub-Process 1", 4) + sub("u2", "Expanded Sub-Process 2", 6)
    flows = chain("s2", "t3", "u1", "t5", "e2") + chain("t3", "u2", "e5")
    told = named("messageFlow", "mf", "Message Flow 1", sourceRef="t1", targetRef="t3")
    pools = node("collaboration", "c", named("participant", "pa", "Pool", processRef="WFP-6-1") + told)
    return model(pool_1, process("WFP-6-2", LANES, inside, steps, flows, name=second), beside=pools)


SPLIT = chain("s", "t1", "split", "t2", "e") + chain("split", "t3", "merge", "e") + chain("split", "t4", "merge")
GATES = named("exclusiveGateway", "merge", "Gateway (Merge Flows)")
XPATH = '<conditionExpression language="http://www.w3.org/1999/XPath">true</conditionExpression>'

MODELS = {
    "A.1.0": model(process("WFP-6-", ENDS, tasks(1, 2, 3), chain("s", "t1", "t2", "t3", "e"))),
    "A.2.0": model(process("WFP-6-", ENDS, tasks(1, 2, 3, 4), named("exclusiveGateway", "split", "Gateway (Split Flow)"), GATES, SPLIT)),
    "A.2.1": model(
        process(
            "WFP-6-",
            ENDS,
            tasks(1, 3, 4),
            named("task", "t2", "Task 2", default="t2-t3"),
            named("exclusiveGateway", "split", "Gateway\r\n(Split Flow)", default="split-t2"),
            GATES,
            SPLIT.replace(flow("t2", "e"), named("sequenceFlow", "t2-e", "Condition", XPATH, sourceRef="t2", targetRef="e")),
            flow("t2", "t3"),
        ),
        attributes='expressionLanguage="http://groovy.codehaus.org/"',
    ),
    "A.3.0": model(
        process(
            "WFP-6-",
            ENDS,
            tasks(1, 2, 3, 4),
            named("subProcess", "u", "Collapsed  Sub-Process", triggeredByEvent="false"),
            named(
                "boundaryEvent",
                "b1",
                "Boundary Intermediate Event Non-Interrupting Message",
                MESSAGE,
                attachedToRef="u",
                cancelActivity="false",
            ),
            named("boundaryEvent", "b2", "Boundary Intermediate Event Interrupting Escalation", ESCALATION, attachedToRef="u"),
            named("endEvent", "e2", "End Event 2"),
            chain("s", "t1", "u", "t2", "e") + chain("b1", "t3", "e") + chain("b2", "t4", "e2"),
        )
    ),
    "A.4.0": two_pools("", ""),
    "A.4.1": two_pools("Pool 1", "Pool 2"),
    "B.1.0": model(
        process("called", ENDS, tasks(4), chain("s", "t4", "e")),
        process(
            "WFP-6-1", named("startEvent", "st", "Start Event Timer", TIMER), named("endEvent", "e1", "End Event None 1"), chain("st", "e1")
        ),
        process(
            "WFP-6-2", named("startEvent", "sm", "Start Event Message", MESSAGE), named("callActivity", "ca", "Call Activity Collapsed")
        ),
        beside='<dataStore id="ds" name="Data Store Reference"/>',
    ),
    "B.2.0": model(
        process("called", named("startEvent", "s3", "Start Event 3"), named("startEvent", "s4", "Start Event 4 Conditional", CONDITIONAL)),
        process("WFP-6-1", named("startEvent", "s1", "Start Event 1 Timer", TIMER)),
        process("WFP-6-2", named("eventBasedGateway", "eg", "Event Base Gateway 3")),
        beside='<globalUserTask id="gt" name="Call Activity calling a Global User Task"/>',
    ),
}
# What the sentence about each model names; nothing for one that loads.
NAMED = {
    "A.1.0": [],
    "A.2.0": ["gateway split", "split-t2", "no condition"],
    "A.2.1": ["'Condition'", "XPath"],
    "A.3.0": ["'Boundary Intermediate Event Non-Interrupting Message'", "messageEventDefinition"],
    "A.4.0": ["2 processes", "WFP-6-1", "WFP-6-2", "none marked executable"],
    "A.4.1": ["2 processes", "Pool 1", "Pool 2", "none marked executable"],
    "B.1.0": ["3 processes", "WFP-6-2", "none marked executable"],
    "B.2.0": ["3 processes", "WFP-6-2", "none marked executable"],
}


@pytest.mark.parametrize("name", MODELS)
def test_each_model_loads_or_is_refused_with_a_sentence_that_names_the_element(name: str) -> None:
    if not NAMED[name]:
        assert read_process(MODELS[name], f"{name}.bpmn").people
        return
    with pytest.raises(ProcessRefused) as caught:
        read_process(MODELS[name], f"{name}.bpmn")
    for words in NAMED[name]:
        assert words in caught.value.text.en


def executable(name: str, key: str) -> bytes:
    """Return a model with one of its processes marked as the one to run, as the refusal asks."""
    return MODELS[name].replace(f'id="{key}" isExecutable="false"'.encode(), f'id="{key}" isExecutable="true"'.encode())


@pytest.mark.parametrize("name", ["A.4.0", "A.4.1"])
def test_a_model_with_two_pools_runs_once_one_of_them_is_marked(name: str) -> None:
    """Its sub-processes, implicit parallel split, lanes, pools and message flows are then all in order."""
    read = read_process(executable(name, "WFP-6-2"), name)
    running = Running.start(read, {})
    assert read.elements["t3"].lane == "Lane 1"
    while running.waiting:
        running.complete(running.waiting[0].token, {})
    assert running.is_done and {"u1", "u2", "t4", "t5", "t6", "e2", "e5"} <= running.done
    assert b"BPMNShape" in with_diagram(read)


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("B.1.0", "WFP-6-2", "'Start Event Message'"),
        ("B.2.0", "WFP-6-2", "'Event Base Gateway 3'"),
        ("B.2.0", "called", "'Start Event 4 Conditional'"),
    ],
)
def test_a_marked_process_of_the_b_series_is_refused_for_what_it_holds(name: str, key: str, says: str) -> None:
    with pytest.raises(ProcessRefused, match=says):
        read_process(executable(name, key), name)
