"""A rule file is data: it reads no file, opens no connection and ends soon; mistakes are refused by line with what to write instead."""

from __future__ import annotations

import contextlib
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine import errors
from zhida.engine.api import Areas, EngineError, Law, PackSource, load_law
from zhida.engine.expressions import ACTIVE, PLACE
from zhida.engine.rule_files import read_rule_file, read_rules
from zhida.engine.rule_syntax import CHARACTERS_MAX
from zhida.engine.rule_words import Words, words_of
from zhida.engine.tests.sample.entities import AREAS, FACTS, Claim, Household, Person
from zhida.engine.tests.written import SAMPLE, WORDS, written_law
from zhida.kernel.errors import ZhidaError
from zhida.kernel.period import Month
from zhida.kernel.text import Text

RULE = "@variable(Person, unit='bool', label=('题', 'Title'))\n"
MONEY = "@variable(Household, unit='fen/month', label=('题', 'Title'))\n"
# How long a refusal may take, in seconds: many times what it takes on a slow machine.
SOON = 10.0


def formula(expression: str) -> str:
    """A file of one rule; the expression stands in line 2."""
    return f"{RULE}def x(person, law): return {expression}"


def nested(times: int) -> str:
    """Constants of which each holds the one above twice."""
    return "a0 = ('x', 'x')\n" + "".join(f"a{n} = (a{n - 1}, a{n - 1})\n" for n in range(1, times))


