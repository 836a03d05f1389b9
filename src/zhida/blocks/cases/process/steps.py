"""A process as steps of SpiffWorkflow's core, which keeps the tokens; what a gateway does with them is said here.

The core's own joins and predictions are not used: they count a branch of the round before as arrived, copy the rest of the diagram once
per branch, and merge copies of the data (decision 0029). Here a step creates what follows when it is done, a join counts the tokens that
wait at it, and the values of a case are one dict. Sub-processes are laid flat: a step in, the steps inside, and a step out that waits for
them all.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from SpiffWorkflow import Workflow
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from zhida.blocks.cases.process.model import TASKS, Element, Flow
from zhida.engine.feel import Expression, FeelError

_LIVE = TaskState.DEFINITE_MASK
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Stuck(NamedTuple):
    """A gateway that cannot choose: its id, and the first condition that is unknown (empty where all are false)."""

    element: str
    condition: str


class Tokens(Workflow):
    """The tokens of one case. ``now`` is the moment it is worked on; ``numbered`` how many tokens it has had."""

    def __init__(self, spec: WorkflowSpec, now: datetime) -> None:
        super().__init__(spec, deserializing=True)
        self.now = now
        self.numbered = 0
        self.passed: dict[str, None] = {}
        self.task_tree = Task(self, spec.start, state=TaskState.COMPLETED)

    def add(self, spec: TaskSpec, state: int, number: int, details: dict[str, Any]) -> None:
        """Put a token back where it was."""
        task = self.task_tree._add_child(spec, TaskState.FUTURE)
        task._set_state(state)
        task.internal_data.update(details, number=number)

    def live(self) -> list[Task]:
        """Return the tokens that are not at an end, oldest first; timers beside a task among them."""
        return [task for task in self.tasks.values() if task.has_state(_LIVE)]

    def number(self, task: Task) -> int:
        """Return a token's number within its case, given once."""
        if "number" not in task.internal_data:
            self.numbered += 1
            task.internal_data["number"] = self.numbered
        return int(task.internal_data["number"])

    def tidy(self) -> None:
        """Forget the way that tokens came; joins remember from where. Keeps long cases as small as short ones."""
        tokens = self.live()
        root = self.task_tree
        self.tasks = {root.id: root}
        root._children = [task.id for task in tokens]
        for task in tokens:
            task._parent, task._children = root.id, []
            self.tasks[task.id] = task
        self.last_task = None


class Step(TaskSpec):
    """A step that is passed at once, and the base of all others."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element) -> None:
        super().__init__(spec, name, manual=element.kind in TASKS)
        self.element = element
        self.timers: list[str] = []

    def test(self) -> None:
        """A process was checked when it was read."""

    def _predict(self, my_task: Task, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """Nothing is laid out ahead of the tokens."""

    def _update_hook(self, my_task: Task) -> bool:
        return True

    def _on_ready_hook(self, my_task: Task) -> None:
        """Start the timers attached to this step."""
        for name in self.timers:
            timer = my_task.parent._add_child(self._wf_spec.task_specs[name], TaskState.FUTURE)
            timer.internal_data["host"] = self.host(my_task)
            timer.task_spec._update(timer)

    def _on_complete_hook(self, my_task: Task) -> None:
        self.mark(my_task)
        my_task._sync_children(self.following(my_task), TaskState.FUTURE)

    def host(self, my_task: Task) -> int | str:
        """Return what the timers beside this step know it by."""
        return int(my_task.workflow.number(my_task))

    def mark(self, my_task: Task) -> None:
        """Write down that this step is done."""
        my_task.workflow.passed.setdefault(self.element.id)
        if self.timers:
            drop_timers(my_task.workflow, self.host(my_task))

    def following(self, my_task: Task) -> list[TaskSpec]:
        """Return the steps that get a token when this one is done."""
        return self.outputs


class End(Step):
    """A token's end; a terminating one ends all others of its scope too."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element, scope: frozenset[str]) -> None:
        super().__init__(spec, name, element)
        self.scope = scope

    def _on_complete_hook(self, my_task: Task) -> None:
        super()._on_complete_hook(my_task)
        if self.element.terminates:
            cancel_inside(my_task.workflow, self.scope, but=my_task)


