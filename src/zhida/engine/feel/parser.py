"""Reads FEEL: words to a tree. Nothing is ever run; what is not in the part is refused with what to write instead.

    or · and · comparison, between, in · + - · * / · - · literal, name, (…), not(…), date("…"), if … then … else …

Cells of decision tables (``parse_tests``) become the same trees, with the input in the place of the value that is tested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn, cast

from zhida.engine.feel.meaning import evaluate
from zhida.engine.feel.tokens import REFUSED, Token
from zhida.engine.feel.tree import (
    FALSE,
    NULL,
    TRUE,
    Arithmetic,
    Choice,
    Constant,
    Logic,
    Name,
    Not,
    Tree,
    Value,
    ValueKind,
    kind_of,
    names_in,
)
from zhida.engine.feel.words import DEPTH_MAX, SIGNS, Words

NO_KINDS: Mapping[str, ValueKind] = {}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Expression:
    """A condition or cell that was read. ``names``: every name it may ask for; ``kind``: of its value, None where a name decides that."""

    text: str
    place: str
    tree: Tree
    names: frozenset[str] = field(init=False)
    kind: ValueKind | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", names_in(self.tree))
        object.__setattr__(self, "kind", kind_of(self.tree))

    def evaluate(self, values: Mapping[str, Any]) -> Value | None:
        """Answer: a text, Decimal, date or bool; None is unknown. A name that ``values`` does not have is unknown.

        Raises: FeelError for a value of another type, and for a number that gets too large.
        """
        return evaluate(self.tree, values, self.place)


def parse_expression(text: str, place: str, kinds: Mapping[str, ValueKind] = NO_KINDS) -> Expression:
    """Read a condition, an input or an output. Raises: FeelError naming the column and what to write instead.

    kinds: of the names that are declared; a text compared with a number is then refused here.
    """
    reader = _Reader(text, place, kinds)
    tree = reader.expression()
    reader.end()
    return Expression(text.strip(), place, tree)


def parse_tests(text: str, subject: Tree, place: str, kinds: Mapping[str, ValueKind] = NO_KINDS) -> Expression:
    """Read a cell of a decision table: ``-``, ``"a","b"``, ``>= 5``, ``[1..9]``, ``not(4)``, ``null``. Raises: FeelError."""
    reader = _Reader(text, place, kinds)
    tree = reader.cell(subject)
    reader.end()
    return Expression(text.strip(), place, tree)


class _Reader(Words):
    """Goes over the words once, from left to right."""

    # ---- from the loosest operator to the tightest --------------------------------------------------------------------------------------

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.refuse(self.token, f"括号套了超过 {DEPTH_MAX} 层；请拆开", f"nested more than {DEPTH_MAX} deep. Split it")
        tree = self.choice() if self.at("if") else self.any_of()
        self.depth -= 1
        return tree

    def choice(self) -> Tree:
        start = self.take()
        condition = self.expression()
        self.need("bool", condition, start, "if")
        self.expect("then", "if 后面缺少 then", "if needs then")
        then = self.expression()
        self.expect("else", "then 后面缺少 else；请写明其他情况", "then needs else. Say what holds otherwise")
        otherwise = self.expression()
        self.same(then, otherwise, start, "then / else")
        return self.made(Choice(condition, then, otherwise), start)

    def any_of(self) -> Tree:
        start, parts = self.token, [self.all_of()]
        while self.took("or"):
            parts.append(self.all_of())
        return self.logic("or", parts, start)

    def all_of(self) -> Tree:
        start, parts = self.token, [self.comparison()]
        while self.took("and"):
            parts.append(self.comparison())
        return self.logic("and", parts, start)

    def logic(self, sign: str, parts: list[Tree], start: Token) -> Tree:
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            self.need("bool", part, start, sign)
        return self.made(Logic("or" if sign == "or" else "and", tuple(parts)), start)

    def comparison(self) -> Tree:
        start, left = self.token, self.sum()
        if self.at(*SIGNS):
            token = self.take()
            tree = self.compared(SIGNS[token.written], left, self.sum(), token)
            if self.at(*SIGNS):
                self.refuse(
                    self.token,
                    "一次只能比较两个值；请用 and 连接，例如 1 < x and x < 9",
                    "compare two values at a time, as 1 < x and x < 9",
                )
            return tree
        if self.took("between"):
            low = self.sum()
            self.expect("and", "between 后面请写 …and…", "between needs … and …")
            return self.inside(left, low, self.sum(), True, True, start)
        return self.member(left) if self.took("in") else left

    def sum(self) -> Tree:
        tree = self.product()
        while self.at("+", "-"):
            token = self.take()
            tree = self.arithmetic(token, tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while self.at("*", "/", "**"):
            token = self.take()
            if token.written == "**":
                self.refuse(token, "不能写乘方 **；请写成 a * a", "powers are not supported. Write a * a")
            tree = self.arithmetic(token, tree, self.signed())
        return tree

    def arithmetic(self, token: Token, left: Tree, right: Tree) -> Tree:
        for part in (left, right):
            self.need("number", part, token, token.written)
        return self.made(Arithmetic(cast(Any, token.written), left, right), token)

    def signed(self) -> Tree:
        if not self.at("-"):
            return self.single()
        token, inner = self.take(), self.single()
        if isinstance(inner, Constant) and isinstance(inner.value, Decimal):
            return Constant(-inner.value)
        return self.arithmetic(Token("sign", "-", token.column), Constant(Decimal(0)), inner)

    def single(self) -> Tree:
        token = self.take()
        match token.kind:
            case "number":
                return Constant(Decimal(token.written))
            case "text":
                return Constant(token.written)
            case "name":
                return self.named(token)
            case "word":
                return self.word(token)
            case "end":
                self.refuse(token, "这里缺少一个值；请补上", "a value is missing. Add it")
        if token.written == "(":
            inner = self.expression()
            self.expect(")", "缺少右括号 )", "a closing bracket ) is missing")
            return inner
        if token.written == "@":
            return Constant(self.day(self.take()))
        self.refuse_sign(token)

    def word(self, token: Token) -> Tree:
        match token.written:
            case "true":
                return TRUE
            case "false":
                return FALSE
            case "null":
                return NULL
            case "not":
                return self.negated(token)
            case "if":
                self.position -= 1
                return self.expression()
        if token.written in REFUSED:
            zh, en = (
                f"不支持 {token.written}；条件里只有比较、and、or、not、in、between、if",
                f"{token.written} is not supported: a condition has comparisons, and, or, not, in, between, if",
            )
            self.refuse(token, zh, en)
        self.refuse(token, f"“{token.written}”前面缺少一个值；请补上", f"a value is missing before '{token.written}'. Add it")

    def negated(self, token: Token) -> Tree:
        self.expect("(", "not 请带括号，例如 not(x = 1)", "write not with brackets, as not(x = 1)")
        inner = self.expression()
        self.expect(")", "缺少右括号 )", "a closing bracket ) is missing")
        self.need("bool", inner, token, "not")
        return self.made(Not(inner), token)

    def named(self, token: Token) -> Tree:
        if not self.at("("):
            return Name(token.written, self.kinds.get(token.written))
        if token.written != "date":
            zh = f"不支持函数 {token.written}()；请先在证据或另一张表里算好，再用名称引用"
            en = f"the function {token.written}() is not supported. Work it out in the evidence or another table, and write its name"
            self.refuse(token, zh, en)
        self.take()
        day = self.day(self.take())
        self.expect(")", "缺少右括号 )", "a closing bracket ) is missing")
        return Constant(day)

    def day(self, token: Token) -> date:
        if token.kind == "text" and _DATE.fullmatch(token.written):
            try:
                return date.fromisoformat(token.written)
            except ValueError:
                pass
        self.refuse(token, '日期请写成 date("2025-01-31")', 'write dates as date("2025-01-31")')

    def refuse_sign(self, token: Token) -> NoReturn:
        if token.written in ("[", "]", ".."):
            self.refuse(
                token, "区间只能写在 in 后面或决策表的格子里，例如 x in [1..9]", "an interval stands after in, or in a cell: x in [1..9]"
            )
        if token.written in ("{", "}"):
            self.refuse(token, "不支持 {…}；请写比较式", "{…} is not supported. Write a comparison")
        if token.written == "?":
            self.refuse(token, "不支持 ?；请直接写输入项的名称", "? is not supported. Write the name of the input")
        self.refuse(token, f"“{token.written}”前面缺少一个值；请补上", f"a value is missing before '{token.written}'. Add it")

    # ---- tests of one value: cells, and what stands after in -----------------------------------------------------------------------------

    def cell(self, subject: Tree) -> Tree:
        if self.token.kind == "sign" and self.token.written == "-" and self.tokens[self.position + 1].kind == "end":
            self.take()
            return TRUE
        start = self.token
        if self.at("not") and self.tokens[self.position + 1].written == "(":
            self.take()
            self.take()
            inner = self.tests(subject)
            self.expect(")", "缺少右括号 )", "a closing bracket ) is missing")
            return self.made(Not(inner), start)
        return self.tests(subject)

    def member(self, subject: Tree) -> Tree:
        """``in (a, b)`` or ``in [1..9]`` or ``in > 5``: a bracket may open a list or an open interval."""
        if not self.at("("):
            return self.test(subject)
        opening = self.position
        self.take()
        first = self.test(subject)
        if self.at(".."):
            self.position = opening
            return self.test(subject)
        return self.listed(subject, [first], True)

    def tests(self, subject: Tree) -> Tree:
        return self.listed(subject, [self.test(subject)], False)

    def listed(self, subject: Tree, parts: list[Tree], bracket: bool) -> Tree:
        start = self.token
        while self.took(","):
            parts.append(self.test(subject))
        if bracket:
            self.expect(")", "列表缺少右括号 )", "the list has no closing bracket )")
        return parts[0] if len(parts) == 1 else self.made(Logic("or", tuple(parts)), start)

    def test(self, subject: Tree) -> Tree:
        token = self.token
        if self.at(*SIGNS):
            self.take()
            return self.compared(SIGNS[token.written], subject, self.sum(), token)
        if self.at("[", "]"):
            return self.interval(subject, token)
        if self.at("(") and self.is_interval():
            return self.interval(subject, token)
        return self.compared("=", subject, self.sum(), token)

    def is_interval(self) -> bool:
        """Say whether this bracket holds ``..`` at its own level."""
        level = 0
        for token in self.tokens[self.position :]:
            if token.kind == "sign":
                level += (token.written == "(") - (token.written == ")")
                if token.written == ".." and level == 1:
                    return True
            if level == 0:
                return False
        return False

    def interval(self, subject: Tree, start: Token) -> Tree:
        opening = self.take().written
        low = self.sum()
        self.expect("..", "区间请写成 [1..9]", "write an interval as [1..9]")
        high = self.sum()
        closing = self.take()
        if closing.written not in ("]", ")", "[") or closing.kind != "sign":
            self.refuse(closing, "区间缺少结尾的 ] 或 )", "the interval has no closing ] or )")
        if isinstance(low, Constant) and isinstance(high, Constant) and kind_of(low) == kind_of(high) and cast(Any, low.value) > high.value:
            self.refuse(start, "区间的起点大于终点；请对调", "the interval begins after its end. Swap its ends")
        return self.inside(subject, low, high, opening == "[", closing.written == "]", start)


__all__ = ["Expression", "parse_expression", "parse_tests"]