# What is written -> the error, the line it names, and a word of what to write instead.
REFUSED: dict[str, tuple[str, type[EngineError], int, str]] = {
    # -- reaching out --
    "import os": ("import os\n", errors.NotInRules, 1, "without an import"),
    "from os": ("from os import system", errors.NotInRules, 1, "zhida.engine.api"),
    "from a block": ("from zhida.engine.law import load_law", errors.NotInRules, 1, "zhida.engine.api"),
    "from here": ("from . import variables", errors.NotInRules, 1, "zhida.engine.api"),
    "from a pack": ("from zhida.packs.support.variables import is_dibao", errors.NotInRules, 1, "facts and rules need no import"),
    "a word that is none": (
        "from zhida.engine.api import where\nfrom zhida.engine.api import load_law",
        errors.NameUndefined,
        2,
        "defined",
    ),
    "a word by another name": ("from zhida.engine.api import where as w", errors.NotInRules, 1, "as it is"),
    "all words": ("from zhida.engine.api import *", errors.NotInRules, 1, "as it is"),
    "an import in a formula": (
        f"{RULE}def x(person):\n    import os\n    return person.disabled",
        errors.NotInRules,
        3,
        "without an import",
    ),
    "open": (formula("open('/etc/passwd')"), errors.NameUndefined, 2, "'open()' is defined nowhere"),
    "__import__": (formula("__import__('os')"), errors.NameUndefined, 2, "defined nowhere"),
    "eval": (formula("eval('1')"), errors.NameUndefined, 2, "defined nowhere"),
    "exec at the outermost level": ("exec('import os')", errors.NotInRules, 1, "Give it a name"),
    "print as a constant": ("x = print('hello')", errors.NotInRules, 1, "Only written text"),
    "getattr": (formula("getattr(person, 'disabled')"), errors.NameUndefined, 2, "defined nowhere"),
    "globals": (formula("globals()['open']"), errors.NameUndefined, 2, "defined nowhere"),
    "vars": (formula("vars(person)"), errors.NameUndefined, 2, "defined nowhere"),
    "a dunder of a fact": (formula("person.disabled.__class__"), errors.NotInRules, 2, "underscore"),
    "a dunder of a word": (formula("where.__globals__"), errors.NotInRules, 2, "underscore"),
    "a dunder of an entity": (formula("person.__init__"), errors.NotInRules, 2, "underscore"),
    "a private part of an entity": (formula("person._entity"), errors.NotInRules, 2, "underscore"),
    "a full-width underscore": (formula("person.\uff3f_class\uff3f_"), errors.RulesUnreadable, 2, "invalid character"),
    "an attribute of a word": (formula("where.cache_clear"), errors.NotInRules, 2, "Call it"),
    "the class of text": (formula("''.__class__.__mro__"), errors.NotInRules, 2, "underscore"),
    "str.format": (formula("'{0.__class__}'.format(person)"), errors.NotInRules, 2, "can be called"),
    "str.join": (formula("'-'.join(person)"), errors.NotInRules, 2, "can be called"),
    "an f-string": (formula("f'{person.__class__}'"), errors.NotInRules, 2, "plain text"),
    "an f-string as a label": (
        "@variable(Person, unit='bool', label=(f'{Person}', 'b'))\ndef x(person): return 1",
        errors.NotInRules,
        1,
        "plain",
    ),
    "%-formatting": (formula("'%s' % person"), errors.NotSymbolic, 2, "round_down"),
    "the children of an entity": (formula("Person.children.clear()"), errors.NotInRules, 2, "can be called"),
    "an entity itself": (formula("Person"), errors.NotInRules, 2, "Write the argument"),
    "the node of a value": (formula("person.disabled.node"), errors.NotSymbolic, 2, "person.node"),
    "the shape of a value": (formula("(person.wage + person.wage).shape"), errors.NotSymbolic, 2, "belong to an entity"),
    "the inside of a parameter": (formula("law.limit._parameter"), errors.NotInRules, 2, "underscore"),
    "a method of a symbol": (formula("person.household.members.as_expression"), errors.UnknownName, 2, "has no 'as_expression'"),
    "declaring inside a formula": (formula("variable(Person, 'bool', ('a', 'b'))"), errors.NotInRules, 2, "cannot call it"),
    "making text inside a formula": (formula("FEN(person)"), errors.NotInRules, 2, "cannot call it"),
    "calling what is called": (formula("where(person.disabled, 1, 0)(0)"), errors.NotInRules, 2, "can be called"),
    "calling an argument": (formula("person(1)"), errors.NameUndefined, 2, "'person()' is defined nowhere"),
    # -- Python that no rule needs --
    "a loop": (f"{RULE}def x(person):\n    for i in person.claims: pass\n    return 1", errors.NotInRules, 3, "whole columns"),
    "a loop at the outermost level": ("for i in (1, 1): pass", errors.NotInRules, 1, "whole columns"),
    "while": (f"{RULE}def x(person):\n    while True: pass", errors.NotInRules, 3, "return"),
    "a comprehension": (formula("[p for p in person.household.members]"), errors.NotInRules, 2, "whole columns"),
    "a generator": (formula("any_of(p.disabled for p in person.household.members)"), errors.NotInRules, 2, "whole columns"),
    "if": (f"{RULE}def x(person):\n    if person.disabled: return 1\n    return 0", errors.NotInRules, 3, "where(condition"),
    "if at the outermost level": ("if True: import os", errors.NotInRules, 1, "where("),
    "match": (f"{RULE}def x(person):\n    match person:\n        case _: return 1\n    return 0", errors.NotInRules, 3, "select("),
    "a conditional expression": (formula("1 if person.disabled else 0"), errors.NotSymbolic, 2, "where(condition, a, b)"),
    "and": (formula("person.disabled and person.hukou_local"), errors.NotSymbolic, 2, "&, |, ~"),
    "not": (formula("not person.disabled"), errors.NotSymbolic, 2, "Write ~"),
    "in": (formula("person.degree in ('master', 'doctor')"), errors.NotSymbolic, 2, "is_in("),
    "is": (formula("person.degree is None"), errors.NotSymbolic, 2, "Write =="),
    "a chained comparison": (formula("law.a < person.wage < law.b"), errors.NotSymbolic, 2, "(a < b) & (b < c)"),
    "lambda": (formula("(lambda: person.disabled)()"), errors.NotInRules, 2, "can be called"),
    "lambda as a constant": ("f = lambda: 1", errors.NotInRules, 1, "def"),
    "a class": ("class A: pass", errors.NotInRules, 1, "@variable"),
    "a class with a metaclass": ("class A(metaclass=type):\n    x = open", errors.NotInRules, 1, "@variable"),
    "try": ("try:\n    x = 'a'\nexcept Exception as e:\n    pass", errors.NotInRules, 1, "@variable"),
    "with": (f"{RULE}def x(person):\n    with person: return 1\n    return 0", errors.NotInRules, 3, "@variable"),
    "raise": (f"{RULE}def x(person):\n    raise person\n    return 0", errors.NotInRules, 3, "@variable"),
    "assert": (f"{RULE}def x(person):\n    assert person.disabled\n    return 0", errors.NotInRules, 3, "situation"),
    "global": (f"{RULE}def x(person):\n    global where\n    return 0", errors.NotInRules, 3, "return expression"),
    "del": ("del where", errors.NotInRules, 1, "name = expression"),
    "async": ("async def x(person): return 1", errors.NotInRules, 1, "Write def"),
    "await": (formula("await person"), errors.NotInRules, 2, "@variable"),
    "yield": (formula("(yield person)"), errors.NotInRules, 2, "Write return"),
    "walrus": (formula("(y := person.disabled) & y"), errors.NotInRules, 2, "a line of its own"),
    "+=": (f"{RULE}def x(person):\n    y = person.wage\n    y += y\n    return y", errors.NotInRules, 4, "x = x + y"),
    "a typed name": (f"{RULE}def x(person):\n    y: open('f') = 1\n    return y", errors.NotInRules, 3, "Leave the type out"),
    "a typed argument": (f"{RULE}def x(person: open('f')): return person.disabled", errors.NotInRules, 2, "Leave the type out"),
    "a typed result": (f"{RULE}def x(person) -> open('f'): return person.disabled", errors.NotInRules, 2, "Leave the type out"),
    "a default": (f"{RULE}def x(person, law=open('f')): return person.disabled", errors.NotInRules, 2, "without defaults"),
    "*args": (f"{RULE}def x(*person): return 1", errors.NotInRules, 2, "without defaults"),
    "**kwargs": (f"{RULE}def x(**person): return 1", errors.NotInRules, 2, "without defaults"),
    "a keyword-only argument": (f"{RULE}def x(*, person): return 1", errors.NotInRules, 2, "without defaults"),
    "a starred argument": (formula("maximum(*person)"), errors.NotInRules, 2, "by itself"),
    "a double-starred argument": (formula("where(**person)"), errors.NotInRules, 2, "by itself"),
    "starred constants": ("x = (*('a', 'b'),)", errors.NotInRules, 1, "by itself"),
    "a slice": (formula("law.limit[0:1]"), errors.NotInRules, 2, "bracket()"),
    "a dictionary": (formula("{'a': person.wage}['a']"), errors.NotInRules, 2, "parameters/"),
    "a list": (formula("[person.wage]"), errors.NotInRules, 2, "round brackets"),
    "bytes": (formula("b'master'"), errors.NotInRules, 2, "codes in quotes"),
    "an ellipsis": (formula("..."), errors.NotInRules, 2, "codes in quotes"),
    "None": (formula("None"), errors.NotInRules, 2, "codes in quotes"),
    "a function in a function": (f"{RULE}def x(person):\n    def y(): return 1\n    return 1", errors.NotInRules, 3, "outermost"),
    "two names at once": (f"{RULE}def x(person):\n    a, b = person.household\n    return 1", errors.NotInRules, 3, "a, b = x, y"),
    "giving an entity a fact": (f"{RULE}def x(person):\n    person.wage = 1\n    return 1", errors.NotInRules, 3, "name = expression"),
    "giving a word another meaning": ("where = 'a'", errors.NameTaken, 1, "word of the language"),
    "a local word": (f"{RULE}def x(person):\n    total = person.wage\n    return total > 0", errors.NameTaken, 3, "Choose another"),
    "an argument that is a word": (f"{RULE}def x(where): return 1", errors.NameTaken, 2, "Choose another"),
    "a rule twice": (formula("1") + "\n" + formula("1"), errors.NameTaken, 4, ":2"),
    "a hidden name": ("_x = 'a'", errors.NotInRules, 1, "begin with a letter"),
    "a hidden rule": (f"{RULE}def _x(person): return 1", errors.NotInRules, 2, "begin with a letter"),
    "a docstring alone": (f'{RULE}def x(person):\n    """Nothing."""', errors.NotInRules, 2, "return expression"),
    "no return": (f"{RULE}def x(person):\n    y = 1", errors.NotInRules, 3, "return expression"),
    "return of nothing": (f"{RULE}def x(person):\n    return", errors.NotInRules, 3, "return expression"),
    "return before the end": (f"{RULE}def x(person):\n    return 1\n    return 0", errors.NotInRules, 3, "last line"),
    "return outside": ("return 1", errors.NotInRules, 1, "inside a function"),
    "a value that nothing uses": (f"{RULE}def x(person):\n    person.disabled\n    return 1", errors.NotInRules, 3, "delete the line"),
    # -- declarations --
    "another decorator": ("@property\ndef x(person): return 1", errors.NotInRules, 1, "@variable(…)"),
    "a decorator of a module": ("@os.system('ls')\ndef x(person): return 1", errors.NotInRules, 1, "@variable(…)"),
    "two decorators": (f"{RULE}{RULE}def x(person): return 1", errors.NotInRules, 2, "one decorator"),
    "a decorator without brackets": ("@variable\ndef x(person): return 1", errors.NotInRules, 1, "@variable(…)"),
    "a new wording of nothing": ("@age.from_date('2020-01-01')\ndef x(person): return 1", errors.NameUndefined, 1, "defined nowhere"),
    "an impossible day": (
        f"{formula('1')}\n@x.from_date('2020-13-01')\ndef y(person): return 1",
        errors.DeclarationWrong,
        3,
        "written as 2025-01-23",
    ),
    "two wordings of one day": (
        f"{formula('1')}\n@x.from_date('2020-01-01')\ndef y(person): return 1\n@x.from_date('2020-01-01')\ndef z(person): return 0",
        errors.DeclarationWrong,
        5,
        "another day",
    ),
    "an entity in quotes": (
        "@variable('Person', unit='bool', label=('a', 'b'))\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "as Person",
    ),
    "one language": ("@variable(Person, unit='bool', label='a')\ndef x(person): return 1", errors.DeclarationWrong, 1, "two languages"),
    "a label that is short of one": (
        "@variable(Person, unit='bool', label=('a',))\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "two lan",
    ),
    "a number as a unit": (
        "@variable(Person, unit=1, label=('a', 'b'))\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "text in quotes",
    ),
    "a year in a declaration": ("@variable(Person, unit='bool', label=2021)\ndef x(person): return 1", errors.LiteralNumber, 1, "2021"),
    "codes that are one text": (
        "@variable(Person, unit='code', label=('a', 'b'), codes='ab')\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        '("low"',
    ),
    "no unit": ("@variable(Person, label=('a', 'b'))\ndef x(person): return 1", errors.DeclarationWrong, 1, "It takes: entity, unit"),
    "a wrong argument": (
        "@variable(Person, 'bool', ('a', 'b'), unite='x')\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "It takes",
    ),
    "every day": (
        "@benefit(Person, code='b', every='DAY', unit='fen', label=('a', 'b'))\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "MONTH, QUARTER, YEAR, ONCE",
    ),
    "paid to nobody": (
        "@benefit(Person, code='b', every=MONTH, unit='fen', label=('a', 'b'), payee='somebody')\ndef x(person): return 1",
        errors.DeclarationWrong,
        1,
        "self, head, guardian, mother",
    ),
    "a constant that is a number": ("LIMIT = 80", errors.LiteralNumber, 1, "parameters/"),
    "a negative constant": ("LIMIT = -80", errors.LiteralNumber, 1, "parameters/"),
    "a calculated constant": ("LIMIT = 'a' * 1", errors.NotInRules, 1, "Only written text"),
    "a constant of a constant": ("LIMIT = other", errors.NameUndefined, 1, "defined nowhere"),
    "an argument twice": (formula("where(person.disabled, then=1, then=0, otherwise=0)"), errors.NotInRules, 2, "Write it once"),
    "brackets within brackets": (
        nested(60) + RULE.replace("'bool'", "a59") + "def x(person): return 1",
        errors.DeclarationWrong,
        61,
        "text in quotes",
    ),
    # -- formulas --
    "a number": (formula("person.wage > 80"), errors.LiteralNumber, 2, "law.<name>"),
    "a fraction": (formula("person.wage * 0.5 > 0"), errors.LiteralNumber, 2, "law.<name>"),
    "one as a fraction": (formula("person.wage * 1.0 > 0"), errors.LiteralNumber, 2, "law.<name>"),
    "minus one": (formula("person.wage > -1"), errors.LiteralNumber, 2, "law.<name>"),
    "a complex number": (formula("1j"), errors.LiteralNumber, 2, "law.<name>"),
    "a name that is nowhere": (formula("persn.disabled"), errors.NameUndefined, 2, "Did you mean 'person'"),
    "a word that is misspelt": (formula("maxmum(person.wage, 0) > 0"), errors.NameUndefined, 2, "Did you mean 'maximum()'"),
    "a word itself": (formula("maximum"), errors.NotInRules, 2, "maximum(…)"),
    "a rule by its name": (f"{formula('person.disabled')}\n{RULE}def y(person): return x", errors.NotInRules, 4, "person.x"),
    "a function below": (f"{formula('y(person)')}\ndef y(person): return person.disabled", errors.NameUndefined, 2, "defined nowhere"),
    "a function that calls itself": ("def y(person): return y(person)", errors.NameUndefined, 1, "defined nowhere"),
    "a function with too little": (f"def y(a, b): return a\n{formula('y(person.wage) > 0')}", errors.NotInRules, 3, "y(a, b)"),
    "a function as a value": (f"def y(a): return a\n{formula('y')}", errors.NotInRules, 3, "y(…)"),
    "a function handed on": (f"def y(a): return a\n{formula('y(y)')}", errors.NotInRules, 3, "y(…)"),
    "a word with too little": (formula("where(person.disabled, 1)"), errors.DeclarationWrong, 2, "condition, then, otherwise"),
    "a word with too much": (formula("where(person.disabled, 1, 0, els=1)"), errors.DeclarationWrong, 2, "condition, then, otherwise"),
    "select without pairs": (formula("select(person.disabled, person.disabled)"), errors.NotSymbolic, 2, "select((condition, value)"),
    "brackets as a value": (formula("(person.disabled, person.disabled)"), errors.NotInRules, 2, "a single value"),
    "text and text": (formula("'a' + 'b'"), errors.WrongKind, 2, "law.<name>"),
    "one and one": (formula("1 + 1 == 1"), errors.WrongKind, 2, "law.<name>"),
    "entities and": (formula("person & person"), errors.WrongKind, 2, "an entity"),
    "the law itself": (formula("law == law"), errors.WrongKind, 2, "an entity, law"),
    "what the period has not": (f"{RULE}def x(period): return period.strat > period.end", errors.UnknownName, 2, "Did you mean 'start'"),
    "a code of a number": (formula("person.wage.is_in('a')"), errors.WrongKind, 2, "a code"),
    "codes without quotes": (formula("person.degree.is_in(person.degree)"), errors.NotSymbolic, 2, 'is_in("a", "b")'),
    "no codes": (formula("person.degree.is_in()"), errors.NotSymbolic, 2, 'is_in("a", "b")'),
    "a fact on a day": (formula("person.disabled.on(person.birth_date)"), errors.NotSymbolic, 2, "law.name.on(day)"),
    "a key of a fact": (formula("person.wage[person.degree]"), errors.WrongKind, 2, "law.name[key]"),
    # -- texts that are no rule file --
    "wrong syntax": ("x = 'a'\ndef x(person) return 1", errors.RulesUnreadable, 2, "Correct this line"),
    "an open bracket": ("x = (", errors.RulesUnreadable, 1, "Correct this line"),
    "wrong indentation": ("x = 'a'\n  y = 'b'", errors.RulesUnreadable, 2, "Correct this line"),
    "a zero byte": ("x = 'a\0b'", errors.RulesUnreadable, 1, "Correct this line"),
    "a number without end": (formula("9" * 10_000), errors.RulesUnreadable, 2, "Correct this line"),
}


