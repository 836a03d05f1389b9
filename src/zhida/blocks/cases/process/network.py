"""Lays a process out as the engine's steps, once per version."""

from functools import lru_cache

from SpiffWorkflow.specs import WorkflowSpec

from zhida.blocks.cases.process.model import Element, Process
from zhida.blocks.cases.process.steps import Choice, End, Enter, Inclusive, Leave, Parallel, Step, Timed, Tokens

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


def ahead_of(spec: WorkflowSpec, start: str, name: str) -> frozenset[str]:
    """Return the steps that a token at a step can come to without turning back: flows that close a loop are left out."""
    ways_on = _without_loops(spec, start)
    found: set[str] = set()
    todo = list(ways_on[name])
    while todo:
        step = todo.pop()
        if step not in found:
            found.add(step)
            todo.extend(ways_on[step])
    return frozenset(found)


def _without_loops(spec: WorkflowSpec, start: str) -> dict[str, list[str]]:
    """Return for each step those that follow it, less the flows that lead back to a step on the way from the start."""
    ways_on: dict[str, list[str]] = {key: [] for key in spec.task_specs}
    on_the_way, seen = {start}, {start}
    stack = [(start, iter(_followers(spec, start)))]
    while stack:
        name, following = stack[-1]
        step = next(following, None)
        if step is None:
            stack.pop()
            on_the_way.discard(name)
        elif step not in on_the_way:
            ways_on[name].append(step)
            if step not in seen:
                seen.add(step)
                on_the_way.add(step)
                stack.append((step, iter(_followers(spec, step))))
    return ways_on


def _followers(spec: WorkflowSpec, name: str) -> list[str]:
    """Return where a token can go from a step: on, or by a timer beside it."""
    step = spec.task_specs[name]
    return [*(each.name for each in step.outputs), *getattr(step, "timers", ())]


def missing_ways(tokens: Tokens, behind: frozenset[str], name: str) -> list[tuple[str, str]]:
    """Return (join, way) for every way into a parallel join behind a step by which no token will come any more."""
    back = _back(tokens.spec)
    live = [(task.task_spec.name, task.internal_data.get("from")) for task in tokens.live()]
    missing = []
    for join in sorted(behind):
        if not isinstance(tokens.spec.task_specs[join], Parallel):
            continue
        for way in back[join]:
            before = _before(join, way, back)
            is_coming = any(at in before or (at == join and arrived == way) for at, arrived in live)
            if way not in behind and way != name and not is_coming:
                missing.append((join, way))
    return missing
