"""What `zhida policy diff` prints and writes: benefit by benefit, and the residents who change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from pyarrow import csv

from zhida.blocks.policies import api as policies
from zhida.kernel.files import atomic_path
from zhida.kernel.money import format_yuan
from zhida.kernel.text import Text

_ENTITIES = {"person": Text("人", "residents"), "household": Text("户", "households"), "claim": Text("笔费用", "bills")}
_STATES = {"entitled": Text("应享", "entitled"), "not_entitled": Text("不符合", "not entitled"), "unknown": Text("未知", "unknown")}


class Rows:
    """Takes those who change, chunk by chunk: all into a file where one is wanted, the first few to be shown."""

    def __init__(self, out: Path | None, shown: int) -> None:
        self._out, self._limit = out, shown
        self._shown: list[dict[str, Any]] = []
        self._stack = ExitStack()
        self._writer: Any = None
        self.written = 0

    def __enter__(self) -> Rows:
        if self._out is not None:
            self._path = self._stack.enter_context(atomic_path(self._out))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._out is not None and self._writer is None and error is None:
            self._open(policies.LAW_CHANGES)
        if self._writer is not None:
            self._writer.close()
        self._stack.__exit__(kind, error, trace)

    def take(self, table: Any) -> None:
        """Take the changed decisions of one benefit in one chunk."""
        if self._out is not None:
            if self._writer is None:
                self._open(table.schema)
            self._writer.write_table(table)
        self.written += table.num_rows
        if left := self._limit - len(self._shown):
            self._shown += table.slice(0, left).to_pylist()

    def _open(self, schema: Any) -> None:
        self._writer = csv.CSVWriter(str(self._path), schema)

    def tell(self, found: policies.LawDifference) -> Iterator[tuple[str, str]]:
        """Yield lines, each in Chinese and English."""
        before, after = found.before.label, found.after.label
        yield f"{found.month}：{before.zh} → {after.zh}", f"{found.month}: {before.en} → {after.en}"
        facts = f"{found.facts_month} ({found.known_on}, {found.snapshot_hash[:12]})"
        yield f"事实快照 {facts}", f"Facts of {facts}"
        if not found.benefits:
            yield "两部法规在这个月没有不同。", "The two laws decide this month alike."
            return
        for change in found.benefits:
            yield from _of_benefit(change)
        yield (
            f"合计：{found.residents:,} 人、{found.households:,} 户有变化。",
            (f"In all {found.residents:,} residents and {found.households:,} households change."),
        )
        for row in self._shown:
            yield _of_row(row)
        if self._out is not None:
            yield f"全部 {self.written:,} 行已写入 {self._out}", f"All {self.written:,} rows are in {self._out}"

    def as_json(self, found: policies.LawDifference) -> dict[str, Any]:
        """Return all that is told, for programs."""
        names = ("entities", "households", "gained", "lost", "more", "less", "unsure", "before", "after")
        return {
            "before": found.before.words,
            "after": found.after.words,
            "month": found.month,
            "snapshot": found.snapshot_hash,
            "known_on": str(found.known_on),
            "residents": found.residents,
            "households": found.households,
            "benefits": [
                {"benefit": each.benefit.code, "entity": each.benefit.entity.name, "unit": each.benefit.unit}
                | {name: getattr(each, name) for name in names}
                for each in found.benefits
            ],
            "rows": self._shown,
        }


def _of_benefit(change: policies.BenefitChange) -> Iterator[tuple[str, str]]:
    benefit, who = change.benefit, _ENTITIES[change.benefit.entity.name]
    before, after = (_granted(amount, benefit.unit) for amount in (change.before, change.after))
    moved = _granted(change.after - change.before, benefit.unit)
    yield f"{benefit.label.zh}（{benefit.code}）", f"{benefit.label.en} ({benefit.code})"
    yield (
        f"  {change.entities:,} {who.zh}变化（{change.households:,} 户）：新增 {change.gained:,}，取消 {change.lost:,}，"
        f"提高 {change.more:,}，降低 {change.less:,}，未知 {change.unsure:,}",
        f"  {change.entities:,} {who.en} change ({change.households:,} households): {change.gained:,} gain, {change.lost:,} lose, "
        f"{change.more:,} get more, {change.less:,} less, {change.unsure:,} unknown in one",
    )
    yield f"  合计 {before.zh} → {after.zh}（{moved.zh}）", f"  {before.en} → {after.en} ({moved.en})"


def _of_row(row: dict[str, Any]) -> tuple[str, str]:
    before, after = ((_STATES[row[when]], _granted(row[f"{when}_amount"], row["unit"])) for when in ("before", "after"))
    where = f"{row['resident_no']} / {row['household_no']}"
    return (
        f"  {row['benefit']} {where}：{before[0].zh} {before[1].zh} → {after[0].zh} {after[1].zh}",
        f"  {row['benefit']} {where}: {before[0].en} {before[1].en} → {after[0].en} {after[1].en}",
    )


def _granted(amount: int, unit: str) -> Text:
    if unit == "fen":
        return Text(f"{format_yuan(amount)} 元", f"{format_yuan(amount)} yuan")
    return Text(f"{amount:,}", f"{amount:,}") if unit == "status" else Text(f"{amount:,} {unit}", f"{amount:,} {unit}")