def loaded(text: str) -> Law:
    """Read a text and record its rules, as load_law does."""
    definitions = read_rules(text, "/packs/bad/rules.py", "bad.rules", words_of(WORDS))
    return Law("bad", definitions, [], FACTS, Areas(AREAS, AREAS["city"]), None)


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_rule_file_may_hold_is_refused_by_line_with_what_to_write_instead(case: str) -> None:
    text, error, line, words = REFUSED[case]
    with pytest.raises(error) as refused:
        loaded(text)
    sentence = refused.value.text
    assert sentence.en.startswith(f"packs/bad/rules.py:{line}: ")
    assert sentence.zh.startswith(f"packs/bad/rules.py:{line}：")
    assert words in sentence.en
    assert len(sentence.en) < 600


def doubled(times: int, start: str, line: str) -> str:
    lines = "".join(f"    {line}\n" for _ in range(times))
    return f"{MONEY}def x(household, law):\n    x = {start}\n{lines}    return x"


def tower(levels: int, calls: str) -> str:
    """Functions that call the one above twice."""
    functions = "".join(f"def h{n}(a): return {calls.format(f=f'h{n - 1}')}\n" for n in range(1, levels))
    return f"def h0(a): return a\n{functions}{MONEY}def x(household): return h{levels - 1}(household.rent)"


