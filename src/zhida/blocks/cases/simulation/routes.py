"""Where a case goes next, asked of the real process. Cases that stand alike and know the same go the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.moving import table_outputs
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
        self._decided: dict[tuple[str, tuple[Any, ...]], dict[str, Any]] = {}

    def start(self, values: Mapping[str, Any], now: datetime) -> Standing:
        return self._moved(None, "", values, now)

    def complete(self, standing: Standing, token: str, values: Mapping[str, Any], now: datetime) -> Standing:
        """Return where a case stands after one of its tokens went on with new values."""
        return self._moved(standing, token, values, now)

    def decide(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a decision table says."""
        key = (table, tuple(values.get(name) for name in self.declared.tables[table].inputs))
        if key not in self._decided:
            self._decided[key] = table_outputs(self.declared.tables[table], values)
        return self._decided[key]

    def _moved(self, standing: Standing | None, token: str, values: Mapping[str, Any], now: datetime) -> Standing:
        kept = {name: value for name, value in values.items() if name in self.read}
        key = (standing.key if standing else "", token, json.dumps(kept, sort_keys=True, default=str))
        if key in self._known:
            return self._known[key]
        if standing is None:
            running = Running.start(self.declared.process, kept, now)
        else:
            running = Running.restore(self.declared.process, standing.state, now)
            running.complete(token, kept)
        found = _standing(running)
        # When a timer is due depends on when it was reached: that is this case's own.
        if found.next_wake is None and (standing is None or standing.next_wake is None):
            self._known[key] = found
        return found

    def wake(self, standing: Standing, now: datetime) -> Standing:
        running = Running.restore(self.declared.process, standing.state, now)
        running.wake(now)
        return _standing(running)


def _standing(running: Running) -> Standing:
    # What a case has passed does not decide where it goes; without it, cases that came in another order stand at the same place.
    state = {**running.state(), "done": []}
    return Standing(
        json.dumps(state, sort_keys=True), state, dict(running.values), tuple(running.waiting), running.is_done,
        running.stuck is not None, running.next_wake,
    )  # fmt: skip
