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
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import date
from functools import cache
from typing import Any

from zhida.engine import functions, rule_functions
from zhida.engine.definitions import Definition, benefit, variable
from zhida.engine.entities import Entity
from zhida.engine.errors import DeclarationWrong, LiteralNumber, NameTaken, NameUndefined, NotInRules, NotSymbolic, Place, TooMuchWork
from zhida.engine.expressions import short_place
from zhida.engine.rule_functions import METHODS, RuleFunction, Step, Term
from zhida.engine.rule_syntax import (
    BINARY,
    COMPARED,
    FILE_TERMS_MAX,
    FORMULA_TERMS_MAX,
    INSTEAD,
    parsed,
    refuse,
    shortened,
)
from zhida.kernel.period import NEVER
from zhida.kernel.text import Text

_DECORATORS: dict[str, Callable[..., Any]] = {"variable": variable, "benefit": benefit}
_EVERY = (functions.MONTH, functions.QUARTER, functions.YEAR, functions.ONCE)
_PAYEES = ("self", "head", "guardian", "mother")
# The engine's own words; every rule file has them.
_LANGUAGE: dict[str, Any] = {name: getattr(functions, name) for name in functions.__all__} | {"NEVER": NEVER} | _DECORATORS


@dataclass(frozen=True)
class Words:
    """What rules may name: the engine's words, entities, and frozen dataclasses that declare something (Text, Pack …).

    doors: the modules that an import line of a rule file may name.
    """

    names: Mapping[str, Any] = field(default_factory=lambda: dict(_LANGUAGE))
    doors: tuple[str, ...] = ("zhida.engine.api",)

    @classmethod
    def of_entities(cls, entities: Iterable[Entity]) -> Words:
        """Return the engine's words and entities, named as their classes would be: Person, Household."""
        return cls(_LANGUAGE | {entity.name.title().replace("_", ""): entity for entity in entities})


@cache
def words_of(module: str) -> Words:
    """Return what a module of words offers: of the names in its ``__all__`` the entities and the frozen dataclasses, nothing else.

    Its package's ``api`` is a door to it.
    """
    found = importlib.import_module(module)
    own = {name: getattr(found, name) for name in found.__all__}
    offered = {name: value for name, value in own.items() if isinstance(value, Entity) or _is_maker(value)}
    return Words(_LANGUAGE | offered, ("zhida.engine.api", module, f"{module.rpartition('.')[0]}.api"))


def _is_maker(value: Any) -> bool:
    return isinstance(value, type) and is_dataclass(value) and value.__dataclass_params__.frozen and value is not Entity  # type: ignore[attr-defined]


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
    reader = _Reader(short, module, offered)
    for statement in parsed(text, short).body:
        reader.statement(statement)
    return RuleFile(list(reader.definitions.values()), reader.constants)