def chain(length: int, newest_first: bool, body: str = "return household.v{n}") -> str:
    rules = [f"{MONEY}def v0(household): return household.rent"]
    rules += [f"{MONEY}def v{n}(household): {body.format(n=n - 1)}" for n in range(1, length)]
    return "\n".join(reversed(rules) if newest_first else rules)


GROWING: dict[str, tuple[str, type[EngineError]]] = {
    "sums doubled sixty times": (doubled(60, "household.rent", "x = x + x"), errors.TooMuchWork),
    "products doubled": (doubled(60, "household.size", "x = x * x"), errors.TooMuchWork),
    "units doubled": (doubled(60, "household.rent", "x = x * x"), errors.UnitTooHigh),
    "units halved": (doubled(60, "household.rent", "x = x / maximum(household.size, 1) / household.rent"), errors.UnitTooHigh),
    "conditions doubled": (doubled(60, "household.means_tested", "x = x & x"), errors.TooMuchWork),
    "choices doubled": (doubled(60, "household.rent", "x = where(household.means_tested, x, x)"), errors.TooMuchWork),
    "codes doubled": (doubled(60, "'a'", "x = where(household.means_tested, x, x)"), errors.TooMuchWork),
    "largest doubled": (doubled(60, "household.rent", "x = maximum(x, x)"), errors.TooMuchWork),
    "text doubled": (doubled(60, "'a'", "x = x + x"), errors.WrongKind),
    "numbers doubled": (doubled(60, "1", "x = x + x"), errors.WrongKind),
    "sums one upon another": (doubled(1500, "household.rent", "x = x + household.rent"), errors.TooMuchWork),
    "functions that call twice": (tower(40, "{f}(a) + {f}(a)"), errors.TooMuchWork),
    "functions that call in turn": (tower(40, "{f}({f}(a))"), errors.TooMuchWork),
    "rules one upon another": (chain(1000, False), errors.TooMuchWork),
    "rules one upon another, the newest first": (chain(1000, True), errors.TooMuchWork),
    "rules that name one twice": (chain(60, False, "return household.v{n} + household.v{n}"), errors.TooMuchWork),
    "brackets": (formula("(" * 5000 + "person.disabled" + ")" * 5000), errors.RulesUnreadable),
    "many brackets": (formula("(" * 90_000 + "1" + ")" * 90_000), errors.RulesUnreadable),
    "open brackets": ("x = " + "[" * 100_000, errors.RulesUnreadable),
    "signs": (formula("~" * 50_000 + "person.disabled"), errors.RulesUnreadable),
    "minus signs": (formula("-" * 150_000 + "person.wage > 0"), errors.RulesUnreadable),
    "terms": (formula(" | ".join(["person.disabled"] * 9_000)), errors.RulesUnreadable),
    "attributes": (formula("person" + ".household" * 15_000), errors.RulesUnreadable),
    "conditional expressions": (formula("1 if 1 else " * 9_000 + "1"), errors.RulesUnreadable),
    "lambdas": (formula("lambda: " * 20_000 + "1"), errors.RulesUnreadable),
    "indentation": ("".join(f"{' ' * n}if True:\n" for n in range(150)), errors.RulesUnreadable),
    "a text too long": ("# " + "x" * CHARACTERS_MAX, errors.RulesUnreadable),
    "arguments": (formula(f"maximum({', '.join(['person.wage'] * 6_000)}) > 0"), errors.TooMuchWork),
    "cases": (formula(f"select({', '.join(['(person.disabled, 1)'] * 900)})"), errors.TooMuchWork),
    "many formulas": (
        f"def h(a): return {' & '.join(['a'] * 45)}\n"
        + "\n".join(formula(" & ".join(["h(person.disabled)"] * 15)).replace("def x", f"def x{n}") for n in range(60)),
        errors.TooMuchWork,
    ),
    "ways to a division": (
        f"{MONEY}def x(household):\n    x = household.rent / maximum(household.size, 1)\n"
        + "    x = where(household.rent > x, x, x - household.rent)\n" * 60
        + "    return x",
        errors.TooMuchWork,
    ),
}


