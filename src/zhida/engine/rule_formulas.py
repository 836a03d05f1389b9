"""The functions of a rule file, read expression by expression into terms; what no formula has is refused where it stands."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from zhida.engine import rule_functions
from zhida.engine.definitions import Definition
from zhida.engine.entities import Entity
from zhida.engine.errors import LiteralNumber, NameTaken, NameUndefined, NotInRules, NotSymbolic, Place, TooMuchWork
from zhida.engine.rule_arguments import refuse_misfit
from zhida.engine.rule_functions import METHODS, RuleFunction, Step, Term
from zhida.engine.rule_syntax import BINARY, COMPARED, FORMULA_TERMS_MAX, INSTEAD, refuse, shortened
from zhida.engine.rule_words import DECORATORS, Words


class FileNames:
    """What the names of one rule file stand for, as far as it is read."""

    def __init__(self, file: str, module: str, words: Words) -> None:
        self.file, self.module, self.words = file, module, words
        self.constants: dict[str, Any] = {}
        self.helpers: dict[str, RuleFunction] = {}
        self.definitions: dict[str, Definition] = {}
        self._lines: dict[str, int] = {}

    def place(self, node: ast.AST) -> Place:
        return self.file, getattr(node, "lineno", 1)

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

    def arguments(self, node: ast.Call, read: Callable[[ast.expr], Any]) -> tuple[list[Any], dict[str, Any]]:
        """Read the arguments of a call: those by position, and those by name."""
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refusal(keyword, "**…", "请逐个写出参数", "Write each argument by itself")
            if keyword.arg in named:
                raise self.refusal(keyword, f"{keyword.arg}= twice", "请只写一次", "Write it once")
            named[keyword.arg] = read(keyword.value)
        return [read(argument) for argument in node.args], named


class FunctionReader:
    """Reads one function into terms."""

    def __init__(self, file: FileNames, node: ast.FunctionDef) -> None:
        self.file, self.node = file, node
        self.locals: set[str] = set()
        self.terms = 0

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
        return RuleFunction(node.name, file.module, ((file.file, first), file.place(body[-1])), arguments, steps, self.terms)

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
        self.terms += terms
        if self.terms > FORMULA_TERMS_MAX:
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
        if name in DECORATORS or not inspect.isfunction(word):
            raise self.file.refusal(node, f"{name}(…)", "公式里不能调用它", "A formula cannot call it")
        given, named = self.file.arguments(node, self.argument)
        refuse_misfit(place, name, word, given, named)
        if name == "select" and not all(isinstance(case, ast.Tuple) and len(case.elts) == 2 for case in node.args):
            raise NotSymbolic(place, "select(a, b)", "select((condition, value), …, otherwise=0)")
        return rule_functions.call(place, word, given, named)

    def _helper_call(self, node: ast.Call, helper: RuleFunction) -> Term:
        if node.keywords or len(node.args) != len(helper.arguments) or any(isinstance(one, ast.Starred) for one in node.args):
            takes = ", ".join(helper.arguments)
            raise self.file.refusal(
                node, shortened(ast.unparse(node)), f"请写 {helper.__name__}({takes})", f"Write {helper.__name__}({takes})"
            )
        self._count(node, helper.terms)
        return rule_functions.call(self.file.place(node), helper, [self.term(one) for one in node.args], {})
