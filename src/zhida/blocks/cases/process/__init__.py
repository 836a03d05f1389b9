"""A life event's course as BPMN 2.0: read and checked whole before it runs, then run step by step.

    safe.py      bytes to XML that can do nothing: no entities, no network, limits
    words.py     what each kind of element is called, and why some are refused
    model.py     a Process: elements, flows, timers, conditions
    read.py      XML to a Process; whatever is not supported is refused by name
    checks.py    every element reachable and able to end, no gateway turning in a circle
    soundness.py joins that may wait for ever, for the validator
    timers.py    ISO 8601 durations and dates
    steps.py     a Process as steps of the kept engine (SpiffWorkflow)
    running.py   one case on its way: what waits, what is done, its values
    network.py   which step leads to which; once per version
    state.py     a case's values as JSON
    layout.py    a simple left-to-right diagram where a file has none
    diagram.py   what the page's drawing takes

Nothing in a BPMN file is ever executed: conditions are our own FEEL, and no script engine is loaded (decision 0029).
"""

from zhida.blocks.cases.process.diagram import Diagram, diagram_of
from zhida.blocks.cases.process.errors import ProcessRanAway, ProcessRefused, StateOfAnotherProcess, TokenUnknown, ValueNotKept
from zhida.blocks.cases.process.layout import with_diagram
from zhida.blocks.cases.process.model import Element, Flow, Process
from zhida.blocks.cases.process.read import read_process
from zhida.blocks.cases.process.running import Running, Stuck, Waiting
from zhida.blocks.cases.process.soundness import stuck_joins
from zhida.blocks.cases.process.steps import answer_to

__all__ = [
    "Diagram",
    "Element",
    "Flow",
    "Process",
    "ProcessRanAway",
    "ProcessRefused",
    "Running",
    "StateOfAnotherProcess",
    "Stuck",
    "TokenUnknown",
    "ValueNotKept",
    "Waiting",
    "answer_to",
    "diagram_of",
    "read_process",
    "stuck_joins",
    "with_diagram",
]