@pytest.mark.parametrize("case", GROWING)
def test_what_would_grow_without_end_is_refused_soon(case: str) -> None:
    text, error = GROWING[case]
    began = time.perf_counter()
    with pytest.raises(error) as refused:
        loaded(text)
    assert time.perf_counter() - began < SOON
    assert refused.value.place[0] == "packs/bad/rules.py"  # type: ignore[attr-defined]
    assert len(refused.value.text.en) < 600


HOSTILE = {case: found[0] for case, found in REFUSED.items()} | {case: found[0] for case, found in GROWING.items()}


# ---- whatever it holds ------------------------------------------------------------------------------------------------------------------

_REACHED: list[str] | None = None
# Python's own audit events. It looks for the source of a wrong line in the file it is told: "", which is none.
_REACHING = ("open", "import", "exec", "os.", "socket.", "subprocess.", "shutil.", "urllib.", "ctypes.", "marshal.", "pickle.", "sys.")


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _REACHED is not None and event.startswith(_REACHING) and (event, *arguments[:1]) != ("open", ""):
        _REACHED.append(event)


sys.addaudithook(_listen)


def reached_by(text: str) -> list[str]:
    """Return what Python did beyond itself while a text was read and its rules recorded: files, connections, processes, imports, code."""
    global _REACHED
    _REACHED = []
    try:
        with contextlib.suppress(ZhidaError):
            loaded(text)
        return _REACHED
    finally:
        _REACHED = None