class _Reader:
    """Reads the outermost statements of one file, from top to bottom."""

    def __init__(self, file: str, module: str, words: Words) -> None:
        self.file, self.module, self.words = file, module, words
        self.constants: dict[str, Any] = {}
        self.helpers: dict[str, RuleFunction] = {}
        self.definitions: dict[str, Definition] = {}
        self._lines: dict[str, int] = {}
        self._terms = 0

    def place(self, node: ast.AST) -> Place:
        return self.file, getattr(node, "lineno", 1)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return
            case ast.ImportFrom():
                self._import(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.claim(name, node)
                self.constants[name] = self.written(value)
            case ast.Assign(targets=targets):
                written = f"{', '.join(map(ast.unparse, targets))} = …"
                raise self.refusal(node, shortened(written), "请每行只给一个名称赋值", "Give one name a value per line")
            case ast.FunctionDef():
                self._function(node)
            case ast.Return():
                raise self.refusal(node, "return", "return 只能在函数里", "A return stands inside a function")
            case _:
                refuse(node, self.place(node))

    def refusal(self, node: ast.AST, written: str, zh: str, en: str) -> NotInRules:
        return NotInRules(self.place(node), written, zh, en)

    def claim(self, name: str, node: ast.AST) -> None:
        """Take a name of the file for one thing. Raises: NotInRules, NameTaken."""
        self.refuse_hidden(name, node)
        if name in self.words.names:
            raise NameTaken(self.place(node), name, "a word of the language")
        if name in self._lines:
            raise NameTaken(self.place(node), name, f"{self.file}:{self._lines[name]}")
        self._lines[name] = self.place(node)[1]

    def refuse_hidden(self, name: str, node: ast.AST) -> None:
        if name.startswith("_"):
            raise self.refusal(node, shortened(name), "名称不能以下划线开头", "Names begin with a letter, not with an underscore")

    def _import(self, node: ast.ImportFrom) -> None:
        """Check an import line. Nothing is imported: words are offered."""
        if node.module == "__future__":
            return
        written = f"from {'.' * node.level}{node.module or ''} import …"
        if node.level or node.module not in self.words.doors:
            doors = "、".join(self.words.doors), ", ".join(self.words.doors)
            raise self.refusal(
                node,
                shortened(written),
                f"只能写 {doors[0]} 的词",
                f"Only words may be named, of {doors[1]}; facts and rules need no import",
            )
        for alias in node.names:
            if alias.asname is not None or alias.name == "*":
                raise self.refusal(alias, "import … as, import *", "请写出词本来的名称", "Name each word as it is")
            if alias.name not in self.words.names:
                raise NameUndefined(self.place(alias), alias.name, list(self.words.names))

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
                    raise LiteralNumber(self.place(node), shortened(ast.unparse(node)))
                raise self.refusal(node, shortened(ast.unparse(node)), "请写成引号里的普通文字", "Write plain text in quotes")
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tuple(self.written(item) for item in items)
            case ast.Name(id=name):
                return self._named(name, node)
            case ast.Call(func=ast.Name(id=name)) if _is_maker(self.words.names.get(name)):
                return self._called(name, self.words.names[name], node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex())):
                raise LiteralNumber(self.place(node), shortened(ast.unparse(node)))
            case ast.Call() | ast.BinOp() | ast.UnaryOp() | ast.Attribute() | ast.Subscript() | ast.Compare():
                raise self.refusal(
                    node,
                    shortened(ast.unparse(node)),
                    "这里只能写文字、常量或 Text(…)",
                    "Only written text, constants and Text(…) stand here",
                )
        refuse(node, self.place(node))

    def _named(self, name: str, node: ast.expr) -> Any:
        if name in self.constants:
            return self.constants[name]
        value = self.words.names.get(name)
        if value is None or callable(value):
            values = [word for word, found in self.words.names.items() if not callable(found)]
            raise NameUndefined(self.place(node), name, [*self.constants, *values])
        return value

    def _called(self, name: str, word: Callable[..., Any], node: ast.Call) -> Any:
        """Call a declaring word with written values. Raises: DeclarationWrong where it does not take them."""
        given, named = self._arguments(node, self.written)
        arguments = _refuse_misfit(self.place(node), name, word, given, named)
        if name in (*_DECORATORS, "from_date", "Text"):
            _refuse_wrong_kinds(self.place(node), name, arguments)
        return word(*given, **named)

    def _arguments(self, node: ast.Call, read: Callable[[ast.expr], Any]) -> tuple[list[Any], dict[str, Any]]:
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refusal(keyword, "**…", "请逐个写出参数", "Write each argument by itself")
            named[keyword.arg] = read(keyword.value)
        return [read(argument) for argument in node.args], named

    # -- functions --

    def _function(self, node: ast.FunctionDef) -> None:
        function = _FunctionReader(self, node).read()
        self._terms += function.steps
        if self._terms > FILE_TERMS_MAX:
            limit = f"{FILE_TERMS_MAX:,}"
            raise TooMuchWork(
                function.place, f"到此为止文件的公式超过 {limit} 步", f"with this function the file works out more than {limit} terms"
            )
        if not node.decorator_list:
            self.helpers[node.name] = function
            return
        if len(node.decorator_list) > 1:
            raise self.refusal(node.decorator_list[1], "@… @…", "每个函数只能有一个 @", "A function has one decorator")
        self._declare(node.decorator_list[0], function)

    def _declare(self, decorator: ast.expr, function: RuleFunction) -> None:
        match decorator:
            case ast.Call(func=ast.Name(id=name)) if name in _DECORATORS:
                definition = self._called(name, _DECORATORS[name], decorator)(function)
                self.definitions[definition.name] = definition
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="from_date")):
                if name not in self.definitions:
                    raise NameUndefined(self.place(decorator), name, list(self.definitions))
                definition = self.definitions[name]
                days = {wording.since for wording in definition.formulas}
                self._called("from_date", definition.from_date, decorator)(function)
                if len({wording.since for wording in definition.formulas}) == len(days):
                    zh, en = "这一天已有另一种写法；请改写日期", "it has another wording from this day. Write another day"
                    raise DeclarationWrong(self.place(decorator), f"@{name}.from_date", zh, en)
            case _:
                raise self.refusal(
                    decorator,
                    f"@{shortened(ast.unparse(decorator))}",
                    "请写 @variable(…)、@benefit(…) 或 @名称.from_date(…)",
                    "Write @variable(…), @benefit(…) or @name.from_date(…)",
                )


