"""The reference models of the BPMN Model Interchange Working Group, A and B series: each is read or refused as docs/bpmn.md says.

The files are the originals (miwg/README.md: source and licence). The table of docs/bpmn.md is the list of cases.
"""

import hashlib
import re
from pathlib import Path

import pytest
from lxml import etree

from zhida.blocks.cases.process import Process, ProcessRefused, Running, read_process, with_diagram
from zhida.blocks.cases.process.safe import MODEL

FOLDER = Path(__file__).parent / "miwg"
PAGE = Path(__file__).resolve().parents[6] / "docs" / "bpmn.md"
# Model, the process marked as the one to run (or none), the answer, what the sentence names.
ROW = re.compile(r"^\| ([AB]\.\d\.\d) \| (?:as it is|`([^`]+)` marked) \| (runs|refused) \|(.*)\|$", re.MULTILINE)
TABLE = [(name, marked, answer, tuple(re.findall(r"`([^`]+)`", named))) for name, marked, answer, named in ROW.findall(PAGE.read_text())]


def original(name: str) -> bytes:
    return (FOLDER / f"{name}.bpmn").read_bytes()


def processes(name: str) -> list[str]:
    return [node.get("id", "") for node in etree.fromstring(original(name)).findall(f"{{{MODEL}}}process")]


def with_mark(name: str, key: str) -> bytes:
    """Return a model with one of its processes marked as the one to run, as the refusal asks; without a key, as it is."""
    if not key:
        return original(name)
    root = etree.fromstring(original(name))
    (chosen,) = [node for node in root.findall(f"{{{MODEL}}}process") if node.get("id") == key]
    chosen.set("isExecutable", "true")
    return etree.tostring(root)


def named(process: Process, name: str) -> str:
    """Return the id of the one element with this name."""
    (key,) = [element.id for element in process.elements.values() if element.name == name]
    return key


def test_the_files_are_the_ones_their_readme_names() -> None:
    listed = dict(re.findall(r"^\| (\S+\.bpmn) \| `(\w{64})` \|$", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.bpmn")}


def test_the_table_answers_for_each_model_and_each_of_several_processes() -> None:
    several = [(path.stem, key) for path in FOLDER.glob("*.bpmn") if len(keys := processes(path.stem)) > 1 for key in keys]
    whole = [(path.stem, "") for path in FOLDER.glob("*.bpmn")]
    assert sorted((name, marked) for name, marked, _, _ in TABLE) == sorted(whole + several)
    assert len(whole) == 8


@pytest.mark.parametrize(("name", "marked", "answer", "words"), TABLE)
def test_each_model_is_read_or_refused_with_a_sentence_that_names_the_element(
    name: str, marked: str, answer: str, words: tuple[str, ...]
) -> None:
    xml = with_mark(name, marked)
    if answer == "runs":
        read = read_process(xml, f"{name}.bpmn")
        assert read.people and read.has_diagram and with_diagram(read) == xml
        return
    with pytest.raises(ProcessRefused) as caught:
        read_process(xml, f"{name}.bpmn")
    refusal = caught.value
    assert words and all(word in refusal.text.en for word in words)
    assert refusal.element in refusal.text.en and refusal.element in refusal.text.zh
    assert etree.fromstring(xml).xpath("count(//*[@id = $key])", key=refusal.element) == 1


@pytest.mark.parametrize(("name", "marked"), [(name, marked) for name, marked, answer, _ in TABLE if answer == "runs"])
def test_each_model_that_is_read_runs_to_its_end(name: str, marked: str) -> None:
    running = Running.start(read_process(with_mark(name, marked), name), {})
    while running.waiting:
        running.complete(running.waiting[0].token, {})
    assert running.is_done


@pytest.mark.parametrize("name", ["A.4.0", "A.4.1"])
def test_the_pool_with_lanes_and_sub_processes_takes_both_of_its_ways(name: str) -> None:
    read = read_process(with_mark(name, processes(name)[1]), name)
    running = Running.start(read, {})
    assert read.elements[named(read, "Task 3")].lane
    while running.waiting:
        running.complete(running.waiting[0].token, {})
    wanted = {named(read, word) for word in ("Expanded Sub-Process 1", "Expanded Sub-Process 2", "Task 4", "Task 5", "Task 6")}
    assert running.is_done and wanted <= running.done