def test_the_ear_hears_a_file() -> None:
    global _REACHED
    _REACHED = []
    Path(__file__).read_bytes()
    heard, _REACHED = _REACHED, None
    assert "open" in heard


@pytest.mark.parametrize("case", HOSTILE)
def test_no_rule_file_opens_anything(case: str) -> None:
    assert reached_by(HOSTILE[case]) == []


def state() -> tuple[Any, ...]:
    """What a rule file might have changed: modules, entities, words, what is being recorded."""
    entities = [(entity, list(entity.children), entity.parent, entity.label) for entity in (Household, Person, Claim)]
    words = words_of(WORDS)
    return dict(sys.modules), entities, dict(words.names), words.doors, ACTIVE.get(None), PLACE.get(), sys.getrecursionlimit()


def test_refusing_leaves_nothing_behind() -> None:
    before, name = state(), load_law([SAMPLE], FACTS, AREAS).name
    for text in HOSTILE.values():
        with pytest.raises(errors.FormulaRefused):
            loaded(text)
    after = load_law([SAMPLE], FACTS, AREAS)
    assert (state(), after.name) == (before, name)
    assert all(definition.pack == "sample" for definition in after.definitions.values())


SAMPLE_TEXT = (SAMPLE.folder / "variables.py").read_text(encoding="utf-8")
PIECES = [
    *("(", ")", "[", "]", ".", ",", ":", "=", "==", "\n", "    ", "@", "'", '"', "#", "\\", "-", "~", "&", "*", "**", "0", "1", "7", "\0"),
    *("import os", "def x(person): return 1", "return", "person", "household.members", "law", "where(", "for i in", "if", "yield"),
    *("__class__", "lambda x:", "\ud800", "ｗhere"),
]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_file_with_slips_is_read_or_refused_by_a_place_in_it(data: st.DataObject) -> None:
    """Whatever is cut out of, or put into, a rule file: it is read, or refused with file and line. Nothing else is ever raised."""
    text = SAMPLE_TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    try:
        read_rules(text, "/packs/bad/rules.py", "bad.rules", words_of(WORDS))
    except errors.FormulaRefused as refused:
        file, line = refused.place
        assert file == "packs/bad/rules.py"
        assert 1 <= line <= text.count("\n") + 2


