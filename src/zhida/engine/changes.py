"""What single change would turn one household's answer.

For a missing fact: what the answer would be for the values it can take. For a "no": the conditions that failed, with the distance to
their thresholds, and the nearest value of one fact that gives a "yes" - found by trying, so every sentence is true of this program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zhida.engine.calendar import NEVER_DAY, add_months
from zhida.engine.entities import NOT_ADVISED, FactDefinition
from zhida.engine.graph import Node, in_order
from zhida.engine.scalar import evaluate_node
from zhida.engine.trace import Tracer, Values
from zhida.engine.wording import granted_text, joined, value_text
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.program import CompiledBenefit
    from zhida.engine.scalar import ScalarProgram

_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
# Furthest values tried: a hundred years and ten thousand million.
_FAR_MONTHS, _FAR_NUMBER = 1200, 10**10
_SENTENCES_MAX = 6
# With more failed conditions than this, no single fact turns the answer: not tried.
_LEAVES_MAX = 4
# Facts are tried until this many re-evaluations are spent, so that a page waits a few hundredths of a second at most.
_TRIALS_MAX = 300
# Columns whose numbers only name something.
_NUMBERS_OF_THINGS = ("resident", "household_no", "area6", "area12", "area", "digits")
Leaf = tuple[Node, int]


def changes_of(
    compiled: CompiledBenefit, row: int, status: int, missing: Sequence[str], values: Values, scalar: ScalarProgram
) -> tuple[Text, ...]:
    """Return sentences, most telling first; at most six."""
    trial = Trial(compiled, row, values, scalar)
    if status == 2:
        found = list(trial.of_missing(missing))
    elif status == 1:
        found = list(trial.of_entitled())
    else:
        found = list(trial.of_failed())
    return tuple(dict.fromkeys(found))[:_SENTENCES_MAX]


@dataclass(frozen=True)
class _Fact:
    """One cell of the household: a fact node and a row."""

    node: Node
    row: int
    definition: FactDefinition


class Trial:
    """Re-evaluates one benefit with one fact changed."""

    def __init__(self, compiled: CompiledBenefit, row: int, values: Values, scalar: ScalarProgram) -> None:
        self._root, self._row, self._values, self._scalar = compiled.amount, row, values, scalar
        self._unit = compiled.definition.unit
        self._nodes = in_order([compiled.amount])
        self._trials = 0
        self._tracer = Tracer(values)

    # -- missing facts --

    def of_missing(self, missing: Sequence[str]) -> Iterator[Text]:
        for name in missing:
            for fact in self._cells(name):
                yield from self._outcomes(fact)

    def _outcomes(self, fact: _Fact) -> Iterator[Text]:
        """Say what the answer would be for each value a missing fact can take; for numbers, where the answer turns."""
        label = fact.definition.label
        if fact.node.shape.kind in ("bool", "code"):
            for value in self._choices(fact):
                amount = self._amount_with(fact, value)
                if amount:
                    said = self._said(fact, value)
                    yield Text(
                        f"若“{label.zh}”查明为 {said.zh}，可得 {self._money(amount).zh}。",
                        f"If '{label.en}' turns out to be {said.en}, {self._money(amount).en} is due.",
                    )
        yield Text(f"补上“{label.zh}”即可判定。", f"The answer follows once '{label.en}' is known.")

    # -- failed conditions --

    def of_failed(self) -> Iterator[Text]:
        leaves = list(dict.fromkeys(self._failed_amount(self._root, self._row)))
        if len(leaves) <= _LEAVES_MAX:
            yield from self._turning(leaves)
        for node, row in self._nearest_thresholds(leaves):
            yield self._failed_words(node, row)

    def _nearest_thresholds(self, leaves: Sequence[Leaf]) -> list[Leaf]:
        """Of several thresholds for one value (80, 90, 100 years), keep the one that is least far away."""
        nearest: dict[tuple[str, int, int], Leaf] = {}
        for node, row in leaves:
            key = (node.op, id(node.args[0]) if node.op in _COMPARISONS else id(node), row)
            if key not in nearest or self._gap(node, row) < self._gap(*nearest[key]):
                nearest[key] = (node, row)
        return list(nearest.values())

    def _gap(self, node: Node, row: int) -> int:
        if node.op not in _COMPARISONS:
            return 0
        left, right = (self._values.at(arg, index) for arg, index in self._values.operands(node, row))
        return abs(int(left or 0) - int(right or 0))

    def _failed_amount(self, node: Node, row: int) -> Iterator[Leaf]:
        """Find the conditions that made an amount 0."""
        values = self._values
        if node.op == "where":
            test = values.at(node.args[0], row)
            branch = node.args[1] if test else node.args[2]
            if test is False and node.args[1].op != "const":
                yield from self._failed(node.args[0], row, True)
            elif test is True and branch.op == "const":
                yield from self._failed(node.args[0], row, False)
            yield from self._failed_amount(branch, row)
            return
        if node.op in ("variable", "widen", "round", "fill", "project", "flag"):
            for arg, index in values.operands(node, row):
                yield from self._failed_flag(arg, index) if node.op == "flag" else self._failed_amount(arg, index)
        elif node.op == "sub" or (node.op in ("fact", "count", "total", "lookup", "bracket") and node.shape.entity):
            yield node, row
        elif node.op in ("mul", "min", "max", "add", "div"):
            for arg, index in values.operands(node, row):
                if arg.shape.entity and (values.at(arg, index) or 0) <= 0:
                    yield from self._failed_amount(arg, index)

    def _failed_flag(self, node: Node, row: int) -> Iterator[Leaf]:
        yield from self._failed(node, row, True)

    def _failed(self, node: Node, row: int, wanted: bool) -> Iterator[Leaf]:
        """Find the smallest conditions that keep a condition from being ``wanted``."""
        values = self._values
        if values.at(node, row) is wanted:
            return
        if node.op == "not":
            yield from self._failed(node.args[0], row, not wanted)
        elif node.op in ("and", "or", "variable", "project", "fill"):
            for arg, index in values.operands(node, row):
                yield from self._failed(arg, index, wanted)
        elif node.op == "where" and node.shape.kind == "bool" and values.at(node.args[0], row) is not None:
            branch = node.args[1] if values.at(node.args[0], row) else node.args[2]
            yield from self._failed(branch, row if branch.shape.entity else 0, wanted)
        elif wanted or not any(fact.definition.name in NOT_ADVISED for fact in self._facts_below(node, row)):
            yield node, row

    def _failed_words(self, node: Node, row: int) -> Text:
        """Say which condition failed and by how much."""
        holds = self._values.at(node, row)
        words = self._tracer.words(node, row)
        if node.op in _COMPARISONS or node.op == "sub":
            return self._distance(node, row, words, holds)
        if node.shape.kind != "bool":
            now = value_text(holds, node.shape)
            return Text(f"不满足：{words.zh}须大于 0（现为 {now.zh}）。", f"Not met: {words.en} must be above 0 (now {now.en}).")
        if holds:
            return Text(f"不满足的条件：须不是“{words.zh}”。", f"Not met: must not be '{words.en}'.")
        return Text(f"不满足的条件：{words.zh}。", f"Not met: {words.en}.")

    def _distance(self, node: Node, row: int, words: Text, holds: bool | None) -> Text:
        (a, row_a), (b, row_b) = self._values.operands(node, row)
        left, right = self._values.at(a, row_a), self._values.at(b, row_b)
        now, bound = value_text(left, a.shape, self._tracer._code_labels(a)), value_text(right, b.shape, self._tracer._code_labels(b))
        if node.op == "sub":
            words, holds = joined(self._tracer.words(a, row_a), ">", self._tracer.words(b, row_b)), False
        if node.op in ("eq", "ne") and a.shape.kind in ("code", "bool"):
            is_wanted = (node.op == "eq") is not bool(holds)
            what = self._tracer.words(a, row_a)
            zh_must, en_must = ("须为", "must be") if is_wanted else ("须不是", "must not be")
            return Text(
                f"不满足：{what.zh}{zh_must} {bound.zh}（现为 {now.zh}）。", f"Not met: {what.en} {en_must} {bound.en} (now {now.en})."
            )
        opening = Text("须不满足", "must not hold") if holds else Text("不满足", "not met")
        zh = f"{opening.zh}：{words.zh}（现为 {now.zh}，界限 {bound.zh}"
        en = f"{opening.en.capitalize()}: {words.en} (now {now.en}, threshold {bound.en}"
        if a.shape.kind == "number" and left is not None and right is not None and left != right:
            gap = value_text(abs(right - left), a.shape)
            return Text(f"{zh}，相差 {gap.zh}）。", f"{en}, {gap.en} apart).")
        return Text(f"{zh}）。", f"{en}).")

    # -- what would end an entitlement --

    def of_entitled(self) -> Iterator[Text]:
        """For the facts of the decided row and its household, say the nearest value that would end the entitlement."""
        for fact in self._facts_below(self._root, self._row):
            if self._fixed(fact) or fact.node.shape.kind in ("date", "code"):
                continue
            value = self._nearest(fact, lambda amount: amount == 0)
            if value is not None:
                label, now, then = fact.definition.label, self._said(fact, self._values.at(fact.node, fact.row)), self._said(fact, value)
                yield Text(
                    f"若“{label.zh}”由 {now.zh} 变为 {then.zh}，将不再可得。",
                    f"If '{label.en}' went from {now.en} to {then.en}, nothing would be due.",
                )

    # -- the nearest value that turns the answer --

    def _turning(self, leaves: Sequence[Leaf]) -> Iterator[Text]:
        """For every fact behind a failed condition, say the nearest value that gives an entitlement, if one alone does."""
        seen: set[tuple[int, int]] = set()
        for node, row in leaves:
            for fact in self._facts_below(node, row):
                if (id(fact.node), fact.row) in seen or self._fixed(fact):
                    continue
                seen.add((id(fact.node), fact.row))
                value = self._nearest(fact, bool)
                if value is not None:
                    yield self._turn_words(fact, value)

    def _turn_words(self, fact: _Fact, value: Any) -> Text:
        label, amount = fact.definition.label, self._money(self._amount_with(fact, value) or 0)
        now, then = self._said(fact, self._values.at(fact.node, fact.row)), self._said(fact, value)
        return Text(
            f"若“{label.zh}”不是 {now.zh} 而是 {then.zh}，可得 {amount.zh}。",
            f"If '{label.en}' were {then.en} instead of {now.en}, {amount.en} would be due.",
        )

    def _fixed(self, fact: _Fact) -> bool:
        return fact.definition.dtype in _NUMBERS_OF_THINGS or fact.definition.name in NOT_ADVISED

    def _nearest(self, fact: _Fact, wanted: Callable[[int], bool]) -> Any:
        """Return the value nearest to the present one whose amount is as wanted, or None."""
        present = self._values.at(fact.node, fact.row)
        if present is None or self._trials > _TRIALS_MAX:
            return None
        if fact.node.shape.kind in ("bool", "code"):
            return next((value for value in self._choices(fact) if value != present and wanted(self._amount_with(fact, value))), None)
        found = [value for far in self._far(fact, present) if (value := self._bisect(fact, present, far, wanted)) is not None]
        return min(found, key=lambda value: abs(value - present), default=None)

    def _far(self, fact: _Fact, present: int) -> list[int]:
        if fact.node.shape.kind == "date":
            start = present if present < NEVER_DAY else self._period_day()
            return [add_months(start, -_FAR_MONTHS), start, add_months(start, _FAR_MONTHS), NEVER_DAY]
        return [0, present + _FAR_NUMBER]

    def _period_day(self) -> int:
        program = self._scalar.program
        return (program.period.start - type(program.period.start)(1970, 1, 1)).days

    def _bisect(self, fact: _Fact, near: int, far: int, wanted: Callable[[int], bool]) -> int | None:
        """Between a value whose amount is not as wanted and one whose is, find the border."""
        if near == far or not wanted(self._amount_with(fact, far)):
            return None
        while abs(far - near) > 1:
            middle = (near + far) // 2
            near, far = (near, middle) if wanted(self._amount_with(fact, middle)) else (middle, far)
        return far

    # -- trying --

    def _amount_with(self, fact: _Fact, value: Any) -> int:
        """Return the amount with one fact changed; 0 where it is then unknown or nothing."""
        self._trials += 1
        rows = self._values.rows
        changed: dict[int, Any] = {id(fact.node): _replaced(self._values.values[id(fact.node)], fact.row, value)}
        for node in self._nodes:
            if id(node) in changed or not node.shape.entity or not any(id(arg) in changed for arg in node.args):
                continue
            args = [changed.get(id(arg), self._values.values[id(arg)]) for arg in node.args]
            changed[id(node)] = evaluate_node(node, self._scalar.cell(node), args, rows)
        found = changed.get(id(self._root), self._values.values[id(self._root)])[self._row]
        return max(int(found or 0), 0)

    def _choices(self, fact: _Fact) -> list[Any]:
        if fact.node.shape.kind == "bool":
            return [True, False]
        return [*range(1, len(fact.node.shape.codes) + 1), 0]

    def _facts_below(self, node: Node, row: int) -> Iterator[_Fact]:
        """Yield the known facts a condition rests on, each once."""
        stack, seen = [(node, row)], set()
        while stack:
            found, index = stack.pop()
            if (id(found), index) in seen:
                continue
            seen.add((id(found), index))
            if found.op == "fact":
                yield self._fact(found, index)
            stack.extend(reversed(self._values.operands(found, index)))

    def _cells(self, name: str) -> Iterator[_Fact]:
        """Find the rows for which a fact is missing."""
        for node in self._nodes:
            if node.op == "fact" and node.payload[1] == name:
                for row, value in enumerate(self._values.values[id(node)]):
                    if value is None and self._concerns(node, row):
                        yield self._fact(node, row)

    def _concerns(self, node: Node, row: int) -> bool:
        """Say whether a cell is of the decided row itself or of something above or below it."""
        entity = self._root.shape.entity
        if node.shape.entity == entity:
            return row == self._row
        return True

    def _fact(self, node: Node, row: int) -> _Fact:
        entity, name = node.payload
        return _Fact(node, row, self._values.law.facts[(str(entity), str(name))])

    def _said(self, fact: _Fact, value: Any) -> Text:
        return value_text(value, fact.node.shape, fact.definition.code_labels)

    def _money(self, amount: int) -> Text:
        return granted_text(amount, self._unit)


def _replaced(values: Sequence[Any], row: int, value: Any) -> list[Any]:
    return [value if index == row else old for index, old in enumerate(values)]
