"""Files made to harm: each is refused with a sentence, in little time, and nothing in it is executed or fetched."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from zhida.blocks.cases.process import ProcessRefused, read_process
from zhida.blocks.cases.process.safe import MAX_BYTES
from zhida.blocks.cases.process.tests.drawing import bpmn, chain, flow, node


def extended(inside: str) -> str:
    return f"<extensionElements>{inside}</extensionElements>"


PLAIN = bpmn(chain("s", "e")).decode()
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
TASK = chain("s", "a", "e")


def with_doctype(doctype: str, name: str = "") -> bytes:
    return (doctype + PLAIN.replace('id="p"', f'id="p" name="{name}"')).encode()


def many(count: int) -> bytes:
    keys = [f"t{number}" for number in range(count)]
    return bpmn(*(node("userTask", key) for key in keys), chain("s", *keys, "e"))


HOSTILE = {
    "entity bomb": with_doctype(f'<!DOCTYPE definitions [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),
    "entity from a file": with_doctype('<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
    "external document type": with_doctype('<!DOCTYPE definitions SYSTEM "http://localhost:9/x.dtd">'),
    "bare document type": with_doctype("<!DOCTYPE definitions>"),
    "script task": bpmn(node("scriptTask", "a", "<script>import os; os.abort()</script>", scriptFormat="python"), TASK),
    "script inside a task": bpmn(node("userTask", "a", "<script>1</script>"), TASK),
    "listener with an expression": bpmn(
        node("userTask", "a", extended('<c:executionListener expression="${x.run()}" event="start"/>')), TASK
    ),
    "listener on the process": bpmn(extended('<c:executionListener class="X" event="start"/>'), chain("s", "e")),
    "listener on a flow": bpmn(node("sequenceFlow", "a", extended("<c:taskListener/>"), sourceRef="s", targetRef="e")),
    "class of another engine": bpmn('<serviceTask id="a" c:class="com.example.Run"/>', TASK),
    "expression of another engine": bpmn('<serviceTask id="a" c:expression="${x.run()}"/>', TASK),
    "script of an input": bpmn(node("serviceTask", "a", extended("<c:inputParameter><c:script>1</c:script></c:inputParameter>")), TASK),
    "assignment of data": bpmn(
        node("userTask", "a", "<dataInputAssociation><assignment><from>x</from></assignment></dataInputAssociation>"), TASK
    ),
    "python in a condition": bpmn(node("exclusiveGateway", "a"), chain("s", "a"), flow("a", "e", "__import__('os').abort()")),
    "python in a timer": bpmn(
        node(
            "intermediateCatchEvent",
            "a",
            "<timerEventDefinition><timeDuration>__import__('os').abort()</timeDuration></timerEventDefinition>",
        ),
        TASK,
    ),
    "a condition of a million signs": bpmn(node("exclusiveGateway", "a"), chain("s", "a"), flow("a", "e", "(" * 1_000_000)),
    "deep condition": bpmn(node("exclusiveGateway", "a"), chain("s", "a"), flow("a", "e", "not(" * 20_000 + "x" + ")" * 20_000)),
    "deep nesting": bpmn("<subProcess>" * 5_000 + "</subProcess>" * 5_000),
    "deep sub-processes": bpmn("".join(f'<subProcess id="u{n}">' for n in range(200)) + "</subProcess>" * 200),
    "a hundred thousand elements": many(100_000),
    "two thousand elements": many(2_000),
    "too large": b"<a>" + b" " * MAX_BYTES + b"</a>",
    "circle of gateways": bpmn(
        node("exclusiveGateway", "a", default="a-e"), node("parallelGateway", "b"), chain("s", "b", "a", "e"), flow("a", "b", "true")
    ),
    "flow to nowhere": bpmn(flow("s", "x")),
    "flow from nowhere": bpmn(chain("s", "e"), flow("x", "e")),
    "flow without ends": bpmn(chain("s", "e"), '<sequenceFlow id="a"/>'),
    "nothing": b"",
    "no xml": b"\x00\x01PK",
    "half a file": PLAIN[:-20].encode(),
    "wrong encoding": b'<?xml version="1.0" encoding="utf-16"?><a/>',
    "another language": b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
    "foreign element": bpmn('<c:run id="a"/>', chain("s", "e")),
    "a start that waits for itself": bpmn(chain("s", "e", "s")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence(name: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(ProcessRefused) as caught:
        read_process(HOSTILE[name], "upload.bpmn")
    assert time.perf_counter() - begin < 1
    text = caught.value.text
    assert text.zh.startswith("流程文件 upload.bpmn：") and text.zh.endswith("。") and len(text.zh) < 400
    assert text.en.startswith("Process file upload.bpmn: ") and text.en.endswith(".") and len(text.en) < 500
    assert "root:" not in text.en, "nothing of this machine's files"


def test_no_script_engine_is_loaded_with_a_process(tmp_path: Path) -> None:
    """The kept engine's Python script engine and BPMN parser, which would evaluate a file's text, are never imported."""
    code = "import sys, zhida.blocks.cases.process; print([m for m in sys.modules if m.startswith('SpiffWorkflow.bpmn')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