# ---- what may be written ----------------------------------------------------------------------------------------------------------------


def test_functions_constants_and_pairs_of_names_are_read() -> None:
    text = """
        '''What a file may hold.'''
        from __future__ import annotations
        from zhida.engine.api import FEN, benefit, maximum, round_half_up, variable, where
        from zhida.engine.tests.sample.entities import Household, Person

        NOTICE = "办法"
        TITLE = ("题", "Title")

        def top_up(amount, least):
            '''A function that rules below call.'''
            return maximum(least - amount, 0)

        @variable(Household, unit="fen/month", label=TITLE, law=NOTICE)
        def gap(household):
            rent, income = household.rent, household.household_income
            rent, income = income, rent
            return -(-top_up(rent, income))

        @benefit(Person, code="b", every="MONTH", unit="status", label=TITLE, in_force=("2021-01-01", None), payee="organisation:employer")
        def b(person): return where((person.degree == "master") & (person.household.gap > 0), 1, 0)
    """
    import textwrap

    law = loaded(textwrap.dedent(text))
    assert list(law.definitions) == ["gap", "b"]
    assert law.definitions["gap"].law == "办法"
    assert law.definitions["gap"].label == Text("题", "Title")
    assert law.definitions["gap"].place == ("packs/bad/rules.py", 14)


