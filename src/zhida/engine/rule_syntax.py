"""What a rule file may look like: its size, its syntax, and what to write instead of what it may not hold."""

from __future__ import annotations

import ast
import reprlib
from pathlib import Path
from typing import NoReturn

from zhida.engine.errors import NotInRules, NotSymbolic, Place, RulesUnreadable
from zhida.engine.expressions import short_place

# The longest installed file has 15,000 characters and syntax 12 levels deep.
CHARACTERS_MAX = 200_000
NESTING_MAX = 60
# Terms that one call of a formula may work out, those of the functions it calls included; and all formulas of a file together.
FORMULA_TERMS_MAX = 2_000
FILE_TERMS_MAX = 50_000

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.BitAnd: "&",
    ast.BitOr: "|",
}
COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
# Python's own operators and functions -> what formulas write.
INSTEAD: dict[type[ast.AST] | str, tuple[str, str]] = {
    ast.BoolOp: ("and / or", "&, |, ~"),
    ast.Not: ("not", "~"),
    ast.IfExp: ("if … else …", "where(condition, a, b)"),
    ast.FloorDiv: ("//", "round_down(a / b)"),
    ast.Mod: ("%", "a - round_down(a / b) * b"),
    ast.Pow: ("**", "a * a"),
    ast.MatMult: ("@", "*"),
    ast.LShift: ("<<", "*"),
    ast.RShift: (">>", "/"),
    ast.BitXor: ("^", "a != b"),
    ast.In: ("in", 'person.degree.is_in("master", "doctor")'),
    ast.NotIn: ("not in", '~person.degree.is_in("master", "doctor")'),
    ast.Is: ("is", "=="),
    ast.IsNot: ("is not", "!="),
    "sum": ("sum()", "total(household.members.x)"),
    "max": ("max()", "maximum(a, b), highest(household.members.x)"),
    "min": ("min()", "minimum(a, b), lowest(household.members.x)"),
    "len": ("len()", "count(household.members)"),
    "any": ("any()", "any_of(household.members.x)"),
    "all": ("all()", "all_of(household.members.x)"),
    "sorted": ("sorted()", "rank(person.birth_date)"),
    "round": ("round()", "round_half_up(amount, FEN)"),
    "int": ("int()", "round_down(amount)"),
    "abs": ("abs()", "maximum(a, 0 - a)"),
}
_ONE_VALUE = ("请写成一个公式：名称 = 表达式，最后 return 表达式", "Write formulas: name = expression, and return expression at the end")
_WHOLE_COLUMNS = (
    "公式对整列计算，不需要循环；请用 total()、count()、any_of()",
    "Formulas work on whole columns and need no loop: use total(), count(), any_of()",
)
_NO_PYTHON = (
    "规则文件只能有 @variable、@benefit、函数和常量",
    "It holds @variable and @benefit, functions and written constants, nothing else",
)
_PLAIN_TEXT = ("请写成引号里的普通文字", "Write plain text in quotes")
_BY_NAME = ("请逐个写出参数", "Write each argument by itself")
# Kinds of syntax -> what they are called, and what to do instead.
REMEDIES: dict[type[ast.AST], tuple[str, tuple[str, str]]] = {
    ast.For: ("for", _WHOLE_COLUMNS),
    ast.AsyncFor: ("async for", _WHOLE_COLUMNS),
    ast.While: ("while", _WHOLE_COLUMNS),
    ast.ListComp: ("[… for …]", _WHOLE_COLUMNS),
    ast.SetComp: ("{… for …}", _WHOLE_COLUMNS),
    ast.DictComp: ("{…: … for …}", _WHOLE_COLUMNS),
    ast.GeneratorExp: ("(… for …)", _WHOLE_COLUMNS),
    ast.If: ("if", ("请改写为 where(条件, 是, 否)", "Write where(condition, then, otherwise)")),
    ast.Match: ("match", ("请改写为 select((条件, 值), …)", "Write select((condition, value), …)")),
    ast.Import: ("import", ("规则文件用到的词都已给出，不需要导入", "The words of rules are there without an import")),
    ast.ClassDef: ("class", _NO_PYTHON),
    ast.AsyncFunctionDef: ("async def", ("请改写为 def", "Write def")),
    ast.Try: ("try", _NO_PYTHON),
    ast.With: ("with", _NO_PYTHON),
    ast.AsyncWith: ("async with", _NO_PYTHON),
    ast.Raise: ("raise", _NO_PYTHON),
    ast.Assert: ("assert", ("请把情形写进 situations/", "Write the case as a situation in situations/")),
    ast.Global: ("global", _ONE_VALUE),
    ast.Nonlocal: ("nonlocal", _ONE_VALUE),
    ast.Delete: ("del", _ONE_VALUE),
    ast.Pass: ("pass", _ONE_VALUE),
    ast.Break: ("break", _WHOLE_COLUMNS),
    ast.Continue: ("continue", _WHOLE_COLUMNS),
    ast.AugAssign: ("+=", ("请改写为 x = x + y", "Write x = x + y")),
    ast.AnnAssign: ("x: type = …", ("请去掉类型，写成 x = …", "Leave the type out: x = …")),
    ast.Expr: ("…", ("请给它一个名称，或删去该行", "Give it a name, or delete the line")),
    ast.Lambda: ("lambda", ("请用 def 写成函数", "Write it as a function with def")),
    ast.NamedExpr: (":=", ("请单独写一行 name = 表达式", "Give the value a name on a line of its own")),
    ast.JoinedStr: ('f"…"', _PLAIN_TEXT),
    ast.Starred: ("*…", _BY_NAME),
    ast.Await: ("await", _NO_PYTHON),
    ast.Yield: ("yield", ("请改写为 return", "Write return")),
    ast.YieldFrom: ("yield from", ("请改写为 return", "Write return")),
    ast.Slice: ("[a:b]", ("请用 marginal() 或 bracket()", "Use marginal() or bracket()")),
    ast.List: ("[…]", ("请用圆括号", "Write it in round brackets")),
    ast.Dict: ("{…: …}", ("按代码取值的数请放进 parameters/", "Numbers by code belong in parameters/")),
    ast.Set: ("{…}", ("请改写为 is_in(…)", "Write is_in(…)")),
    ast.Tuple: ("(…, …)", ("请只写一个值", "Write a single value")),
    ast.Return: ("return", ("只在函数最后一行写 return", "Write return once, as the last line of the function")),
    ast.FunctionDef: ("def … def", ("请把函数移到文件最外层", "Move the function to the outermost level of the file")),
    ast.ImportFrom: ("import", ("规则文件用到的词都已给出，不需要导入", "The words of rules are there without an import")),
}


