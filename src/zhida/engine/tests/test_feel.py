"""Conditions and cells: what they say for known and unknown values, and what is refused. Spec: OMG DMN 1.3, chapter 10 and table 38."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine.feel import FeelError, parse_expression, parse_tests
from zhida.engine.feel.tree import Name

VALUES: dict[str, Any] = {
    "age": 20,
    "sum": Decimal("12.50"),
    "scheme": "child",
    "户籍": "本市",
    "is_local": True,
    "born_on": date(2025, 1, 31),
    "a.b": 3,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('scheme = "child"', True),
        ('scheme != "child"', False),
        ('户籍 = "本市" and age >= 18', True),
        ("age between 18 and 20", True),
        ("age in [18..20)", False),
        ("age in ]19..21[", True),
        ("age in (19..21)", True),
        ("age in (1, 20, > 90)", True),
        ("age in (20)", True),
        ('scheme in ("adult","child")', True),
        ('not(scheme in ("adult","child"))', False),
        ("is_local", True),
        ("is_local = false or age < 3", False),
        ("a.b * 2 + 1 = 7", True),
        ("sum / 3", Decimal("4.166667")),
        ("-sum / 3", Decimal("-4.166667")),
        ("1 / 3 * 3", Decimal("0.999999")),
        ("0.0000005 * 1 = 0", None),
        ("(age - 2) * -1", Decimal(-18)),
        ('born_on >= date("2025-01-01")', True),
        ('born_on = @"2025-01-31"', True),
        ('if age >= 18 then "adult" else "child"', "adult"),
        ("if nothing > 1 then 5 else 5", Decimal(5)),
        ("if nothing > 1 then 5 else 6", None),
        # Unknown is not no.
        ("nothing = 1", None),
        ("missing > 3 and age > 30", False),
        ("missing > 3 and age < 30", None),
        ("missing > 3 or age < 30", True),
        ("not(missing)", None),
        ("missing in (1, 2)", None),
        ("missing + 1 > 0", None),
        ("nothing = null", True),
        ("age != null", True),
        ("null = missing and age > 1", True),
        # Two kinds, or a division by zero, decide nothing.
        ("age = scheme", None),
        ("scheme < 户籍", None),
        ("age / 0 > 1", None),
        ("is_local and scheme", None),
        (r'"a\"b\u4e2d\\" = "a\"b中\\"', True),
    ],
)
def test_a_condition_says(text: str, answer: Any) -> None:
    if "0.0000005" in text:
        with pytest.raises(FeelError):
            parse_expression(text, "process.bpmn, flow_3")
        return
    assert parse_expression(text, "process.bpmn, flow_3").evaluate(VALUES) == answer


@pytest.mark.parametrize(
    ("cell", "given", "answer"),
    [
        ("-", None, True),
        ("", 3, None),
        ('"a","b"', "b", True),
        ('not("a","b")', "c", True),
        ("not(4)", 4, False),
        (">= 5", 5, True),
        ("[1..9]", 9, True),
        ("(1..9)", 9, False),
        ("]1..9[", 1, False),
        ("[1..9)", 1, True),
        ("< 0, 5, [7..8]", 7, True),
        ("4,5", 6, False),
        ("-1", -1, True),
        ("- 1", -1, True),
        ("true", False, False),
        ('[date("2025-01-01")..date("2025-12-31")]', date(2025, 6, 1), True),
        ('< date("2025-01-01")', date(2025, 6, 1), False),
        ("null", None, True),
        ("not(null)", None, False),
        ("null, 5", None, True),
        (">= 5", None, None),
        ("!= 5", 6, True),
        ("limit * 2", 14, True),
        ("[limit..20]", 7, True),
    ],
)
def test_a_cell_says(cell: str, given: Any, answer: bool | None) -> None:
    if not cell:
        with pytest.raises(FeelError):
            parse_tests(cell, Name("x"), "t.dmn")
        return
    assert parse_tests(cell, Name("x"), "t.dmn").evaluate({"x": given, "limit": 7}) is answer


REFUSED = [
    ("", 1, "value is missing"),
    ("age >", 6, "value is missing"),
    ("age > 1 2", 9, "not expected"),
    ("date of birth > 3", 6, "Join its words with _"),
    ("1 < age < 9", 9, "two values at a time"),
    ("age = “x”", 7, 'Write "'),
    ("age ＞ 3", 5, "Write >"),
    ("age = 'x'", 7, "double quotes"),
    ('age = "x', 7, "closing quote"),
    ('name < "x"', 6, "no order"),
    ('age = 1 and "x"', 1, "needs a yes/no"),
    ('1 = "x"', 3, "Write two of one kind"),
    ('age + "x"', 5, "needs a number"),
    ("age + null", 5, "not null"),
    ("age ** 2", 5, "a \\* a"),
    ("sum(age)", 1, "function sum"),
    ('time("10:00:00")', 1, "function time"),
    ('date("2025-02-30")', 6, "2025-01-31"),
    ('date("2025-W01-1")', 6, "2025-01-31"),
    ("date(born_on)", 6, "2025-01-31"),
    ("some x in y satisfies x", 1, "some is not supported"),
    ("for x in y return x", 1, "for is not supported"),
    ("[1..9]", 1, "after in"),
    ("x in [9..1]", 6, "Swap"),
    ("x in [1..9", 11, "no closing"),
    ("x in (1, 2", 11, "no closing bracket"),
    ("{1}", 1, "not supported"),
    ("x = ?", 5, "name of the input"),
    ("x > null", 3, "= null"),
    ("not x", 5, "brackets"),
    ("if x then 1", 12, "else"),
    ("5x = 1", 1, "begin with a digit"),
    ("x = 1.1234567", 5, "decimals"),
    ("x = ٣", 5, "0-9"),
    ("x = 1e9", 5, "begin with a digit"),
    ('__import__("os")', 1, "function __import__"),
    ('x.__class__("os")', 1, "function x.__class__"),
    ("x; y", 2, "not known"),
    ("lambda: 0", 7, "not known"),
    (r'x = "\q"', 5, "cannot hold"),
    ("(" * 300 + "1" + ")" * 300, 41, "nested"),
    ("not(" * 300, 161, "nested"),
    ("1" + "+1" * 300, 80, "one upon another"),
    ("x = 1 or " * 400 + "y = 1", 3001, "more than 1,000 words"),
    ("a" * 5_000, 0, "4,000"),
]


@pytest.mark.parametrize(("text", "column", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_in_the_part_is_refused_with_its_column(text: str, column: int, sentence: str) -> None:
    with pytest.raises(FeelError, match=sentence) as refused:
        parse_expression(text, "process.bpmn, flow_3")
    assert refused.value.text.zh.startswith("process.bpmn, flow_3")
    if column < 1_000:
        assert refused.value.column == column


def test_a_long_list_of_reasons_is_no_deep_one() -> None:
    assert parse_expression(" or ".join(["x = 1"] * 150), "here").evaluate({"x": 1}) is True


def test_names_are_all_names_it_may_ask_for() -> None:
    read = parse_expression('if 户籍 = "本市" then age > limit.a else not(b in [c..9])', "here")
    assert read.names == {"户籍", "age", "limit.a", "b", "c"}
    assert read.kind == "bool"


def test_a_name_is_only_looked_up() -> None:
    assert parse_expression('x.__class__ = "str"', "here").evaluate({"x": "a"}) is None


@pytest.mark.parametrize("value", [1.5, datetime(2025, 1, 1), [1], Decimal("0.1234567"), Decimal("1E+999999"), Decimal("NaN")])
def test_values_that_are_none_of_ours_are_refused(value: Any) -> None:
    with pytest.raises(FeelError):
        parse_expression("x = 1", "here").evaluate({"x": value})


def test_a_result_that_leaves_the_engines_numbers_is_refused() -> None:
    with pytest.raises(FeelError, match="too large"):
        parse_expression("x * x", "here").evaluate({"x": 10**12})


PIECES = [
    "x",
    "y",
    "1",
    '"a"',
    "null",
    "true",
    "not(",
    "(",
    ")",
    "and",
    "or",
    "in",
    "between",
    "..",
    "[",
    "]",
    ",",
    "=",
    "<",
    "-",
    "if",
    "then",
    "else",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_words_are_read_or_refused_and_never_crash(pieces: list[str]) -> None:
    text = " ".join(pieces)
    with suppress(FeelError):
        parse_expression(text, "here").evaluate({"x": 1})
    with suppress(FeelError):
        parse_tests(text, Name("x"), "here").evaluate({"x": 1})


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_expression(text, "here").evaluate({})
    except FeelError as refused:
        assert refused.text.zh and refused.text.en