def test_a_file_may_declare_more_than_rules() -> None:
    words = Words({**words_of(WORDS).names, "Text": Text})
    read = read_rule_file('PACK = Text("包", "Pack")\nBOTH = (PACK, "x")', "/packs/p/pack.py", "p.pack", words)
    assert read.constants == {"PACK": Text("包", "Pack"), "BOTH": (Text("包", "Pack"), "x")}
    assert read.definitions == []


def test_only_entities_and_frozen_dataclasses_of_a_module_of_words_are_offered() -> None:
    offered = set(words_of("zhida.blocks.policies.language").names)
    assert {"Household", "Person", "Claim", "Text", "Pack", "variable", "benefit", "where", "FEN", "NEVER"} <= offered
    assert not {"Entity", "load_law", "dataclass", "Iterator"} & offered
    assert "Areas" not in words_of(WORDS).names


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"x = '\xff'", "not UTF-8"), (b"# " + b"x" * (5 * CHARACTERS_MAX), "more than 200,000 characters"), (None, "cannot be read")],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "rules.py").write_bytes(content)
    with pytest.raises(errors.RulesUnreadable, match=words):
        PackSource("p", tmp_path, WORDS, ("rules.py",)).read()


def test_a_source_is_plain_data_that_any_process_can_load() -> None:
    assert pickle.loads(pickle.dumps(SAMPLE)) == SAMPLE


def test_rules_as_deep_as_they_may_be_are_decided_and_explained(tmp_path: Path) -> None:
    """The limits on depth are such that nothing that goes down a formula by recursion runs out of stack."""
    from zhida.engine.tests.test_law import amount, world_of_one

    rules = [f"{MONEY}def v0(household): return household.rent"]
    rules += [f"{MONEY}def v{n}(household): return maximum(household.v{n - 1}, 0) + 0" for n in range(1, 40)]
    rules += ["@benefit(Household, code='b', every=MONTH, unit='fen', label=TITLE)\ndef b(household): return household.v39"]
    law = written_law(tmp_path, "\n".join(rules))
    assert max(root.depth for versions in law.versions.values() for _, root in versions) > 110
    assert amount(law, Month(2025, 10), "b", world_of_one(household={"rent": 123})) == 123
