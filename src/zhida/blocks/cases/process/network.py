"""Lays a process out as the engine's steps, once per version."""

from functools import lru_cache

from SpiffWorkflow.specs import WorkflowSpec

from zhida.blocks.cases.process.model import Element, Process
from zhida.blocks.cases.process.steps import Choice, End, Enter, Inclusive, Leave, Parallel, Step, Timed

EXIT = "//exit"


@lru_cache(maxsize=64)
def network(process: Process) -> WorkflowSpec:
    """Return the steps of a process, joined; shared by all its cases and never changed."""
    spec = WorkflowSpec(name=process.id, addstart=True)
    inside = _inside(process)
    for element in process.elements.values():
        _step(spec, process, element, inside)
    for flow in process.flows:
        steps = spec.task_specs
        steps[flow.source + EXIT if flow.source + EXIT in steps else flow.source].connect(steps[flow.target])
    for element in process.elements.values():
        _border(spec, process, element)
    back = _back(spec)
    for step in spec.task_specs.values():
        if isinstance(step, Inclusive):
            step.before = {way: _before(step.name, way, back) for way in back[step.name]}
    return spec


def first_step(process: Process) -> str:
    """Return the id of the start event of the process itself."""
    return next(key for key, element in process.elements.items() if element.kind == "startEvent" and not element.scope)


def _step(spec: WorkflowSpec, process: Process, element: Element, inside: dict[str, frozenset[str]]) -> None:
    key = element.id
    match element.kind:
        case "exclusiveGateway":
            Choice(spec, key, element, process.leaving[key])
        case "inclusiveGateway":
            Inclusive(spec, key, element, process.leaving[key])
        case "parallelGateway":
            Parallel(spec, key, element)
        case "endEvent":
            End(spec, key, element, inside[element.scope])
        case "intermediateCatchEvent":
            Timed(spec, key, element, frozenset())
        case "boundaryEvent":
            host = element.attached_to
            Timed(spec, key, element, inside[host] | {host + EXIT} if host in inside else frozenset())
        case "subProcess":
            Enter(spec, key, element, inside[key] | {key + EXIT})
            Leave(spec, key + EXIT, element, inside[key])
        case _:
            Step(spec, key, element)


def _border(spec: WorkflowSpec, process: Process, element: Element) -> None:
    """Join what no flow joins: a task and its timers, a sub-process with its start and its ends."""
    if element.attached_to:
        spec.task_specs[element.attached_to].timers.append(element.id)
    if element.scope and element.kind == "startEvent":
        spec.task_specs[element.scope].connect(spec.task_specs[element.id])
    if element.scope and element.kind == "endEvent":
        spec.task_specs[element.id].connect(spec.task_specs[element.scope + EXIT])


def _inside(process: Process) -> dict[str, frozenset[str]]:
    """Return the names of the steps inside each sub-process, and of all steps under the empty name."""
    found: dict[str, set[str]] = {"": set()}
    found.update({key: set() for key, element in process.elements.items() if element.kind == "subProcess"})
    for key, element in process.elements.items():
        names = {key, key + EXIT} if element.kind == "subProcess" else {key}
        scope = element.scope
        found[""] |= names
        while scope:
            found[scope] |= names
            scope = process.elements[scope].scope
    return {key: frozenset(names) for key, names in found.items()}


def _back(spec: WorkflowSpec) -> dict[str, list[str]]:
    """Return from which steps a token comes to each step; to a timer beside a task, from that task."""
    back: dict[str, list[str]] = {name: list(step._inputs) for name, step in spec.task_specs.items()}
    for name, step in spec.task_specs.items():
        for timer in getattr(step, "timers", ()):
            back[timer].append(name)
    return back


def _before(gateway: str, way: str, back: dict[str, list[str]]) -> frozenset[str]:
    """Return the steps from which a token can come to a gateway by one way without having passed it."""
    found: set[str] = set()
    todo = [way]
    while todo:
        name = todo.pop()
        if name not in found and name != gateway:
            found.add(name)
            todo.extend(back[name])
    return frozenset(found)
