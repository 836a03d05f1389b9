"""What single change would turn one household's answer.

For a missing fact: what the answer would be for the values it can take. For a "no": the conditions that failed, with the distance to
their thresholds, and the nearest value of one fact that gives a "yes" - found by trying, so every sentence is true of this program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zhida.engine.advice import ADVICE, BRINGS_MORE, NOT_ADVISED, NOT_SAID
from zhida.engine.calendar import NEVER_DAY, add_months
from zhida.engine.entities import FactDefinition
from zhida.engine.graph import Node, in_order
from zhida.engine.node_values import Values
from zhida.engine.scalar import evaluate_node
from zhida.engine.wording import DATE_SIGNS, OPPOSITES, SIGNS, Names, fact_text, granted_text, joined, value_text
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
    compiled: CompiledBenefit, row: int, status: int, missing: Sequence[str], values: Values, scalar: ScalarProgram, names: Names
) -> tuple[Text, ...]:
    """Return sentences, most telling first; at most six."""
    trial = Trial(compiled, row, values, scalar, names)
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

    def __init__(self, compiled: CompiledBenefit, row: int, values: Values, scalar: ScalarProgram, names: Names) -> None:
        self._names = names
        self._root, self._row, self._values, self._scalar = compiled.amount, row, values, scalar
        self._unit, self._occasion = compiled.definition.unit, compiled.occasion
        self._nodes = in_order([compiled.amount])
        self._trials = 0
        self._words = scalar.parts.words

    # -- missing facts --

    def of_missing(self, missing: Sequence[str]) -> Iterator[Text]:
        """Say who must supply what; of a household's own decision, that it is its own."""
        advised = {self._definition(name).record_type for name in ADVICE if self._is_declined(name)}
        for name in missing:
            if name.startswith("law."):
                label = self._values.law.parameters[name.removeprefix("law.")].label
                yield Text(f"“{label.zh}”还没有公布，公布后即可判定。", f"The answer follows once {_quoted(label)} is published.")
            for fact in self._cells(name):
                if fact.definition.record_type in advised:
                    yield from (ADVICE[each] for each in ADVICE if self._definition(each).record_type == fact.definition.record_type)
                else:
                    yield from self._outcomes(fact)

    def _is_declined(self, name: str) -> bool:
        return any(node.op == "fact" and node.payload[1] == name and False in self._values.values[id(node)] for node in self._nodes)

    def _definition(self, name: str) -> FactDefinition:
        return next(fact for (_, known), fact in self._values.law.facts.items() if known == name)

    def _outcomes(self, fact: _Fact) -> Iterator[Text]:
        """Say which department must supply a missing fact, and what the answer would be for each value it can take."""
        label, department = self._called(fact), self._names.department(fact.definition.record_type)
        if department is None:
            yield Text(f"补上{label.zh}后即可判定。", f"The answer follows once {label.en} is known.")
        else:
            zh = f"需要{department.zh}部门补上{label.zh}；补上后自动重新判定。"
            yield Text(zh, f"{department.en} must supply {label.en}; the answer then follows by itself.")
        if fact.node.shape.kind in ("bool", "code") and fact.definition.name not in BRINGS_MORE:
            for value in self._choices(fact):
                amount = self._amount_with(fact, value)
                if amount:
                    said, due = self._said(fact, value), self._due(amount)
                    yield Text(f"如果查明{label.zh}是“{said.zh}”，{due.zh}。", f"If {label.en} turns out to be {said.en}, {due.en}.")

    # -- failed conditions --

    def of_failed(self) -> Iterator[Text]:
        leaves = list(dict.fromkeys(self._failed_amount(self._root, self._row)))
        yield from (ADVICE[fact.definition.name] for fact in self._facts_below(self._root, self._row) if self._would_open(fact))
        if len(leaves) <= _LEAVES_MAX:
            yield from self._turning(leaves)
        for node, row in self._nearest_thresholds(leaves):
            yield self._failed_words(node, row)

    def _would_open(self, fact: _Fact) -> bool:
        """Say whether the answer would no longer be no if the household agreed to what it has not yet."""
        declined = fact.definition.name in ADVICE and self._values.at(fact.node, fact.row) is False
        return declined and self._result_with(fact, True) != 0

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
        # What is unknown did not make the answer a no: something known did.
        if values.at(node, row) in (wanted, None):
            return
        if node.op == "not":
            yield from self._failed(node.args[0], row, not wanted)
        elif node.op in ("and", "or", "variable", "project", "fill"):
            for arg, index in values.operands(node, row):
                yield from self._failed(arg, index, wanted)
        elif node.op == "where" and node.shape.kind == "bool" and values.at(node.args[0], row) is not None:
            branch = node.args[1] if values.at(node.args[0], row) else node.args[2]
            yield from self._failed(branch, row if branch.shape.entity else 0, wanted)
        elif wanted or not any(fact.definition.name in NOT_SAID for fact in self._facts_below(node, row)):
            yield node, row

    def _failed_words(self, node: Node, row: int) -> Text:
        """Say what the law requires, what is on record, and how far the two are apart."""
        holds = self._values.at(node, row)
        if node.op in _COMPARISONS or node.op == "sub":
            return self._distance(node, row, holds)
        words = self._owned(node, row)
        if node.shape.kind != "bool":
            now = self._say(node, holds)
            return Text(f"要求{words.zh}高于 0；目前是 {now.zh}。", f"Required: {words.en} above 0; it is {now.en}.")
        if node.op == "isin":
            now = self._say(node.args[0], self._values.at(*self._values.operands(node, row)[0]))
            must = Text("要求不是这样：", "Must not be so: ") if holds else Text("要求", "Required: ")
            return Text(f"{must.zh}{words.zh}；登记为“{now.zh}”。", f"{must.en}{words.en}; on record: {now.en}.")
        if holds:
            return Text(f"要求不是“{words.zh}”；目前是。", f"Required: not {_quoted(words)}; at present it is.")
        return Text(f"要求“{words.zh}”；目前不是。", f"Required: {_quoted(words)}; at present it is not.")

    def _distance(self, node: Node, row: int, holds: bool | None) -> Text:
        """Word a comparison that is not as required: what must be, what is, and the difference."""
        (a, row_a), (b, row_b) = self._values.operands(node, row)
        left, right = self._values.at(a, row_a), self._values.at(b, row_b)
        # A difference counts while it is above nothing.
        op = "gt" if node.op == "sub" else OPPOSITES[node.op] if holds else node.op
        what, bound_words = self._owned(a, row_a), self._words.words(b)
        now, bound = self._say(a, left), self._say(b, right)
        if a.shape.kind == "date" and left is not None and left >= NEVER_DAY:
            return Text(f"要求有“{what.zh}”；目前没有登记。", f"Required: {_quoted(what)}; none is registered.")
        if op == "ne" and b.op == "const" and a.shape.kind == "code" and right == 0:
            return Text(f"要求有“{what.zh}”；目前没有登记。", f"Required: {_quoted(what)} on record; there is none.")
        if op in ("eq", "ne") and a.shape.kind in ("code", "bool"):
            must = SIGNS[op]
            return Text(
                f"要求{what.zh}{must.zh}“{bound.zh}”；登记为“{now.zh}”。", f"Required: {what.en} {must.en} {bound.en}; on record: {now.en}."
            )
        required = joined(what, (DATE_SIGNS if a.shape.kind == "date" else SIGNS)[op], bound_words)
        if bound_words != bound:
            required = Text(f"{required.zh}（{bound.zh}）", f"{required.en} ({bound.en})")
        gap = self._gap_words(op, a, left, right)
        return Text(f"要求{required.zh}；目前是 {now.zh}{gap.zh}。", f"Required: {required.en}; it is {now.en}{gap.en}.")

    def _gap_words(self, op: str, node: Node, left: Any, right: Any) -> Text:
        if node.shape.kind != "number" or left is None or right is None or left == right or op in ("eq", "ne"):
            return Text("", "")
        gap = value_text(abs(right - left), node.shape, is_age=self._words.is_age(node))
        return Text(f"，还差 {gap.zh}", f", {gap.en} short") if op in ("gt", "ge") else Text(f"，超出 {gap.zh}", f", {gap.en} over")

    def _say(self, node: Node, value: Any) -> Text:
        return self._words.said(node, value, self._names)

    def _owned(self, node: Node, row: int) -> Text:
        """Name what a node is made of and, in a household of several, whose it is."""
        words = self._words.words(node)
        who = self._whose(node.shape.entity, row)
        return Text(f"{who.zh}的{words.zh}", f"{words.en} of {who.en}") if who else words

    # -- what would end an entitlement --

    def of_entitled(self) -> Iterator[Text]:
        """For the facts of the decided row and its household, say the nearest value that would end the entitlement."""
        for fact in self._facts_below(self._root, self._row):
            if self._fixed(fact) or fact.node.shape.kind in ("date", "code"):
                continue
            value = self._nearest(fact, lambda amount: amount == 0)
            # "If the rent fell to nothing" helps nobody.
            if value is not None and (value != 0 or fact.node.shape.kind == "bool"):
                label, now, then = self._called(fact), self._said(fact, self._values.at(fact.node, fact.row)), self._said(fact, value)
                yield Text(
                    f"如果{label.zh}从 {now.zh} 变为 {then.zh}，就不再符合。",
                    f"If {label.en} went from {now.en} to {then.en}, nothing more would be due.",
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
        label, present = self._called(fact), self._values.at(fact.node, fact.row)
        now, then = self._said(fact, present), self._said(fact, value)
        if fact.node.shape.kind == "number":
            zh_way, en_way = ("降到", "fell") if value < present else ("升到", "rose")
            return Text(
                f"如果{label.zh}从 {now.zh} {zh_way} {then.zh}，就符合条件。",
                f"If {label.en} {en_way} from {now.en} to {then.en}, the answer would be yes.",
            )
        due = self._due(self._amount_with(fact, value))
        return Text(
            f"如果{label.zh}是“{then.zh}”（目前是“{now.zh}”），{due.zh}。",
            f"If {label.en} were {then.en} (it is {now.en}), {due.en}.",
        )

    def _fixed(self, fact: _Fact) -> bool:
        name = fact.definition.name
        return fact.definition.dtype in _NUMBERS_OF_THINGS or name in NOT_ADVISED or name in ADVICE

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
        return max(int(self._result_with(fact, value) or 0), 0)

    def _result_with(self, fact: _Fact, value: Any) -> int | None:
        """Return the amount with one fact changed; None where it is then unknown."""
        self._trials += 1
        rows = self._values.rows
        changed: dict[int, Any] = {id(fact.node): _replaced(self._values.values[id(fact.node)], fact.row, value)}
        for node in self._nodes:
            if id(node) in changed or not node.shape.entity or not any(id(arg) in changed for arg in node.args):
                continue
            args = [changed.get(id(arg), self._values.values[id(arg)]) for arg in node.args]
            changed[id(node)] = evaluate_node(node, self._scalar.cell(node), args, rows)
        found = changed.get(id(self._root), self._values.values[id(self._root)])[self._row]
        return None if found is None else int(found)

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
        """Find the rows for which a fact is missing that the answer waits for: a brother's date of birth, where places are told by it."""
        roots = [self._root] if self._occasion is None else [self._root, self._occasion]
        cells = dict.fromkeys(cell for root in roots for cell in self._values.missing_cells(root, self._row))
        for node, row in sorted(cells, key=lambda cell: cell[1]):
            if node.payload == (node.shape.entity, name):
                yield self._fact(node, row)

    def _fact(self, node: Node, row: int) -> _Fact:
        entity, name = node.payload
        return _Fact(node, row, self._values.law.facts[(str(entity), str(name))])

    def _said(self, fact: _Fact, value: Any) -> Text:
        return fact_text(value, fact.node.shape, fact.definition, self._names)

    def _called(self, fact: _Fact) -> Text:
        """Name a fact, in quotes, and whose it is where that is not plain."""
        label, who = fact.definition.label, self._whose(fact.node.shape.entity, fact.row)
        if who is None:
            return Text(f"“{label.zh}”", _quoted(label))
        return Text(f"{who.zh}的“{label.zh}”", f"{_quoted(label)} of {who.en}")

    def _whose(self, entity: str, row: int) -> Text | None:
        """Name the member a fact belongs to, unless the decision is about that very member."""
        is_own = (entity, row) == (self._root.shape.entity, self._row)
        return None if is_own or not entity else self._names.member(entity, row)

    def _due(self, amount: int) -> Text:
        if self._unit == "status":
            return Text("就能认定", "it would be recognised")
        granted = granted_text(amount, self._unit)
        return Text(f"可得 {granted.zh}", f"{granted.en} would be due")


def _quoted(label: Text) -> str:
    return f"'{label.en}'"


def _replaced(values: Sequence[Any], row: int, value: Any) -> list[Any]:
    return [value if index == row else old for index, old in enumerate(values)]
