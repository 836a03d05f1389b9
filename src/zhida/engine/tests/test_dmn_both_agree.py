"""One case and a column say the same of any table, and what is decided while inputs are unknown stays so whatever they turn out to be."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from zhida.engine.dmn import DecisionTable, DmnRefused
from zhida.engine.tests.written_tables import table

STATUS = {"no_rule": 0, "decided": 1, "unknown": 2}
TYPES = {"n": pa.decimal128(10, 2), "t": pa.string(), "b": pa.bool_(), "d": pa.date32(), "m": pa.int64()}
DAYS = [date(2025, 1, 1), date(2025, 6, 1), date(2025, 12, 31)]
VALUES: dict[str, list[Any]] = {
    "n": [None, Decimal("-1.00"), Decimal("2.00"), Decimal("2.50"), Decimal("7.00")],
    "t": [None, "a", "b", "c"],
    "b": [None, True, False],
    "d": [None, *DAYS],
    "m": [None, 0, 2, 9],
}
CELLS = {
    "n": ["-", "2", "< 2.5", ">= 2.5", "[2..7]", "(2..7)", "not(2)", "2, 7", "null", "not(null)", "> m", "m + 1, m / 2", "< 9 / m"],
    "n * m": ["-", "> 4", "<= 4", "0", "null"],
    "t": ["-", '"a"', '"a","b"', 'not("a")', "null", '!= "b"'],
    "b": ["-", "true", "false", "not(true)"],
    "d": ["-", '< date("2025-06-01")', '[date("2025-01-01")..date("2025-06-01")]', "null"],
}
KINDS = {"n": "number", "n * m": "number", "t": "string", "b": "boolean", "d": "date"}
OUTPUTS = {
    "number": ["1", "2.5", "-3", "m", "n / m", "if b then 1 else m"],
    "string": ['"x"', '"y"', "t", 'if n > 2 then "x" else t'],
    "boolean": ["true", "false", "b", "n > 2 or b"],
    "date": ['date("2025-01-01")', "d"],
}
PLAIN = {"number": ["1", "2.5", "-3"], "string": ['"x"', '"y"'], "boolean": ["true", "false"], "date": ['date("2025-01-01")']}
POLICIES = ["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT", "SUM", "MIN", "MAX", "COUNT"]


@st.composite
def tables(draw: st.DrawFn) -> DecisionTable:
    policy = draw(st.sampled_from(POLICIES))
    aggregation = policy if policy in ("SUM", "MIN", "MAX", "COUNT") else ""
    inputs = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3, unique=True))
    kind = "number" if aggregation else draw(st.sampled_from(sorted(OUTPUTS)))
    plain = policy in ("PRIORITY", "OUTPUT ORDER", "MIN", "MAX") or draw(st.booleans())
    said = st.sampled_from(PLAIN[kind] if plain else OUTPUTS[kind])
    rules = draw(st.lists(st.tuples(*(st.sampled_from(CELLS[name]) for name in inputs), said), min_size=1, max_size=4))
    listed = ",".join(draw(st.permutations(PLAIN[kind]))) if policy in ("PRIORITY", "OUTPUT ORDER") else ""
    default = draw(st.sampled_from(["", PLAIN[kind][0]]))
    written = [f"{name}:{KINDS[name]}" + (':"a","b"' if name == "t" and draw(st.booleans()) else "") for name in inputs]
    output = f"answer:{kind}:{listed}:{default}"
    found = None
    with suppress(DmnRefused):
        found = table(rules, written, [output], "COLLECT" if aggregation else policy, aggregation)
    assume(found is not None)
    assert found is not None
    return found


CASES = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}), min_size=1, max_size=6)


def said_of(read: DecisionTable, case: dict[str, Any]) -> tuple[int, Any]:
    decided = read.decide(case)
    if read.gives_list:
        return STATUS[decided.status], None if decided.status == "unknown" else [row["answer"] for row in decided.rows]
    return STATUS[decided.status], decided.values["answer"]


@settings(max_examples=70, deadline=None)
@given(tables(), CASES)
def test_one_case_and_a_column_say_the_same(read: DecisionTable, cases: list[dict[str, Any]]) -> None:
    found = read.columns({name: pa.array([case[name] for case in cases], kind) for name, kind in TYPES.items()})
    for row, case in enumerate(cases):
        assert (int(found.status[row]), found.outputs["answer"][row].as_py()) == said_of(read, case), case
        fired = read.decide(case).rules
        if found.rule is not None and len(fired) < 2 and found.status[row] != 2:
            assert int(found.rule[row]) == (fired[0] if fired else 0)
        if found.status[row] == 2:
            assert found.missing(row) == read.decide(case).missing


def asks_for_null(read: DecisionTable) -> bool:
    return any("null" in cell.text for rule in read.rules for cell in rule.cells)


@settings(max_examples=60, deadline=None)
@given(tables(), st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}), st.data())
def test_what_is_decided_stays_whatever_the_unknown_turn_out_to_be(read: DecisionTable, case: dict[str, Any], data: st.DataObject) -> None:
    assume(not asks_for_null(read))
    status, answer = said_of(read, case)
    known = {name: value if value is not None else data.draw(st.sampled_from(VALUES[name][1:])) for name, value in case.items()}
    if "t" in known and any(column.allowed is not None for column in read.columns_in):
        known["t"] = "a" if known["t"] == "c" else known["t"]
    if status != STATUS["unknown"]:
        assert said_of(read, known) == (status, answer)
    else:
        assert read.decide(case).missing
        assert all(case[name] is None or name == "t" or "m" in read.inputs for name in read.decide(case).missing)


PLAIN_CELLS = {name: [cell for cell in CELLS[name] if "m" not in cell] for name in ("n", "t", "b", "d")}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_overlaps_and_gaps_are_those_that_trying_all_values_finds(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(PLAIN_CELLS)), min_size=1, max_size=2, unique=True))
    row = st.tuples(*(st.sampled_from(PLAIN_CELLS[name]) for name in names), st.just('"x"'))
    rules = [(*cells, f'"{number}"') for number, (*cells, _) in enumerate(data.draw(st.lists(row, min_size=1, max_size=3)))]
    inputs = [f"{name}:{KINDS[name]}" for name in names]
    every = table(rules, inputs, policy="RULE ORDER")
    asks = {name for index, name in enumerate(names) if any("null" in rule[index] for rule in rules)}
    tries: dict[str, list[Any]] = {
        "n": [Decimal(number) / 4 for number in range(-8, 41)],
        "t": ["a", "b", "c"],
        "b": [True, False],
        "d": [date.fromordinal(day.toordinal() + step) for day in DAYS for step in (-1, 0, 1)],
    }
    tried = [tries[name] + [None] * (name in asks) for name in names]
    found = [every.decide(dict(zip(names, values, strict=True))) for values in product(*tried)]
    overlaps = any(len(decided.rules) > 1 for decided in found)
    try:
        read = table(rules, inputs)
    except DmnRefused:
        assert overlaps
        return
    assert not overlaps
    assert (read.gaps() is None) == all(decided.rules for decided in found)
