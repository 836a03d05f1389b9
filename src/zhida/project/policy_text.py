"""Explanations as text a person reads in a terminal: indented, in reading order, each step with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from zhida.blocks.policies import api as policies
from zhida.kernel.money import format_yuan
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

_ANSWERS = {
    "entitled": Text("应享", "Entitled"),
    "not_entitled": Text("不符合", "Not entitled"),
    "unknown": Text("暂不能定", "Unknown"),
}
_HEADS = {
    "steps": Text("怎么算的", "How it is worked out"),
    "missing": Text("还缺什么", "What is missing"),
    "changes": Text("什么变了，结果会变", "What would change the answer"),
    "members": Text("家庭成员", "Members"),
}


class Reader:
    """One reader's language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, text: Text) -> str:
        return text.in_language(self.language)

    def pick(self, zh: str, en: str) -> str:
        return Text(zh, en).in_language(self.language)

    # -- one line of a list --

    def explanation(self, told: policies.Explanation) -> Iterator[str]:
        line = told.line
        about = f" · {line.who}" if line.who else ""
        yield f"{self.say(line.benefit.label)} ({line.benefit.code}){about} · {told.month}"
        yield self._answer(line)
        yield self._basis(told.law_as_of, told.known_on)
        if told.on_file is not None:
            yield f"! {self.say(told.on_file)}"
        yield from self._section("steps", [self._step(step) for step in told.steps])
        yield from self._section("missing", [f"  - {self._missing(missing)}" for missing in line.missing])
        yield from self._section("changes", [f"  - {self.say(change)}" for change in told.changes])

    def _answer(self, line: policies.EntitlementLine) -> str:
        answer = self.say(_ANSWERS[line.status])
        if line.status != "entitled" or line.unit == "status":
            return answer
        amount = self.pick(f"{format_yuan(line.amount)} 元", f"{format_yuan(line.amount)} yuan")
        return f"{answer}: {amount if line.unit == 'fen' else f'{line.amount:,} {line.unit}'} ({line.period_key})"

    def _basis(self, law_as_of: date, known_on: date) -> str:
        return self.pick(f"法规截至 {law_as_of}，事实截至 {known_on}", f"Law as of {law_as_of}, facts as known on {known_on}")

    def _section(self, head: str, lines: list[str]) -> Iterator[str]:
        if lines:
            yield ""
            yield self.say(_HEADS[head])
            yield from lines

    def _missing(self, missing: Any) -> str:
        if missing.department is None:
            return self.say(missing.label)
        who = f"{self.say(missing.department)}, {self.say(missing.record_type)}"
        return f"{self.say(missing.label)} ({who})"

    def _step(self, step: policies.Step) -> str:
        who = f" ({self.say(step.who)})" if step.who else ""
        notes = [] if step.parameter or not step.clause else [self._clause(step.source, step.clause)]
        notes += [self._parameter(step.parameter)] if step.parameter else []
        notes += [self._fact(step.fact)] if step.fact else []
        return self._line(step.depth, f"{self.say(step.label)}{who}: {self.say(step.value_text)}", notes)

    def _line(self, depth: int, text: str, notes: list[str]) -> str:
        shown = "; ".join(note for note in notes if note)
        return "  " * (depth + 1) + text + (f"   [{shown}]" if shown else "")

    def _clause(self, law: str, clause: str) -> str:
        return f"{law} {clause}".strip()

    def _parameter(self, used: dict[str, Any]) -> str:
        if used["from"] == date.min:
            return self._clause(used["law"], used["clause"])
        until = "" if used["until"] >= NEVER else self.pick(f"至 {used['until']}", f" until {used['until']}")
        dates = self.pick(f"{used['from']} 起{until}", f"from {used['from']}{until}")
        source = f"{used['source']} ({used['grade']})" if used["grade"] else used["source"]
        return "; ".join(part for part in (dates, self._clause(used["law"], used["clause"]), source) if part)

    def _fact(self, fact: dict[str, Any]) -> str:
        who = f"{self.say(fact['department'])}, {self.say(fact['record_type'])}"
        if fact["known_on"] is None:
            return self.pick(f"{who}，尚未提供", f"{who}, not delivered yet")
        day = fact["known_on"]
        if fact["listed"] is None:
            return self.pick(f"{who}，截至 {day}", f"{who}, as of {day}")
        if fact["listed"]:
            return self.pick(f"{who}，{day} 提供", f"{who}, delivered {day}")
        return self.pick(f"{who}，{day} 的名册中没有", f"{who}, not listed in the delivery of {day}")

    # -- a household's sheet --

    def sheet(self, told: policies.HouseholdSheet) -> Iterator[str]:
        yield f"{self.say(told.benefit.label)} ({told.benefit.code}) · {told.month}"
        yield self._basis(told.law_as_of, told.known_on)
        yield from self._section("members", ["  " + ", ".join(self.say(member) for member in told.members)])
        yield from self._section("steps", [self._sheet_line(line) for line in told.lines])

    def _sheet_line(self, line: policies.HouseholdSheetLine) -> str:
        values = ", ".join(self.say(value) for value in line.values) or self.pick("无", "none")
        notes = [] if line.parameters or not line.clause else [self._clause(line.source, line.clause)]
        notes += [self._parameter(used) for used in line.parameters]
        notes += dict.fromkeys(self._fact(fact) for fact in line.facts)
        return self._line(line.depth, f"{self.say(line.label)}: {values}", notes)


def as_json(told: Any) -> Any:
    """Turn what policies return into what JSON holds: a text in both languages, days as text, a benefit by its code."""
    if isinstance(told, Text):
        return {"zh": told.zh, "en": told.en}
    if isinstance(told, date):
        return None if told == date.min or told >= NEVER else told.isoformat()
    if isinstance(told, dict):
        return {key: as_json(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [as_json(each) for each in told]
    if isinstance(told, policies.BenefitDefinition):
        return told.code
    if hasattr(told, "__dataclass_fields__"):
        return {name: as_json(getattr(told, name)) for name in told.__dataclass_fields__}
    return told