class Timed(Step):
    """Waits until its timer is due; beside a task it ends that task where it interrupts."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element, inside: frozenset[str]) -> None:
        super().__init__(spec, name, element)
        self.inside = inside

    def _update_hook(self, my_task: Task) -> bool:
        now: datetime = my_task.workflow.now
        due = my_task.internal_data.get("due")
        if due is None:
            due = self.element.timer.due(now)
            my_task.internal_data["due"] = due
        if now >= due:
            return True
        my_task._set_state(TaskState.WAITING)
        return False

    def _on_complete_hook(self, my_task: Task) -> None:
        workflow, host = my_task.workflow, my_task.internal_data.pop("host", None)
        if host is not None and self.element.interrupting:
            for task in workflow.live():
                if task.internal_data.get("number") == host and not isinstance(task.task_spec, Timed):
                    task.cancel()
            drop_timers(workflow, host)
            cancel_inside(workflow, self.inside)
        super()._on_complete_hook(my_task)


class Choice(Step):
    """An exclusive or inclusive gateway: the ways whose condition is true; the default where one is unknown or none is true."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element, flows: tuple[Flow, ...]) -> None:
        super().__init__(spec, name, element)
        self.ways = [flow for flow in flows if flow.id != element.default]
        self.default = next((flow.target for flow in flows if flow.id == element.default), "")

    def choose(self, values: dict[str, Any]) -> tuple[list[str], str | None]:
        """Return the targets chosen, and the condition that leaves it unable to choose: empty when all are false, None when it can."""
        chosen: list[str] = []
        for flow in self.ways:
            answer = answer_to(flow.condition, values) if flow.condition else True
            if answer is True:
                chosen.append(flow.target)
                if self.element.kind == "exclusiveGateway":
                    break
            elif answer is not False:
                return self._otherwise(chosen, flow.condition.text)
        return (chosen, None) if chosen else self._otherwise([], "")

    def _otherwise(self, chosen: list[str], condition: str) -> tuple[list[str], str | None]:
        if self.default:
            return [*chosen, self.default], None
        return [], condition

    def following(self, my_task: Task) -> list[TaskSpec]:
        names, _ = self.choose(my_task.workflow.data)
        return [self._wf_spec.task_specs[name] for name in names]


def answer_to(condition: Expression, values: Mapping[str, Any]) -> Any:
    """Return true, false or unknown; a value that no condition can compare, as a list, is unknown too.

    A case keeps dates as text (JSON has no other), so a text that is one is compared as one.
    """
    try:
        return condition.evaluate({name: _dated(values[name]) for name in condition.names if name in values})
    except FeelError:
        return None


def _dated(value: Any) -> Any:
    if not (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


class Joining(Step):
    """Part of every step that waits for several tokens: it remembers whence each came, and takes one from each way."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task.internal_data.setdefault("from", my_task.parent.task_spec.name)
        arrived: dict[str, Task] = {my_task.internal_data["from"]: my_task}
        for task in my_task.workflow.live():
            if task.task_spec is self and task.state == TaskState.WAITING:
                arrived.setdefault(task.internal_data["from"], task)
        if not self.complete(my_task, arrived):
            my_task._set_state(TaskState.WAITING)
            return False
        for task in arrived.values():
            if task is not my_task:
                task.cancel()
        return True

    def complete(self, my_task: Task, arrived: dict[str, Task]) -> bool:
        raise NotImplementedError


class Parallel(Joining):
    """Waits for one token on each way in; gives one to each way out."""

    def complete(self, my_task: Task, arrived: dict[str, Task]) -> bool:
        return len(arrived) == len(self._inputs)


class Inclusive(Joining, Choice):
    """Waits while a token elsewhere can still come by a way where none has come; then chooses like every choice.

    As BPMN 2.0.2, 13.4.3 has it, a token that could also come by a way already taken is not waited for: it belongs to the next round.
    """

    before: dict[str, frozenset[str]] = {}

    def complete(self, my_task: Task, arrived: dict[str, Task]) -> bool:
        for task in my_task.workflow.live():
            if task.task_spec is not self:
                ways = [way for way, names in self.before.items() if task.task_spec.name in names]
                if ways and not any(way in arrived for way in ways):
                    return False
        return True


class Enter(Step):
    """The way into a sub-process, one token at a time."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element, inside: frozenset[str]) -> None:
        super().__init__(spec, name, element)
        self.inside = inside

    def _update_hook(self, my_task: Task) -> bool:
        for task in my_task.workflow.live():
            if task.task_spec.name in self.inside or (task.task_spec is self and task.state == TaskState.READY):
                my_task._set_state(TaskState.WAITING)
                return False
        return True

    def host(self, my_task: Task) -> int | str:
        return self.element.id

    def mark(self, my_task: Task) -> None:
        """The sub-process is done when it is left."""


class Leave(Joining):
    """The way out of a sub-process: waits until nothing inside is under way."""

    def __init__(self, spec: WorkflowSpec, name: str, element: Element, inside: frozenset[str]) -> None:
        super().__init__(spec, name, element)
        self.inside = inside

    def complete(self, my_task: Task, arrived: dict[str, Task]) -> bool:
        return not any(task.task_spec.name in self.inside for task in my_task.workflow.live())

    def mark(self, my_task: Task) -> None:
        my_task.workflow.passed.setdefault(self.element.id)
        drop_timers(my_task.workflow, self.element.id)


def drop_timers(workflow: Tokens, host: int | str) -> None:
    """End the timers that wait beside a step."""
    for task in workflow.live():
        if task.state == TaskState.WAITING and isinstance(task.task_spec, Timed) and task.internal_data.get("host") == host:
            task.cancel()


def cancel_inside(workflow: Tokens, names: frozenset[str], but: Task | None = None) -> None:
    """End every token within a scope."""
    for task in workflow.live():
        if task is not but and task.task_spec.name in names:
            task.cancel()
