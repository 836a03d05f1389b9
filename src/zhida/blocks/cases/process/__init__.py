"""A life event's course as BPMN 2.0: read and checked whole before it runs, then run step by step.

    safe.py      bytes to XML that can do nothing: no entities, no network, limits
    words.py     what each kind of element is called, and why some are refused
    model.py     a Process: elements, flows, timers, conditions
    read.py      XML to a Process; whatever is not supported is refused by name
    checks.py    every element reachable and able to end, no gateway turning in a circle
    timers.py    ISO 8601 durations and dates
    steps.py     a Process as steps of the kept engine (SpiffWorkflow)
    running.py   one case on its way: what waits, what is done, its values
    state.py     that case as a few hundred bytes of JSON, and back
    layout.py    a simple left-to-right diagram where a file has none

Nothing in a BPMN file is ever executed: conditions are our own FEEL, and no script engine is loaded (decision 0029).
"""

from zhida.blocks.cases.process.errors import ProcessRanAway, ProcessRefused, StateOfAnotherProcess, TokenUnknown, ValueNotKept
from zhida.blocks.cases.process.model import Element, Flow, Process
from zhida.blocks.cases.process.read import read_process
from zhida.blocks.cases.process.running import Running, Stuck, Waiting

__all__ = [
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
    "read_process",
]
