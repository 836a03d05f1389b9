"""Whether a process that could be read can also run: ends of flows, starts and ends, defaults, reachable, no empty circle."""

from collections.abc import Iterable, Mapping

from zhida.blocks.cases.process.errors import ProcessRefused
from zhida.blocks.cases.process.model import CHOICES, TASKS, Element, Flow, Process
from zhida.blocks.cases.process.words import called
from zhida.kernel.text import Text


def check(process: Process) -> None:
    """Check a process. Raises: ProcessRefused naming the first element that is wrong."""
    _flows_have_ends(process)
    for scope in ["", *(key for key, element in process.elements.items() if element.kind == "subProcess")]:
        _scope_starts_and_ends(process, scope)
    for element in process.elements.values():
        _element_is_connected(process, element)
        _timer_is_attached(process, element)
        _choice_can_choose(process, element)
    _all_on_the_way(process)
    _no_empty_circle(process)


def _flows_have_ends(process: Process) -> None:
    seen: dict[tuple[str, str], Flow] = {}
    for flow in process.flows:
        for end in (flow.source, flow.target):
            if end not in process.elements:
                raise _refused_flow(
                    process,
                    flow,
                    f"的一端“{end}”不存在",
                    f"has an end '{end}' that does not exist",
                    "请连到本流程的元素",
                    "Draw it between elements of this process",
                )
        source, target = process.elements[flow.source], process.elements[flow.target]
        if source.scope != target.scope:
            raise _refused_flow(
                process,
                flow,
                "跨越了子流程的边界",
                "crosses the border of a sub-process",
                "请连到子流程本身",
                "Connect it to the sub-process",
            )
        if (flow.source, flow.target) in seen:
            other = seen[flow.source, flow.target]
            raise _refused_flow(
                process,
                flow,
                f"与 {other.id} 连接相同的两个元素",
                f"joins the same two elements as {other.id}",
                "请合并为一条，条件用 or 连接",
                "Make them one, with 'or' in its condition",
            )
        seen[flow.source, flow.target] = flow


def _scope_starts_and_ends(process: Process, scope: str) -> None:
    inside = [element for element in process.elements.values() if element.scope == scope]
    starts = [element for element in inside if element.kind == "startEvent"]
    where = process.elements[scope] if scope else Element(process.id, "process", process.name)
    if len(starts) != 1:
        raise _refused(
            process,
            where,
            f"有 {len(starts)} 个开始事件",
            f"has {len(starts)} start events",
            "请只留一个无类型的开始事件",
            "Leave one start event without a trigger",
        )
    if not any(element.kind == "endEvent" for element in inside):
        raise _refused(process, where, "没有结束事件", "has no end event", "请画出结束事件", "Draw one")


def _element_is_connected(process: Process, element: Element) -> None:
    enters, leaves = process.entering[element.id], process.leaving[element.id]
    without_entry = element.kind in ("startEvent", "boundaryEvent")
    if without_entry and enters:
        raise _refused(process, element, "不能有进入的顺序流", "cannot be entered by a sequence flow", "请删除该顺序流", "Delete the flow")
    if not without_entry and not enters:
        raise _refused(process, element, "没有进入的顺序流", "is entered by no sequence flow", *_CONNECT)
    if element.kind == "endEvent" and leaves:
        raise _refused(process, element, "不能有离开的顺序流", "cannot be left by a sequence flow", "请删除该顺序流", "Delete the flow")
    if element.kind != "endEvent" and not leaves:
        raise _refused(
            process,
            element,
            "没有离开的顺序流",
            "is left by no sequence flow",
            "请连到下一步或结束事件",
            "Connect it to a step or an end event",
        )


def _timer_is_attached(process: Process, element: Element) -> None:
    if element.kind != "boundaryEvent":
        return
    host = process.elements.get(element.attached_to)
    if host is None or host.scope != element.scope or host.kind not in TASKS | {"subProcess"}:
        raise _refused(
            process,
            element,
            f"附着的“{element.attached_to}”不是同一层的任务或子流程",
            f"is attached to '{element.attached_to}', which is no task or sub-process beside it",
            "请附着在任务上",
            "Attach it to a task",
        )


