"""A FEEL text as words with their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn

from zhida.engine.feel.errors import FeelError

LENGTH_MAX = 4_000
TOKENS_MAX = 1_000
DECIMALS_MAX = 6
DIGITS_MAX = 18
KEYWORDS = frozenset({"true", "false", "null", "and", "or", "not", "between", "in", "if", "then", "else"})
# Words of FEEL that are read as such only to be refused.
REFUSED = frozenset({"for", "some", "every", "return", "satisfies", "function", "instance"})

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d+(?:\.\d+)?(?![\w])|\.\d+(?![\w]))
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
      | (?P<sign>\.\.|\*\*|<=|>=|!=|[-+*/=<>()\[\],@?{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'", "/": "/"}
# What a Chinese keyboard gives where a sign of FEEL is meant.
_FULL_WIDTH = dict(zip("“”‘’，（）＝＜＞≥≤≠【】＋－×÷", ['"', '"', '"', '"', *",()=<>", ">=", "<=", "!=", *"[]+-*/"], strict=True))

Kind = Literal["number", "text", "name", "word", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """``written``: the name, keyword or sign, or what stands between a text's quotes; ``column`` counts from 1."""

    kind: Kind
    written: str
    column: int


def read_tokens(text: str, place: str) -> list[Token]:
    """Split a text. Raises: FeelError for signs FEEL does not have, and for texts too long to be a condition."""
    if len(text) > LENGTH_MAX:
        raise FeelError(
            place,
            0,
            f"写了 {len(text):,} 个字符，最多 {LENGTH_MAX:,} 个；请拆成几条",
            f"{len(text):,} characters; write at most {LENGTH_MAX:,}",
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            _refuse_sign(text, position, place)
        position = found.end()
        if found.lastgroup != "space":
            tokens.append(_token(found, place))
        if len(tokens) > TOKENS_MAX:
            raise FeelError(place, position, f"超过 {TOKENS_MAX:,} 个词；请拆成几条", f"more than {TOKENS_MAX:,} words. Split it")
    return [*tokens, Token("end", "", len(text) + 1)]


def _token(found: re.Match[str], place: str) -> Token:
    written, column = found.group(), found.start() + 1
    match found.lastgroup:
        case "number":
            return Token("number", _checked_number(written, column, place), column)
        case "text":
            return Token("text", _unescaped(written[1:-1], column, place), column)
        case "name":
            return Token("word" if written in KEYWORDS or written in REFUSED else "name", written, column)
    return Token("sign", written, column)


def _checked_number(written: str, column: int, place: str) -> str:
    if not written.isascii():
        raise FeelError(place, column, f"数字 {written} 请用半角 0-9 书写", f"write the number {written} with the digits 0-9")
    whole, _, decimals = written.partition(".")
    if len(whole) > DIGITS_MAX or len(decimals) > DECIMALS_MAX:
        raise FeelError(
            place,
            column,
            f"数字 {written[:40]} 太长：整数最多 {DIGITS_MAX} 位，小数最多 {DECIMALS_MAX} 位",
            f"the number {written[:40]} is too long: write at most {DIGITS_MAX} digits and {DECIMALS_MAX} decimals",
        )
    return str(Decimal(written))


def _unescaped(written: str, column: int, place: str) -> str:
    if "\\" not in written:
        return written

    def one(found: re.Match[str]) -> str:
        if found.group(1) is not None:
            return chr(int(found.group(1), 16))
        letter = found.group(2)
        if letter not in _ESCAPES:
            raise FeelError(
                place, column, f"文字里不能写 \\{letter}；反斜杠请写成 \\\\", f"a text cannot hold \\{letter}. Write a backslash as \\\\"
            )
        return _ESCAPES[letter]

    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", one, written, flags=re.DOTALL)


def _refuse_sign(text: str, position: int, place: str) -> NoReturn:
    sign, column = text[position], position + 1
    if sign in _FULL_WIDTH:
        meant = _FULL_WIDTH[sign]
        raise FeelError(place, column, f"“{sign}”是全角符号；请写半角 {meant}", f"'{sign}' is a full-width sign. Write {meant}")
    if sign == '"':
        raise FeelError(place, column, '文字缺少结尾的引号 "；请补上', 'a text has no closing quote. Add "')
    if sign == "'":
        raise FeelError(place, column, '文字请用双引号，例如 "child"', 'write texts in double quotes, as "child"')
    if sign.isdecimal():
        raise FeelError(
            place, column, "数字后面紧跟着字母；名称不能以数字开头", "a number runs into letters. Names do not begin with a digit"
        )
    raise FeelError(place, column, f"不认识符号“{sign}”；请删去", f"the sign '{sign}' is not known here. Take it out")