class _FunctionReader:
    """Reads one function into terms."""

    def __init__(self, file: _Reader, node: ast.FunctionDef) -> None:
        self.file, self.node = file, node
        self.locals: set[str] = set()
        self.steps = 0

    def read(self) -> RuleFunction:
        node, file = self.node, self.file
        file.claim(node.name, node)
        arguments = self._argument_names()
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
            last = body[-1] if body else node
            raise file.refusal(
                last,
                f"def {node.name} without return",
                "函数最后一行须写 return 表达式",
                "The last line of a function is: return expression",
            )
        steps = [self._line(statement) for statement in body[:-1]]
        steps.append(Step((), (self.term(body[-1].value),)))
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        return RuleFunction(node.name, file.module, ((file.file, first), file.place(body[-1])), arguments, steps, self.steps)

    def _argument_names(self) -> list[str]:
        given = self.node.args
        if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
            raise self.file.refusal(
                self.node,
                shortened(f"def {self.node.name}({ast.unparse(given)})"),
                "函数只写参数名，不写默认值、*、/",
                "A function lists its arguments by name, without defaults, * or /",
            )
        for one in given.args:
            if one.annotation is not None:
                raise self.file.refusal(one, shortened(ast.unparse(one)), "请去掉类型", "Leave the type out")
        if self.node.returns is not None:
            raise self.file.refusal(self.node, f"-> {shortened(ast.unparse(self.node.returns))}", "请去掉类型", "Leave the type out")
        for one in given.args:
            self._claim(one.arg, one)
        return [one.arg for one in given.args]

    def _claim(self, name: str, node: ast.AST) -> None:
        """Take a local name, which may not hide a word, a function or a constant of the file."""
        self.file.refuse_hidden(name, node)
        if name in self.file.words.names:
            raise NameTaken(self.file.place(node), name, "a word of the language")
        if name in self.file.helpers or name in self.file.constants or (name == self.node.name and not self.node.decorator_list):
            raise NameTaken(self.file.place(node), name, self.file.file)
        self.locals.add(name)

    def _line(self, node: ast.stmt) -> Step:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return self._named((name,), (value,), node)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                if all(isinstance(one, ast.Name) for one in names):
                    return self._named([one.id for one in names if isinstance(one, ast.Name)], values, node)
        if isinstance(node, ast.Assign):
            raise self.file.refusal(
                node,
                shortened(f"{', '.join(map(ast.unparse, node.targets))} = …"),
                "请写 名称 = 表达式，或 a, b = x, y",
                "Write name = expression, or a, b = x, y",
            )
        refuse(node, self.file.place(node))

    def _named(self, names: Sequence[str], values: Sequence[ast.expr], node: ast.AST) -> Step:
        terms = tuple(self.term(value) for value in values)
        for name in names:
            self._claim(name, node)
        return Step(tuple(names), terms)

    # -- expressions --

    def term(self, node: ast.expr) -> Term:
        """Return an expression as a term. Raises: FormulaRefused for all that formulas do not have."""
        place = self._count(node)
        match node:
            case ast.Constant(value=value):
                return rule_functions.constant(self._literal(node, value))
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute(value=value, attr=name):
                self.file.refuse_hidden(name, node)
                return rule_functions.attribute((place[0], node.end_lineno or place[1]), self.term(value), name)
            case ast.Call():
                return self._call(node)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return rule_functions.operation(place, BINARY[type(op)], self.term(left), self.term(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARED:
                return rule_functions.operation(place, COMPARED[type(op)], self.term(left), self.term(right))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return rule_functions.inverted(place, self.term(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                if isinstance(operand, ast.Constant):
                    raise LiteralNumber(place, shortened(ast.unparse(node)))
                return rule_functions.negated(place, self.term(operand))
            case ast.Subscript(value=value, slice=key):
                keys = rule_functions.together([self.term(one) for one in key.elts]) if isinstance(key, ast.Tuple) else self.term(key)
                return rule_functions.looked_up(place, self.term(value), keys)
        self._refuse(node, place)
        raise AssertionError

    def _refuse(self, node: ast.expr, place: Place) -> None:
        match node:
            case ast.BinOp(op=op) | ast.UnaryOp(op=op):
                refuse(op, place)
            case ast.Compare(ops=[op]):
                refuse(op, place)
            case ast.Compare():
                raise NotSymbolic(place, "a < b < c", "(a < b) & (b < c)")
        refuse(node, place)

    def _count(self, node: ast.AST, terms: int = 1) -> Place:
        place = self.file.place(node)
        self.steps += terms
        if self.steps > FORMULA_TERMS_MAX:
            limit = f"{FORMULA_TERMS_MAX:,}"
            name = self.node.name
            raise TooMuchWork(
                place,
                f"{name} 连同所调用的函数超过 {limit} 步",
                f"{name} and the functions it calls work out more than {limit} terms",
            )
        return place

    def _literal(self, node: ast.Constant, value: Any) -> Any:
        if isinstance(value, str | bool) or (type(value) is int and value in (0, 1)):
            return value
        if isinstance(value, int | float | complex):
            raise LiteralNumber(self.file.place(node), shortened(ast.unparse(node)))
        raise self.file.refusal(
            node,
            shortened(ast.unparse(node)),
            "公式里只能写代码、0、1、True、False",
            "A formula holds codes in quotes, 0, 1, True and False",
        )

    def _name(self, node: ast.Name, name: str) -> Term:
        if name in self.locals:
            return rule_functions.local(name)
        value = self.file.constants.get(name, self.file.words.names.get(name))
        if value is not None and not callable(value) and not isinstance(value, Entity):
            return rule_functions.constant(value)
        place = self.file.place(node)
        if name in self.file.definitions:
            entity = self.file.definitions[name].entity.name
            raise NotInRules(place, name, f"变量属于实体，请写 {entity}.{name}", f"A variable belongs to an entity: write {entity}.{name}")
        if isinstance(value, Entity):
            raise NotInRules(place, name, f"请写函数的参数 {value.name}", f"Write the argument of the function: {value.name}")
        if value is not None or name in self.file.helpers:
            raise NotInRules(place, name, f"请调用它：{name}(…)", f"Call it: {name}(…)")
        raise NameUndefined(place, name, [*self.locals, *self.file.constants, *self.file.words.names, *self.file.helpers])

    def _call(self, node: ast.Call) -> Term:
        place = self.file.place(node)
        match node.func:
            case ast.Attribute(value=value, attr=name) if name in METHODS:
                if node.keywords:
                    raise self.file.refusal(node, f".{name}(…=…)", "请直接写值", "Write the values without names")
                return rule_functions.method(place, self.term(value), name, [self.argument(one) for one in node.args])
            case ast.Name(id=name) if name in self.file.helpers:
                return self._helper_call(node, self.file.helpers[name])
            case ast.Name(id=name) if name not in self.locals and name in self.file.words.names:
                return self._word_call(node, name, self.file.words.names[name])
            case ast.Name(id=name) if name in INSTEAD:
                raise NotSymbolic(place, *INSTEAD[name])
            case ast.Name(id=name):
                words = [word for word, value in self.file.words.names.items() if callable(value)]
                raise NameUndefined(place, f"{name}()", [f"{word}()" for word in (*words, *self.file.helpers)])
        raise self.file.refusal(
            node,
            shortened(ast.unparse(node)),
            "只能调用公式的词、本文件的函数、is_in() 与 on()",
            "Only words of formulas, functions of this file, is_in() and on() can be called",
        )

    def argument(self, node: ast.expr) -> Term:
        """Return an argument of a word: an expression, or several in brackets as select() and same= take them."""
        if isinstance(node, ast.Tuple):
            self._count(node)
            return rule_functions.together([self.term(item) for item in node.elts])
        return self.term(node)

    def _word_call(self, node: ast.Call, name: str, word: Any) -> Term:
        place = self.file.place(node)
        if name in _DECORATORS or not inspect.isfunction(word):
            raise self.file.refusal(node, f"{name}(…)", "公式里不能调用它", "A formula cannot call it")
        given, named = self.file._arguments(node, self.argument)
        _refuse_misfit(place, name, word, given, named)
        if name == "select" and not all(isinstance(case, ast.Tuple) and len(case.elts) == 2 for case in node.args):
            raise NotSymbolic(place, "select(a, b)", "select((condition, value), …, otherwise=0)")
        return rule_functions.call(place, word, given, named)

    def _helper_call(self, node: ast.Call, helper: RuleFunction) -> Term:
        if node.keywords or len(node.args) != len(helper.arguments) or any(isinstance(one, ast.Starred) for one in node.args):
            takes = ", ".join(helper.arguments)
            raise self.file.refusal(
                node, shortened(ast.unparse(node)), f"请写 {helper.__name__}({takes})", f"Write {helper.__name__}({takes})"
            )
        self._count(node, helper.steps)
        return rule_functions.call(self.file.place(node), helper, [self.term(one) for one in node.args], {})


def _refuse_misfit(place: Place, name: str, word: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name. Raises: DeclarationWrong where a word does not take those it is given."""
    signature = inspect.signature(word)
    try:
        return signature.bind(*given, **named).arguments
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        zh, en = f"参数不对（{error}）；它的参数是 {takes}", f"the arguments do not fit ({error}). It takes: {takes}"
        raise DeclarationWrong(place, f"{name}(…)", zh, en) from None


def _refuse_wrong_kinds(place: Place, word: str, arguments: Mapping[str, Any]) -> None:
    """Raise DeclarationWrong for the first argument of @variable, @benefit or @….from_date that is of another kind than it must be."""
    for name, value in arguments.items():
        fits, zh, en = _KINDS.get(name, _TEXT)
        if not fits(value):
            written = f"@{word}({name}={shortened(repr(value))})"
            raise DeclarationWrong(place, written, f"{name} {zh}", f"{name} {en}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_day(value: Any) -> bool:
    try:
        return value is None or bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


_TEXT = (_is_text, "须是引号里的文字", "is text in quotes")
# What an argument of a declaration must be: the test, and how a sentence says it.
_KINDS: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "entity": (lambda value: isinstance(value, Entity), "须是实体，例如 Person", "is an entity, as Person"),
    "label": (
        lambda value: isinstance(value, Text) or (isinstance(value, tuple) and len(value) == 2 and all(map(_is_text, value))),
        '须是两种语言的文字：("高龄津贴", "Old-age allowance")',
        'is text in two languages: ("高龄津贴", "Old-age allowance")',
    ),
    "codes": (
        lambda value: isinstance(value, tuple) and all(map(_is_text, value)),
        '须是括号里的代码：("low", "high")',
        'are codes in brackets: ("low", "high")',
    ),
    "every": (lambda value: value in _EVERY, f"须是 {'、'.join(_EVERY)} 之一", f"is one of {', '.join(_EVERY)}"),
    "payee": (
        lambda value: _is_text(value) and (value in _PAYEES or value.startswith("organisation:")),
        f"须是 {'、'.join(_PAYEES)} 或 organisation:事实",
        f"is one of {', '.join(_PAYEES)} or organisation:<fact>",
    ),
    "occasion": (lambda value: value is None or _is_text(value), *_TEXT[1:]),
    "in_force": (
        lambda value: isinstance(value, tuple) and len(value) == 2 and all(map(_is_day, value)),
        '须是起止两天：("2021-01-01", None)',
        'is a first day and the day after the last: ("2021-01-01", None)',
    ),
    "since": (lambda value: value is not None and _is_day(value), "须写成 2025-01-23", "is a day, written as 2025-01-23"),
    "known_from": (_is_day, "须写成 2025-01-23", "is a day, written as 2025-01-23"),
}
