"""Where a case goes next, asked of the real process. Cases that stand alike and know the same go the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.process import Running, Waiting


@dataclass(frozen=True)
class Standing:
    """Where a case stands. state: as `Running` keeps it, with only the values that the way depends on."""

    key: str
    state: Mapping[str, Any]
    values: Mapping[str, Any]
    waiting: tuple[Waiting, ...]
    is_done: bool
    is_stuck: bool
    next_wake: datetime | None


class Routes:
    """The ways through one life event's process."""

    def __init__(self, declared: LifeEventDeclaration) -> None:
        self.declared = declared
        inputs = {name for table in declared.tables.values() for name in table.inputs}
        self.read = declared.process.names | inputs
        self._known: dict[tuple[str, str, str], Standing] = {}

    def start(self, values: Mapping[str, Any], now: datetime) -> Standing:
        return _standing(Running.start(self.declared.process, self._kept(values), now))

    def complete(self, standing: Standing, token: str, values: Mapping[str, Any], now: datetime) -> Standing:
        """Return where a case stands after one of its tokens went on with new values."""
        kept = self._kept(values)
        key = (standing.key, token, json.dumps(kept, sort_keys=True, default=str))
        if key in self._known:
            return self._known[key]
        running = Running.restore(self.declared.process, standing.state, now)
        running.complete(token, kept)
        found = _standing(running)
        # What a timer was told is a moment of its own, and no other case's.
        if found.next_wake is None and standing.next_wake is None:
            self._known[key] = found
        return found

    def wake(self, standing: Standing, now: datetime) -> Standing:
        running = Running.restore(self.declared.process, standing.state, now)
        running.wake(now)
        return _standing(running)

    def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self.read}


def _standing(running: Running) -> Standing:
    # What a case has passed does not decide where it goes; without it, cases that came in another order stand at the same place.
    state = {**running.state(), "done": []}
    return Standing(
        json.dumps(state, sort_keys=True), state, dict(running.values), tuple(running.waiting), running.is_done,
        running.stuck is not None, running.next_wake,
    )  # fmt: skip