def _choice_can_choose(process: Process, element: Element) -> None:
    """A choice needs a condition on every way but the default; elsewhere a condition means nothing and is refused."""
    leaves = process.leaving[element.id]
    if element.kind not in CHOICES:
        for flow in leaves:
            if flow.condition:
                raise _refused_flow(
                    process,
                    flow,
                    "有条件，但不从排他或包容网关出发",
                    "has a condition but does not leave an exclusive or inclusive gateway",
                    "请在前面画一个网关",
                    "Draw a gateway before it",
                )
        return
    if element.default and element.default not in {flow.id for flow in leaves}:
        raise _refused(
            process,
            element,
            f"的默认流“{element.default}”不从它出发",
            f"has the default flow '{element.default}', which does not leave it",
            "请选择从它出发的顺序流",
            "Choose a flow that leaves it",
        )
    for flow in leaves:
        if flow.id == element.default and flow.condition:
            raise _refused_flow(
                process, flow, "是默认流，不能有条件", "is a default flow and cannot have a condition", "请删除条件", "Delete the condition"
            )
        if len(leaves) > 1 and flow.id != element.default and not flow.condition:
            raise _refused_flow(
                process,
                flow,
                f"从网关 {element.id} 出发，没有条件也不是默认流",
                f"leaves gateway {element.id} with no condition and is not its default",
                "请写条件或设为默认流",
                "Write a condition or make it the default",
            )


def _all_on_the_way(process: Process) -> None:
    """Every element can be reached from its scope's start and can reach an end."""
    ahead = _neighbours(process)
    back: dict[str, list[str]] = {key: [] for key in process.elements}
    for key, following in ahead.items():
        for other in following:
            back[other].append(key)
    starts = [key for key, element in process.elements.items() if element.kind == "startEvent"]
    ends = [key for key, element in process.elements.items() if element.kind == "endEvent"]
    reached, ending = _closure(starts, ahead), _closure(ends, back)
    for key, element in process.elements.items():
        if key not in reached:
            raise _refused(process, element, "从开始事件无法到达", "cannot be reached from the start event", *_CONNECT)
        if key not in ending:
            raise _refused(process, element, "无法到达结束事件", "can never reach an end event", *_CONNECT)


def _no_empty_circle(process: Process) -> None:
    """Refuse a circle in which nothing is done and no time passes: it would turn for ever.

    Elements are taken away as soon as all that lead to them are gone; what stays lies on or behind a circle.
    """
    stops = {key for key, element in process.elements.items() if element.kind in TASKS or (element.timer and element.timer.may_repeat)}
    stops |= {key for key, element in process.elements.items() if element.kind == "subProcess"}
    ahead = {
        key: [other for other in following if other not in stops] for key, following in _neighbours(process).items() if key not in stops
    }
    waiting = {key: 0 for key in ahead}
    for following in ahead.values():
        for other in following:
            waiting[other] += 1
    free = [key for key, count in waiting.items() if not count]
    while free:
        for other in ahead.pop(free.pop()):
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    circle = [key for key in ahead if key in _closure(ahead[key], ahead)]
    if circle:
        raise _refused(
            process,
            process.elements[circle[0]],
            "在一个没有任务的循环里，会永远转下去",
            "lies on a circle without a task and would turn for ever",
            "请在循环里放一个任务",
            "Put a task on the circle",
        )


def _neighbours(process: Process) -> dict[str, list[str]]:
    """Return what follows each element: along its flows, and from a task to the timers attached to it."""
    ahead = {key: [flow.target for flow in flows] for key, flows in process.leaving.items()}
    for element in process.elements.values():
        if element.attached_to:
            ahead[element.attached_to].append(element.id)
    return ahead


def _closure(begin: Iterable[str], ahead: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(begin)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo.extend(ahead[key])
    return found


_CONNECT = ("请用顺序流连接它", "Connect it with a sequence flow")


def _refused(process: Process, element: Element, zh: str, en: str, do_zh: str, do_en: str) -> ProcessRefused:
    name = called(element.kind, element.name, element.id)
    return ProcessRefused(process.place, Text(f"{name.zh}{zh}；{do_zh}。", f"{name.en} {en}. {do_en}."), element.id)


def _refused_flow(process: Process, flow: Flow, zh: str, en: str, do_zh: str, do_en: str) -> ProcessRefused:
    name = called("sequenceFlow", flow.name, flow.id)
    return ProcessRefused(process.place, Text(f"{name.zh}{zh}；{do_zh}。", f"{name.en} {en}. {do_en}."), flow.id)
