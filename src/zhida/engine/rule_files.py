"""Reads rule files: text from outside, of which nothing ever runs as Python.

A rule file looks like Python, so that editors and linters help to write it. It is parsed, every piece of syntax that is not listed here is
refused by file and line with what to write instead, and the rest becomes terms (rule_functions.py) that only make symbols. It may hold

    "a docstring", from … import words           an import line opens nothing: it must name words that are offered, and is then ignored
    NOTICE = "杭州市民政局通知"                    written constants: text, True, False, None, 0, 1, brackets of these
    @variable(…), @benefit(…), @name.from_date(…)   over a function: arguments without defaults, ``name = expression`` lines, one return
    def helper(person, law): …                   a function that others of the file, further down, may call

Work is bounded before anything is worked out: there are no loops and no recursion (a function may call only those above it), so
the terms of a call are counted in the text; rule_syntax.py says how many there may be.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zhida.engine.definitions import Definition
from zhida.engine.errors import DeclarationWrong, LiteralNumber, NameUndefined, TooMuchWork
from zhida.engine.expressions import short_place
from zhida.engine.rule_arguments import refuse_misfit, refuse_wrong_kinds
from zhida.engine.rule_formulas import FileNames, FunctionReader
from zhida.engine.rule_functions import RuleFunction
from zhida.engine.rule_syntax import FILE_TERMS_MAX, parsed, refuse, shortened
from zhida.engine.rule_words import DECORATORS, Words, is_maker


@dataclass(frozen=True)
class RuleFile:
    """What a rule file declares: rules, and what it calls by a name of its own (``PACK``)."""

    definitions: list[Definition]
    constants: dict[str, Any]


def read_rules(text: str, file: str, module: str, offered: Words) -> list[Definition]:
    """Return the rules of a text. file: path for sentences; module: dotted name for the definitions.

    Raises: a FormulaRefused that names file, line and what to write instead.
    """
    return read_rule_file(text, file, module, offered).definitions


def read_rule_file(text: str, file: str, module: str, offered: Words) -> RuleFile:
    """Return all that a rule file declares. Raises: as read_rules."""
    short = short_place(file, 1)[0]
    names = FileNames(short, module, offered)
    reader = _Reader(names)
    for statement in parsed(text, short).body:
        reader.statement(statement)
    return RuleFile(list(names.definitions.values()), names.constants)


class _Reader:
    """Reads the outermost statements of one file, from top to bottom."""

    def __init__(self, names: FileNames) -> None:
        self.names = names
        self._terms = 0

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return
            case ast.ImportFrom():
                self._import(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.names.claim(name, node)
                self.names.constants[name] = self.written(value)
            case ast.Assign(targets=targets):
                written = f"{', '.join(map(ast.unparse, targets))} = …"
                raise self.names.refusal(node, shortened(written), "请每行只给一个名称赋值", "Give one name a value per line")
            case ast.FunctionDef():
                self._function(node)
            case ast.Return():
                raise self.names.refusal(node, "return", "return 只能在函数里", "A return stands inside a function")
            case _:
                refuse(node, self.names.place(node))

    def _import(self, node: ast.ImportFrom) -> None:
        """Check an import line. Nothing is imported: words are offered."""
        if node.module == "__future__":
            return
        written = f"from {'.' * node.level}{node.module or ''} import …"
        if node.level or node.module not in self.names.words.doors:
            doors = "、".join(self.names.words.doors), ", ".join(self.names.words.doors)
            raise self.names.refusal(
                node,
                shortened(written),
                f"只能写 {doors[0]} 的词",
                f"Only words may be named, of {doors[1]}; facts and rules need no import",
            )
        for alias in node.names:
            if alias.asname is not None or alias.name == "*":
                raise self.names.refusal(alias, "import … as, import *", "请写出词本来的名称", "Name each word as it is")
            if alias.name not in self.names.words.names:
                raise NameUndefined(self.names.place(alias), alias.name, list(self.names.words.names))

    # -- written constants and declarations --

    def written(self, node: ast.expr) -> Any:
        """Return a constant or declaration that is written out: text, brackets, an entity, ``Text("…", "…")``."""
        match node:
            case ast.Constant(value=str() | bool() | None as value):
                return value
            case ast.Constant(value=value):
                if type(value) is int and value in (0, 1):
                    return value
                if isinstance(value, int | float | complex):
                    raise LiteralNumber(self.names.place(node), shortened(ast.unparse(node)))
                raise self.names.refusal(node, shortened(ast.unparse(node)), "请写成引号里的普通文字", "Write plain text in quotes")
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tuple(self.written(item) for item in items)
            case ast.Name(id=name):
                return self._named(name, node)
            case ast.Call(func=ast.Name(id=name)) if is_maker(self.names.words.names.get(name)):
                return self._called(name, self.names.words.names[name], node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex())):
                raise LiteralNumber(self.names.place(node), shortened(ast.unparse(node)))
            case ast.Call() | ast.BinOp() | ast.UnaryOp() | ast.Attribute() | ast.Subscript() | ast.Compare():
                raise self.names.refusal(
                    node,
                    shortened(ast.unparse(node)),
                    "这里只能写文字、常量或 Text(…)",
                    "Only written text, constants and Text(…) stand here",
                )
        refuse(node, self.names.place(node))

    def _named(self, name: str, node: ast.expr) -> Any:
        if name in self.names.constants:
            return self.names.constants[name]
        value = self.names.words.names.get(name)
        if value is None or callable(value):
            values = [word for word, found in self.names.words.names.items() if not callable(found)]
            raise NameUndefined(self.names.place(node), name, [*self.names.constants, *values])
        return value

    def _called(self, name: str, word: Callable[..., Any], node: ast.Call) -> Any:
        """Call a declaring word with written values. Raises: DeclarationWrong where it does not take them."""
        given, named = self.names.arguments(node, self.written)
        arguments = refuse_misfit(self.names.place(node), name, word, given, named)
        if name in (*DECORATORS, "from_date", "Text"):
            refuse_wrong_kinds(self.names.place(node), name, arguments)
        return word(*given, **named)

    # -- functions --

    def _function(self, node: ast.FunctionDef) -> None:
        function = FunctionReader(self.names, node).read()
        self._terms += function.terms
        if self._terms > FILE_TERMS_MAX:
            limit = f"{FILE_TERMS_MAX:,}"
            raise TooMuchWork(
                function.place, f"到此为止文件的公式超过 {limit} 步", f"with this function the file works out more than {limit} terms"
            )
        if not node.decorator_list:
            self.names.helpers[node.name] = function
            return
        if len(node.decorator_list) > 1:
            raise self.names.refusal(node.decorator_list[1], "@… @…", "每个函数只能有一个 @", "A function has one decorator")
        self._declare(node.decorator_list[0], function)

    def _declare(self, decorator: ast.expr, function: RuleFunction) -> None:
        match decorator:
            case ast.Call(func=ast.Name(id=name)) if name in DECORATORS:
                definition = self._called(name, DECORATORS[name], decorator)(function)
                self.names.definitions[definition.name] = definition
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="from_date")):
                if name not in self.names.definitions:
                    raise NameUndefined(self.names.place(decorator), name, list(self.names.definitions))
                definition = self.names.definitions[name]
                days = {wording.since for wording in definition.formulas}
                self._called("from_date", definition.from_date, decorator)(function)
                if len({wording.since for wording in definition.formulas}) == len(days):
                    zh, en = "这一天已有另一种写法；请改写日期", "it has another wording from this day. Write another day"
                    raise DeclarationWrong(self.names.place(decorator), f"@{name}.from_date", zh, en)
            case _:
                raise self.names.refusal(
                    decorator,
                    f"@{shortened(ast.unparse(decorator))}",
                    "请写 @variable(…)、@benefit(…) 或 @名称.from_date(…)",
                    "Write @variable(…), @benefit(…) or @name.from_date(…)",
                )