def read_text(path: Path) -> str:
    """Return the text of a rule file, no more of it than a rule file may hold. Raises: RulesUnreadable."""
    file = short_place(str(path), 1)[0]
    raw = b""
    try:
        # A pipe or a device would be read without end.
        if not path.is_file():
            raise FileNotFoundError(f"{path.name} is not a file")
        with path.open("rb") as opened:
            raw = opened.read(4 * CHARACTERS_MAX + 1)
        return raw.decode("utf-8")
    except OSError as error:
        zh, en = f"文件无法读取（{error}）；请检查 {path.name}。", f"the file cannot be read ({error}). Check {path.name}."
        raise RulesUnreadable((file, 1), zh, en) from None
    except UnicodeDecodeError as error:
        place = (file, raw.count(b"\n", 0, error.start) + 1)
        raise RulesUnreadable(place, "文字不是 UTF-8；请另存为 UTF-8。", "the text is not UTF-8. Save it as UTF-8.") from None


def parsed(text: str, file: str) -> ast.Module:
    """Return the syntax tree of a rule file. file: as sentences name it. Raises: RulesUnreadable."""
    if len(text) > CHARACTERS_MAX:
        raise RulesUnreadable(
            (file, 1),
            f"文件超过 {CHARACTERS_MAX:,} 个字符；请分成几个文件。",
            f"the file has more than {CHARACTERS_MAX:,} characters. Split it into several files.",
        )
    try:
        # For a wrong line Python looks into the file it is told; no file has an empty name.
        tree = ast.parse(text, "")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        raise RulesUnreadable(
            (file, line), f"语法有误（{reason}）；请改正该行。", f"the syntax is wrong ({reason}). Correct this line."
        ) from None
    except (RecursionError, MemoryError):
        raise _too_deep((file, 1)) from None
    _refuse_deep(tree, file)
    return tree


def _refuse_deep(tree: ast.Module, file: str) -> None:
    left: list[tuple[ast.AST, int, int]] = [(tree, 0, 1)]
    while left:
        node, depth, line = left.pop()
        line = getattr(node, "lineno", line)
        if depth > NESTING_MAX:
            raise _too_deep((file, line))
        left.extend((child, depth + 1, line) for child in ast.iter_child_nodes(node))


def _too_deep(place: Place) -> RulesUnreadable:
    return RulesUnreadable(
        place,
        f"表达式嵌套超过 {NESTING_MAX} 层；请用 name = 表达式 分成几行。",
        f"expressions are nested more than {NESTING_MAX} levels deep. Split them into lines: name = expression.",
    )


def refuse(node: ast.AST, place: Place) -> NoReturn:
    """Raise what a piece of syntax that no rule may hold deserves: its name, and what to write instead."""
    kind = type(node)
    if kind in INSTEAD:
        raise NotSymbolic(place, *INSTEAD[kind])
    quoted = shortened(ast.unparse(node))
    written, (zh, en) = REMEDIES.get(kind, (quoted, _NO_PYTHON))
    raise NotInRules(place, quoted if kind is ast.Expr else written, zh, en)


def shortened(written: str) -> str:
    """Keep a quotation short enough for a sentence."""
    line = " ".join(written.split())
    return line if len(line) <= 60 else f"{line[:57]}…"


def quoted(value: object) -> str:
    """Write a value in a sentence: of brackets within brackets, and of long text, no more than the beginning."""
    return shortened(reprlib.repr(value))
