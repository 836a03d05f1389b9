"""One case on its way through a process: advanced by the kept engine, asked what waits, told what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Self

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from zhida.blocks.cases.process.errors import ProcessRanAway, StateOfAnotherProcess, TokenUnknown
from zhida.blocks.cases.process.model import Process
from zhida.blocks.cases.process.network import ahead_of, first_step, missing_ways, network
from zhida.blocks.cases.process.state import values_from_json, values_to_json
from zhida.blocks.cases.process.steps import Choice, Stuck, Timed, Tokens
from zhida.kernel import clock

MAX_STEPS = 1_000
MAX_TOKENS = 200
_HASH_LENGTH = 16


class Waiting(NamedTuple):
    """A token that waits for somebody: ``token`` names it for `Running.complete`, ``kind`` is person, automatic or table."""

    token: str
    element: str
    kind: str


class Running:
    """A case under way. It changes only through `complete`, `put`, `wake` and `cancel`; the same calls give the same state."""

    def __init__(self, process: Process, tokens: Tokens) -> None:
        self.process = process
        self.cancelled = False
        self._tokens = tokens

    @classmethod
    def start(cls, process: Process, values: Mapping[str, Any], now: datetime | None = None) -> Self:
        """Begin a case and take it to where it first waits. ``now`` is the platform's clock unless given."""
        tokens = Tokens(network(process), now or clock.now())
        tokens.data = dict(values)
        first = tokens.task_tree._add_child(tokens.spec.task_specs[first_step(process)], TaskState.FUTURE)
        first.task_spec._update(first)
        running = cls(process, tokens)
        running.advance()
        return running

    @classmethod
    def restore(cls, process: Process, state: Mapping[str, Any], now: datetime | None = None) -> Self:
        """Go on where `state` was taken. Raises: StateOfAnotherProcess."""
        if state["process"] != process.hash[:_HASH_LENGTH]:
            raise StateOfAnotherProcess(process.name, process.hash[:_HASH_LENGTH], state["process"])
        tokens = Tokens(network(process), now or clock.now())
        tokens.data = values_from_json(state["values"])
        tokens.numbered = state["numbered"]
        tokens.passed = dict.fromkeys(state["done"])
        for number, name, waiting, details in state["tokens"]:
            if "due" in details:
                details = {**details, "due": datetime.fromisoformat(details["due"])}
            tokens.add(tokens.spec.task_specs[name], waiting, number, details)
        running = cls(process, tokens)
        running.cancelled = state.get("cancelled", False)
        return running

    def state(self) -> dict[str, Any]:
        """Return the case for JSON, without the process: `restore` with the same process goes on exactly here. Raises: ValueNotKept."""
        tokens = self._tokens
        kept: dict[str, Any] = {
            "process": self.process.hash[:_HASH_LENGTH],
            "numbered": tokens.numbered,
            "done": list(tokens.passed),
            "tokens": [_token_to_json(task) for task in tokens.live()],
            "values": values_to_json(tokens.data),
        }
        if self.cancelled:
            kept["cancelled"] = True
        return kept

    @property
    def values(self) -> dict[str, Any]:
        """Return the values of the case, which conditions read; change them through `put` or `complete`."""
        return self._tokens.data

    @property
    def waiting(self) -> list[Waiting]:
        """Return what waits for a person, for the platform or for a decision table, oldest first."""
        return [
            Waiting(_token(task), task.task_spec.element.id, task.task_spec.element.work)
            for task in self._tokens.live()
            if task.state == TaskState.READY and task.task_spec.manual
        ]

    @property
    def done(self) -> set[str]:
        """Return the ids of the elements a token has passed, gateways and events among them."""
        return set(self._tokens.passed)

    @property
    def is_done(self) -> bool:
        """Return whether nothing is under way any more: every token has ended, or the case was cancelled."""
        return not self._tokens.live()

    @property
    def stuck(self) -> Stuck | None:
        """Return the first gateway that cannot choose and has no default; a person must learn a value and `put` it."""
        return next((found for task in self._tokens.live() if (found := self._cannot_choose(task))), None)

    @property
    def next_wake(self) -> datetime | None:
        """Return when the next timer is due, in UTC; None where no timer waits."""
        return min((task.internal_data["due"] for task in self._timers()), default=None)

    @property
    def timers(self) -> dict[str, datetime]:
        """Return when each waiting timer is due, by the id of its event; the earliest where several wait."""
        due: dict[str, datetime] = {}
        for task in self._timers():
            key = task.task_spec.element.id
            due[key] = min(due.get(key, task.internal_data["due"]), task.internal_data["due"])
        return due

    def advance(self) -> None:
        """Take every token to where it waits. Raises: ProcessRanAway where the process never comes to rest."""
        steps, tokens = 0, self._tokens
        while ready := [task for task in tokens.live() if self._goes_on(task)]:
            for task in ready:
                if task.state != TaskState.READY:
                    continue
                steps += 1
                if steps > MAX_STEPS or len(ready) > MAX_TOKENS:
                    raise ProcessRanAway(self.process.name, task.task_spec.element.id, MAX_STEPS)
                task.run()
            tokens.tidy()
        for task in tokens.live():
            tokens.number(task)

    def complete(self, token: str, values: Mapping[str, Any]) -> None:
        """Say that a waiting step is done and what came out of it, and go on. Raises: TokenUnknown."""
        task = next((task for task in self._tokens.live() if task.task_spec.manual and _token(task) == token), None)
        if task is None:
            raise TokenUnknown(token)
        self._tokens.data.update(values)
        task.run()
        self.advance()

    def put(self, values: Mapping[str, Any]) -> None:
        """Add what has become known meanwhile, and go on where a gateway waited for it."""
        self._tokens.data.update(values)
        self.advance()

    def wake(self, now: datetime) -> None:
        """Say that time has passed: timers due at ``now`` go on."""
        self._tokens.now = now
        self._tokens.update_waiting_tasks()
        self.advance()

    def reopen(self, element: str) -> str:
        """Put a token back before a step that is over and return its name: what lies behind the step happens again.

        Tokens behind it are withdrawn. A join behind it counts a way that the token cannot come by as taken, unless another is still
        on that way. Only for steps of the process itself, not of a sub-process.
        """
        tokens, behind = self._tokens, ahead_of(self._tokens.spec, first_step(self.process), element)
        for task in tokens.live():
            name = task.task_spec.name
            is_sibling = task.internal_data.get("from") not in {*behind, element, None} and task.state == TaskState.WAITING
            if name in behind and not is_sibling:
                task.cancel()
        tokens.tidy()
        for join, way in missing_ways(tokens, behind, element):
            self._put(join, TaskState.WAITING, {"from": way})
        number = self._put(element, TaskState.READY, {})
        self.cancelled = False
        return _token(next(task for task in tokens.live() if task.internal_data.get("number") == number))

    def _put(self, name: str, state: int, details: dict[str, Any]) -> int:
        self._tokens.numbered += 1
        self._tokens.add(self._tokens.spec.task_specs[name], state, self._tokens.numbered, details)
        return self._tokens.numbered

    def cancel(self) -> None:
        """End everything under way; what is done stays done."""
        for task in self._tokens.live():
            task.cancel()
        self._tokens.tidy()
        self.cancelled = True

    def _goes_on(self, task: Task) -> bool:
        return task.state == TaskState.READY and not task.task_spec.manual and not self._cannot_choose(task)

    def _cannot_choose(self, task: Task) -> Stuck | None:
        if task.state != TaskState.READY or not isinstance(task.task_spec, Choice):
            return None
        _, condition = task.task_spec.choose(self._tokens.data)
        return None if condition is None else Stuck(task.task_spec.element.id, condition)

    def _timers(self) -> list[Task]:
        return [task for task in self._tokens.live() if task.state == TaskState.WAITING and isinstance(task.task_spec, Timed)]


def _token(task: Task) -> str:
    return f"{task.task_spec.element.id}.{task.internal_data['number']}"


def _token_to_json(task: Task) -> list[Any]:
    details = {key: value for key, value in task.internal_data.items() if key != "number"}
    if "due" in details:
        details["due"] = details["due"].isoformat()
    return [task.internal_data["number"], task.task_spec.name, task.state, details]
