"""What a program's nodes are called and how their values are written: the same for every household, so worked out once per program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zhida.engine.entities import FactDefinition
from zhida.engine.graph import GATHERS, Node
from zhida.engine.wording import (
    ARITHMETIC,
    DATE_SIGNS,
    FUNCTIONS,
    ONE_OF,
    OPPOSITES,
    SIGNS,
    UNKNOWN_TEXT,
    Names,
    Writer,
    called,
    fact_writer,
    joined,
    percent_text,
    value_text,
    value_writer,
)
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.law import Law
    from zhida.engine.parameters import Parameter

# Nodes whose value is a number of the law.
SOURCES = ("number", "lookup", "marginal", "bracket")


def parameter_of(node: Node) -> Parameter:
    """Return the parameter of a number, lookup or scale."""
    payload: Any = node.payload
    found: Parameter = payload.parameter if node.op in ("number", "lookup") else payload[0].table.parameter
    return found


class NodeWords:
    """Names and writers of one program's nodes, found when they are first asked for."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._words: dict[int, Text] = {}
        self._writers: dict[int, Writer] = {}

    def fact(self, node: Node) -> FactDefinition:
        entity, name = node.payload
        return self._law.facts[(str(entity), str(name))]

    # -- a value --

    def said(self, node: Node, value: Any, names: Names) -> Text:
        """Write a value of a node as people say it: of a fact by what it is a fact of, of a number of the law to its last decimal."""
        return self.writer(node)(value, names)

    def writer(self, node: Node) -> Writer:
        found = self._writers.get(id(node))
        if found is None:
            found = self._writers[id(node)] = self._new_writer(node)
        return found

    def _new_writer(self, node: Node) -> Writer:
        shape, fact = node.shape, self._fact_behind(node)
        if fact is not None:
            return fact_writer(shape, fact)
        exact = node.op in ("number", "lookup", "bracket", "const")
        if exact and self._is_share(node):
            return lambda value, names: UNKNOWN_TEXT if value is None else percent_text(int(value), shape.scale)
        return value_writer(shape, self.code_labels(node), exact=exact, is_age=self.is_age(node))

    def _fact_behind(self, node: Node) -> FactDefinition | None:
        while node.op in ("project", "fill", "variable") and node.args:
            node = node.args[0]
        return self.fact(node) if node.op == "fact" else None

    def _is_share(self, node: Node) -> bool:
        """Whether a number of the law is a share by its name: people read 30%, not 0.3."""
        if node.op == "const" or node.shape.kind != "number" or node.shape.unit.powers or not node.shape.scale:
            return False
        label = parameter_of(node).label.zh
        return "比例" in label or "率" in label

    def is_age(self, node: Node) -> bool:
        if str(node.shape.unit) != "year":
            return False
        label = self.words(node).zh
        return "岁" in label or "年龄" in label

    def code_labels(self, node: Node) -> Sequence[Text]:
        """Find the words of a code among the facts that share its list."""
        if node.shape.kind != "code":
            return ()
        facts = self._law.facts.values()
        return next((fact.code_labels for fact in facts if fact.codes == node.shape.codes and fact.code_labels), ())

    # -- an expression in words --

    def words(self, node: Node) -> Text:
        """Name what a node is made of, by the labels of its parts."""
        found = self._words.get(id(node))
        if found is None:
            found = self._words[id(node)] = self._new_words(node)
        return found

    def _new_words(self, node: Node) -> Text:
        law = self._law
        match node.op:
            case "variable":
                return law.definitions[str(node.payload)].label
            case "fact":
                return self.fact(node).label
            case "number" | "lookup" | "marginal" | "bracket":
                return parameter_of(node).label
            case "const":
                payload: Any = node.payload
                return value_text(payload[1], node.shape, self.code_labels(node), exact=True)
            case "size":
                label = self._entity(node.shape.entity)
                is_home = node.shape.entity == "household"
                return Text("家庭人数", "household size") if is_home else Text(f"{label.zh}人数", f"size of the {label.en.lower()}")
            case "every":
                return Text("成员", "members") if node.shape.entity == "person" else self._entity(node.shape.entity)
            case "isin":
                choices: Any = node.payload
                codes = [value_text(p, node.args[0].shape, self.code_labels(node.args[0])) for p in choices]
                options = Text("、".join(c.zh for c in codes), ", ".join(c.en for c in codes))
                return joined(self.words(node.args[0]), ONE_OF, options)
            case "not":
                inner = node.args[0]
                if inner.op in OPPOSITES:
                    return self._comparison(OPPOSITES[inner.op], inner)
                words = self.words(inner)
                return Text(f"不是：{words.zh}", f"not: {words.en}")
            case op if op in SIGNS:
                return self._comparison(op, node)
            case op if op in ARITHMETIC:
                return joined(self.words(node.args[0]), ARITHMETIC[op], self.words(node.args[1]))
            case "and" | "or":
                sign = Text("，且", "and") if node.op == "and" else Text("，或", "or")
                return joined(self.words(node.args[0]), sign, self.words(node.args[1]))
            case "where":
                return self.words(node.args[1])
            case "rank":
                return called(self._place(node), [self.words(node.args[0])])
            case "union" | "monthbit":
                return self.words(node.args[0])
            case "count" if node.args[0].shape.entity != "person":
                return called(Text("数量", "count of"), [self.words(node.args[0])])
            case op if op in FUNCTIONS:
                args = node.args[:1] if op in GATHERS else node.args
                return called(FUNCTIONS[op], [self.words(arg) for arg in args])
        return self.words(node.args[0]) if node.args else Text(node.op, node.op)

    def _entity(self, name: str) -> Text:
        return self._law.entities[name].label or Text(name, name)

    def _place(self, node: Node) -> Text:
        """Name a place in an order: within which group, and by which keys."""
        payload: Any = node.payload
        group, _, keyed = payload
        if group == "household":
            place = FUNCTIONS["rank"]
        else:
            label = self._entity(group)
            place = Text(f"{label.zh}内次序", f"place in the {label.en.lower()} by")
        keys = [self.words(key) for key in node.args[len(node.args) - keyed :]]
        if not keys:
            return place
        zh, en = "、".join(key.zh for key in keys), " and ".join(key.en for key in keys)
        return Text(f"同{zh}者的{place.zh}", f"of equal {en}, {place.en}")

    def _comparison(self, op: str, node: Node) -> Text:
        first, second = node.args
        words, payload = self.words(first), second.payload
        if first.shape.kind == "code" and second.op == "const" and payload == ("code", 0) and op in ("eq", "ne"):
            return (
                Text(f"有“{words.zh}”登记", f"{words.en}: on record") if op == "ne" else Text(f"没有“{words.zh}”登记", f"{words.en}: none")
            )
        if first.shape.kind == "date":
            return joined(Text(words.zh, words.en.removesuffix(" on")), DATE_SIGNS[op], self.words(second))
        return joined(words, SIGNS[op], self.words(second))
