"""DMN elements to decision tables. Whatever a table may not hold is refused with the id of its element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, NoReturn, cast, get_args

from zhida.engine.dmn.document import Element, child, children, place_of, read_document, tag_of, text_of
from zhida.engine.dmn.errors import DmnRefused
from zhida.engine.dmn.overlaps import covers_everything, find_overlap
from zhida.engine.dmn.table import TESTED, Aggregation, DecisionTable, Input, Output, Policy, Rule, constant_of
from zhida.engine.dmn.types import read_types, type_of
from zhida.engine.feel import Expression, parse_expression, parse_tests
from zhida.engine.feel.tree import KIND_WORDS, NULL, Constant, Logic, Name, Tree, Value, ValueKind, parts_of
from zhida.engine.feel.tree import Comparison as Test

RULES_MAX, INPUTS_MAX, OUTPUTS_MAX, DECISIONS_MAX = 1_000, 30, 10, 50
_IGNORED: tuple[str, ...] = (
    "description",
    "extensionElements",
    "question",
    "allowedAnswers",
    "variable",
    "authorityRequirement",
    "supportedObjective",
)
_IGNORED += ("impactedPerformanceIndicator", "decisionMaker", "decisionOwner", "usingProcess", "usingTask")
_BESIDE: tuple[str, ...] = (
    "description",
    "extensionElements",
    "itemDefinition",
    "inputData",
    "knowledgeSource",
    "textAnnotation",
    "association",
    "group",
)
_BESIDE += ("performanceIndicator", "organizationUnit", "elementCollection", "DMNDI")
_POLICIES: tuple[str, ...] = get_args(Policy)
_AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)
_ORDERED = ("PRIORITY", "OUTPUT ORDER")


def read_dmn(xml: bytes, place: str) -> dict[str, DecisionTable]:
    """Read a file's decision tables by the ids of their decisions. ``place`` names the file in sentences.

    Raises: DmnRefused, FeelError. A table that is returned can be decided: its texts are read, its rules do not overlap against its
    policy, and what it requires is there.
    """
    return _Document(read_document(xml, place), place).read()


class _Document:
    """A file with its declared types, inputs and decisions."""

    def __init__(self, root: Element, place: str) -> None:
        self.root, self.place = root, place
        self.decisions = {str(decision.get("id") or ""): decision for decision in children(root, "decision")}
        self.types = read_types(root, place)
        self.inputs: dict[str, ValueKind] = {}

    def read(self) -> dict[str, DecisionTable]:
        self._check_neighbours()
        for data in children(self.root, "inputData"):
            variable = child(data, "variable")
            declared = type_of(variable.get("typeRef") if variable is not None else None, self.types, place_of(self.place, data))
            if declared is not None:
                self.inputs[str((variable if variable is not None else data).get("name") or data.get("name"))] = declared.kind
        done: dict[str, DecisionTable] = {}
        for key in self._in_order():
            done[key] = _TableReader(self, self.decisions[key], done).read()
        return {key: done[key] for key in self.decisions}

    def _check_neighbours(self) -> None:
        for element in children(self.root):
            if tag_of(element) not in (*_BESIDE, "decision"):
                _refuse_element(self.place, element)
        if not self.decisions or "" in self.decisions or len(self.decisions) != len(list(children(self.root, "decision"))):
            raise DmnRefused(
                self.place,
                "每个文件至少要有一个决策，每个决策要有不同的 id",
                "a file needs a decision, and every decision an id of its own",
            )
        if len(self.decisions) > DECISIONS_MAX:
            raise DmnRefused(
                self.place, f"决策超过 {DECISIONS_MAX} 个；请拆成几个文件", f"more than {DECISIONS_MAX} decisions. Split the file"
            )

    def required(self, decision: Element) -> Iterator[str]:
        """Give the ids of the decisions that one requires."""
        for requirement in children(decision, "informationRequirement"):
            for link in children(requirement, "requiredDecision"):
                href = str(link.get("href") or "")
                if not href.startswith("#") or href[1:] not in self.decisions:
                    zh, en = f"所需决策 {href} 不在本文件里；请放进来", f"the required decision {href} is not in this file. Put it in"
                    raise DmnRefused(place_of(self.place, decision), zh, en)
                yield href[1:]

    def _in_order(self) -> list[str]:
        try:
            return list(TopologicalSorter({key: list(self.required(decision)) for key, decision in self.decisions.items()}).static_order())
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise DmnRefused(
                self.place, f"决策互相需要：{circle}；请去掉一个", f"decisions require one another: {circle}. Take one out"
            ) from error


def _refuse_element(place: str, element: Element) -> NoReturn:
    tag = tag_of(element)
    zh, en = f"不支持 <{tag}>；请改写成决策表", f"<{tag}> is not supported. Write a decision table instead"
    raise DmnRefused(place_of(place, element), zh, en)


class _TableReader:
    """Reads one decision."""

    def __init__(self, document: _Document, decision: Element, done: dict[str, DecisionTable]) -> None:
        self.file, self.types, self.decision = document.place, document.types, decision
        self.place = place_of(document.place, decision)
        self.kinds: dict[str, ValueKind] = dict(document.inputs)
        self.requires: dict[str, DecisionTable] = {}
        for key in document.required(decision):
            self._require(done[key])

    def _require(self, table: DecisionTable) -> None:
        if table.gives_list:
            zh, en = (
                f"所需决策 {table.id} 给出列表；请改用只给一个结果的命中策略",
                f"the required decision {table.id} gives a list. Give it a policy with one answer",
            )
            raise DmnRefused(self.place, zh, en)
        self.requires[table.name] = table
        for output in table.columns_out:
            self.kinds[table.name if len(table.columns_out) == 1 else f"{table.name}.{output.name}"] = output.kind

    def refuse(self, element: Element, zh: str, en: str) -> NoReturn:
        raise DmnRefused(place_of(self.file, element), zh, en)

    def read(self) -> DecisionTable:
        element = self._table_element()
        policy, aggregation = self._policy(element)
        for part in children(element):
            if tag_of(part) not in ("description", "extensionElements", "input", "output", "annotation", "rule"):
                _refuse_element(self.file, part)
        columns_in = tuple(self._input(part) for part in children(element, "input"))
        outputs = list(children(element, "output"))
        rules = list(children(element, "rule"))
        self._check_sizes(element, len(columns_in), len(outputs), len(rules))
        read = tuple(self._rule(number, rule, columns_in, len(outputs)) for number, rule in enumerate(rules, 1))
        columns_out = tuple(self._output(part, index, len(outputs), read, aggregation) for index, part in enumerate(outputs))
        table = DecisionTable(
            id=str(self.decision.get("id")),
            name=self._name(),
            label=str(self.decision.get("name") or self.decision.get("id")),
            place=self.place,
            policy=policy,
            aggregation=aggregation,
            columns_in=columns_in,
            columns_out=columns_out,
            rules=read,
            requires=self.requires,
        )
        self._check_outputs(element, table)
        find_overlap(table)
        return replace(table, is_complete=covers_everything(table))

    def _name(self) -> str:
        """What other decisions call this one's answer."""
        variable = child(self.decision, "variable")
        return str((variable.get("name") if variable is not None else None) or self.decision.get("name") or self.decision.get("id"))

    def _table_element(self) -> Element:
        found = None
        for part in children(self.decision):
            if tag_of(part) == "decisionTable":
                found = part
            elif tag_of(part) == "informationRequirement":
                continue
            elif tag_of(part) not in _IGNORED:
                _refuse_element(self.file, part)
        if found is None:
            self.refuse(self.decision, "这个决策没有决策表；请补上", "this decision has no table. Add one")
        return found

    def _policy(self, element: Element) -> tuple[Policy, Aggregation | None]:
        policy, aggregation = str(element.get("hitPolicy") or "UNIQUE"), element.get("aggregation")
        if policy not in _POLICIES:
            self.refuse(
                element,
                f"没有命中策略 {policy}；请用 {'、'.join(_POLICIES)}",
                f"there is no hit policy {policy}. Use {', '.join(_POLICIES)}",
            )
        if aggregation is not None and (policy != "COLLECT" or aggregation not in _AGGREGATIONS):
            zh = f"汇总 {aggregation} 不能用；只有 COLLECT 可以汇总：{'、'.join(_AGGREGATIONS)}"
            self.refuse(element, zh, f"the aggregation {aggregation} cannot be used. COLLECT has {', '.join(_AGGREGATIONS)}, others none")
        return cast(Policy, policy), cast("Aggregation | None", aggregation)

    def _check_sizes(self, element: Element, inputs: int, outputs: int, rules: int) -> None:
        if not outputs or not rules:
            self.refuse(element, "决策表至少要有一个输出和一条规则；请补上", "a table needs an output and a rule. Add them")
        if inputs > INPUTS_MAX or outputs > OUTPUTS_MAX or rules > RULES_MAX:
            zh = f"最多 {INPUTS_MAX} 个输入、{OUTPUTS_MAX} 个输出、{RULES_MAX:,} 条规则；请拆成几张表"
            self.refuse(
                element, zh, f"at most {INPUTS_MAX} inputs, {OUTPUTS_MAX} outputs and {RULES_MAX:,} rules. Split it into several tables"
            )

    # ---- texts --------------------------------------------------------------------------------------------------------------------------

    def _feel(self, element: Element, read: Callable[[str, str], Expression], empty: str = "") -> Expression:
        language = str(element.get("expressionLanguage") or "feel")
        if "feel" not in language.lower():
            self.refuse(
                element, f"表达式语言 {language} 不支持；请用 FEEL", f"the expression language {language} is not supported. Use FEEL"
            )
        return read(text_of(element) or empty, place_of(self.file, element))

    def _input(self, element: Element) -> Input:
        written = child(element, "inputExpression")
        if written is None:
            self.refuse(element, "输入列没有表达式；请写上名称", "the input has no expression. Write a name")
        declared = type_of(written.get("typeRef"), self.types, place_of(self.file, written))
        expression = self._feel(written, lambda text, place: parse_expression(text, place, self.kinds))
        if declared is not None and isinstance(expression.tree, Name):
            self._declare(element, expression.tree.name, declared.kind)
        kind = declared.kind if declared is not None else expression.kind
        if expression.kind is not None and kind != expression.kind:
            zh = f"声明的是{KIND_WORDS[cast(ValueKind, kind)][0]}，表达式给出{KIND_WORDS[expression.kind][0]}；请改成一致"
            en = f"declared {KIND_WORDS[cast(ValueKind, kind)][1]}, its expression gives {KIND_WORDS[expression.kind][1]}. Make them agree"
            self.refuse(element, zh, en)
        values = child(element, "inputValues")
        listed = text_of(values) or (declared.allowed if declared is not None else "")
        place = place_of(self.file, values if values is not None else element)
        allowed = parse_tests(listed, Name(TESTED, kind), place, self.kinds) if listed else None
        is_whole = declared is not None and declared.is_whole
        return Input(expression, str(element.get("label") or expression.text), kind, is_whole, allowed)

    def _declare(self, element: Element, name: str, kind: ValueKind) -> None:
        if self.kinds.setdefault(name, kind) != kind:
            zh = f"{name} 一处声明为{KIND_WORDS[self.kinds[name]][0]}，一处为{KIND_WORDS[kind][0]}；请改成一致"
            en = f"{name} is declared as {KIND_WORDS[self.kinds[name]][1]} and as {KIND_WORDS[kind][1]}. Make them agree"
            self.refuse(element, zh, en)

    def _rule(self, number: int, element: Element, columns: tuple[Input, ...], outputs: int) -> Rule:
        cells, said = list(children(element, "inputEntry")), list(children(element, "outputEntry"))
        for part in children(element):
            if tag_of(part) not in ("description", "extensionElements", "inputEntry", "outputEntry", "annotationEntry"):
                _refuse_element(self.file, part)
        if len(cells) != len(columns) or len(said) != outputs:
            zh = f"规则 {number} 有 {len(cells)} 个条件、{len(said)} 个结果，表有 {len(columns)} 个输入、{outputs} 个输出；请补齐"
            en = f"rule {number} has {len(cells)} cells, {len(said)} outputs; the table {len(columns)} and {outputs}. Complete it"
            self.refuse(element, zh, en)
        tests = tuple(self._cell(cell, column) for cell, column in zip(cells, columns, strict=True))
        identity = str(element.get("id") or f"rule {number}")
        return Rule(number, identity, place_of(self.file, element), tests, tuple(self._said(entry) for entry in said), _note(element))

    def _cell(self, element: Element, column: Input) -> Expression:
        return self._feel(element, lambda text, place: parse_tests(text, Name(TESTED, column.kind), place, self.kinds), "-")

    def _said(self, element: Element) -> Expression:
        if not text_of(element):
            self.refuse(element, "结果是空的；请写出值", "the output is empty. Write a value")
        expression = self._feel(element, lambda text, place: parse_expression(text, place, self.kinds))
        if expression.tree == NULL:
            self.refuse(
                element, "结果不能是 null；请写出值，或删去这条规则", "an output cannot be null. Write a value, or take the rule out"
            )
        return expression

    # ---- outputs ------------------------------------------------------------------------------------------------------------------------

    def _output(self, element: Element, index: int, count: int, rules: tuple[Rule, ...], aggregation: Aggregation | None) -> Output:
        name = str(element.get("name") or (self._name() if count == 1 else ""))
        if not name:
            self.refuse(element, "有几个输出时，每个都要有名称；请补上 name", "with several outputs each needs a name. Add it")
        declared = type_of(element.get("typeRef"), self.types, place_of(self.file, element))
        default = child(element, "defaultOutputEntry")
        fallback = self._said(default) if default is not None and text_of(default) else None
        said = [rule.outputs[index] for rule in rules] + ([fallback] if fallback is not None else [])
        kinds = {expression.kind for expression in said if expression.kind is not None}
        kind: ValueKind | None = "number" if aggregation else declared.kind if declared is not None else next(iter(kinds), None)
        if aggregation == "COUNT":
            return Output(name, str(element.get("label") or name), "number", (), fallback)
        if kind is None:
            self.refuse(element, f"输出 {name} 没有类型；请写 typeRef", f"the output {name} has no type. Write its typeRef")
        for expression in said:
            self._check_kind(expression, name, kind)
        listed = text_of(child(element, "outputValues")) or (declared.allowed if declared is not None else "")
        return Output(name, str(element.get("label") or name), kind, self._order(element, listed, kind), fallback)

    def _check_kind(self, expression: Expression, name: str, kind: ValueKind) -> None:
        if expression.kind is not None and expression.kind != kind:
            zh = f"输出 {name} 应为{KIND_WORDS[kind][0]}，这里是{KIND_WORDS[expression.kind][0]}；请改写"
            raise DmnRefused(
                expression.place, zh, f"the output {name} is {KIND_WORDS[kind][1]}, here it is {KIND_WORDS[expression.kind][1]}. Rewrite it"
            )

    def _order(self, element: Element, listed: str, kind: ValueKind) -> tuple[Value, ...]:
        if not listed:
            return ()
        tree = parse_tests(listed, Name(TESTED, kind), place_of(self.file, element), self.kinds).tree
        values = [_plain(part) for part in (parts_of(tree) if isinstance(tree, Logic) else (tree,))]
        if None in values:
            self.refuse(element, '输出值请逐个列出，例如 "a","b"', 'list the output values one by one, as "a","b"')
        return tuple(value for value in values if value is not None)

    def _check_outputs(self, element: Element, table: DecisionTable) -> None:
        """Hold outputs against their lists, and the policy against what it needs to know of them."""
        if table.aggregation is not None and len(table.columns_out) != 1:
            self.refuse(element, "汇总只能有一个输出；请拆成几张表", "an aggregation has one output. Split the table")
        if table.policy in _ORDERED and not all(output.order for output in table.columns_out):
            zh, en = (
                f"{table.policy} 需要每个输出的 outputValues（重要的在前）",
                f"{table.policy} needs the outputValues of every output, the most important first",
            )
            self.refuse(element, zh, en)
        needs_constants = table.policy in _ORDERED or table.aggregation in ("MIN", "MAX")
        for rule in table.rules:
            for output, expression in zip(table.columns_out, rule.outputs, strict=True):
                value = constant_of(expression)
                if value is None and needs_constants:
                    zh = f"{table.aggregation or table.policy} 的结果必须是写明的值，不能是算式；请改写"
                    raise DmnRefused(
                        expression.place, zh, f"outputs under {table.aggregation or table.policy} must be plain values. Rewrite it"
                    )
                if value is not None and output.order and value not in output.order:
                    zh, en = (
                        f"{expression.text} 不在 {output.name} 的 outputValues 里；请补上",
                        f"{expression.text} is not in the outputValues of {output.name}. Add it",
                    )
                    raise DmnRefused(expression.place, zh, en)
        self._check_defaults(element, table)

    def _check_defaults(self, element: Element, table: DecisionTable) -> None:
        given = [output.default is not None for output in table.columns_out]
        if any(given) and not all(given):
            self.refuse(element, "要么每个输出都有默认值，要么都没有；请补齐", "either every output has a default, or none. Complete them")
        for output in table.columns_out:
            value: Any = constant_of(output.default) if output.default is not None else None
            if value is not None and output.order and value not in output.order:
                zh, en = (
                    f"默认值不在 {output.name} 的 outputValues 里；请补上",
                    f"the default is not in the outputValues of {output.name}. Add it",
                )
                self.refuse(element, zh, en)


def _note(rule: Element) -> str:
    """What a person wrote beside a rule: its annotation, else its description."""
    described = child(rule, "description")
    return text_of(child(rule, "annotationEntry")) or ("".join(described.itertext()).strip() if described is not None else "")


def _plain(tree: Tree) -> Value | None:
    """The value of a test that is an equality with a constant."""
    return tree.right.value if isinstance(tree, Test) and tree.sign == "=" and isinstance(tree.right, Constant) else None
