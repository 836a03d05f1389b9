"""A file of parameters is data from outside: every mistake is refused by file, line and name, with what to write instead, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.engine import errors
from zhida.engine.parameter_files import read_folder, read_parameters
from zhida.engine.tests.sample.entities import AREAS
from zhida.engine.tests.written import SAMPLE

SOON = 10.0
ONE = "{from: 2020-01-01, value: 3}"
SCALE = "x: {{unit: '1', values: [{{from: 2020-01-01, scale: {}}}]}}"

# What is written -> the line it names, and words of its sentence
REFUSED: dict[str, tuple[str, int, str]] = {
    "no values": ("x: {unit: yuan, values: []}", 1, "no list of 'values'"),
    "no map": ("x: 80", 1, "no list of 'values'"),
    "values that are no list": ("x: {unit: yuan, values: 80}", 1, "no list of 'values'"),
    "a list of parameters": ("- x: 80", 1, "must be a map"),
    "a bare word": ("x", 1, "must be a map"),
    "no first day": ("y: {values: [" + ONE + "]}\nx:\n  unit: yuan\n  values:\n  - {value: 3}", 5, "needs 'from'"),
    "no value": ("x: {unit: yuan, values: [{from: 2020-01-01}]}", 1, "needs 'from' and 'value'"),
    "value and scale": ("x: {unit: yuan, values: [{from: 2020-01-01, value: 3, scale: {}}]}", 1, "needs 'from' and 'value'"),
    "a value that is a word": ("x: {unit: yuan, values: [3]}", 1, "needs 'from'"),
    "a unit that is none": ("x: {unit: parsec, values: [" + ONE + "]}", 1, "'parsec' is not a unit; use yuan, fen, month"),
    "an impossible day": ("x: {unit: yuan, values: [{from: 2020-13-01, value: 3}]}", 1, "is not a date; write it as 2025-01-23"),
    "an end before the beginning": ("x: {values: [{from: 2020-01-01, until: 2020-01-01, value: 3}]}", 1, "is not after 'from'"),
    "a word for a number": (
        "x:\n  unit: yuan\n  values:\n  - " + ONE + "\n  - {from: 2021-01-01, value: many}",
        5,
        "'many' is not a number",
    ),
    "nothing for a number": ("x: {unit: yuan, values: [{from: 2020-01-01, value: }]}", 1, "'None' is not a number"),
    "a list for a number": ("x: {unit: yuan, values: [{from: 2020-01-01, value: [1]}]}", 1, "is not a number"),
    "no end of a number": ("x: {values: [{from: 2020-01-01, value: .inf}]}", 1, "is not a decimal number"),
    "no number": ("x: {values: [{from: 2020-01-01, value: .nan}]}", 1, "is not a decimal number"),
    "a number in quotes without end": ("x: {values: [{from: 2020-01-01, value: 'Infinity'}]}", 1, "too large or too small"),
    "an immense number": ("x: {values: [{from: 2020-01-01, value: 1.0e+999999999}]}", 1, "too large or too small"),
    "an immense number in quotes": ("x: {values: [{from: 2020-01-01, value: '1E+999999999'}]}", 1, "too large or too small"),
    "a tiny number": ("x: {values: [{from: 2020-01-01, value: 1.0e-999999999}]}", 1, "too large or too small"),
    "a number of many digits": ("x: {values: [{from: 2020-01-01, value: " + "9" * 5000 + "}]}", 1, "not written as a whole number"),
    "more than fits": ("x: {unit: yuan, values: [{from: 2020-01-01, value: 10000000000}]}", 1, "too large or too small"),
    "a number in eights": ("x: {values: [{from: 2020-01-01, value: 010}]}", 1, "'010' is not written as a whole number"),
    "a number in sixties": ("x: {values: [{from: 2020-01-01, value: 1:30}]}", 1, "'1:30' is not written as a whole number"),
    "too many decimals": ("x: {unit: '1', values: [{from: 2020-01-01, value: 0.1234567}]}", 1, "more than 6 decimals"),
    "a word for yes": ("x: {unit: bool, values: [{from: 2020-01-01, value: maybe}]}", 1, "must be true or false"),
    "an area that is none": ("x: {by: [area], values: [{from: 2020-01-01, area: moon, value: 3}]}", 1, "the area 'moon' is unknown"),
    "a district that is none": (
        "x: {by: [area], values: [{from: 2020-01-01, area: 33010, value: 3}]}",
        1,
        "'33010' is none of the districts",
    ),
    "half a district": ("x: {by: [area], values: [{from: 2020-01-01, area: 330102.5, value: 3}]}", 1, "must be a code or a whole number"),
    "no district": ("x: {by: [area], values: [{from: 2020-01-01, area: [], value: 3}]}", 1, "must be a code or a whole number"),
    "a key that 'by' does not name": ("x: {values: [{from: 2020-01-01, area: city, value: 3}]}", 1, "'area' is not known there"),
    "a word misspelt": ("x:\n  values:\n  - {from: 2020-01-01, untill: 2021-01-01, value: 3}", 3, "Did you mean 'until'"),
    "a heading misspelt": ("x: {unit: yuan, defualt: 0, values: [" + ONE + "]}", 1, "Did you mean 'default'"),
    "keys that are no list": ("x: {by: area, values: [" + ONE + "]}", 1, "'by' must be a list"),
    "a key twice": ("x: {by: [area, area], values: [" + ONE + "]}", 1, "'by' must be a list of different keys"),
    "more levels than keys": ("x: {unit: yuan, values: [{from: 2020-01-01, value: {a: 3}}]}", 1, "more levels than 'by'"),
    "levels of different depth": ("x: {by: [a, b], values: [{from: 2020-01-01, value: {m: 1, n: {o: 2}}}]}", 1, "not equally deep"),
    "one language": ("x: {label: {zh: 题}, values: [" + ONE + "]}", 1, "'label' must be {zh: 中文, en: English}"),
    "falling thresholds": (SCALE.format("{thresholds: [5, 1], rates: [0.1, 0.2]}"), 1, "rising 'thresholds'"),
    "too few rates": (SCALE.format("{thresholds: [0, 1], rates: [0.1]}"), 1, "as many 'rates'"),
    "no thresholds": (SCALE.format("{rates: [0.1]}"), 1, "rising 'thresholds'"),
    "words as thresholds": (SCALE.format("{thresholds: [a], rates: [0.1]}"), 1, "'a' is not a number"),
    "a scale that is a number": (SCALE.format("3"), 1, "more levels than 'by'"),
    "two values from one day": (f"x:\n  values:\n  - {ONE}\n  - {{from: 2020-01-01, value: 4}}", 4, "two values from 2020-01-01"),
    "a parameter twice": (f"x: {{values: [{ONE}]}}\nx: {{values: [{ONE}]}}", 2, "stands there twice"),
    "a word twice": ("x: {values: [{from: 2020-01-01, value: 3, value: 4}]}", 1, "stands there twice"),
    "wrong YAML": ("y: 1\nx: [", 3, "the YAML is wrong"),
    "a tab": ("x:\n\tunit: yuan", 2, "the YAML is wrong"),
    "Python objects": ("x: !!python/object/apply:os.system ['true']", 1, "could not determine a constructor"),
    "a tag": ("x: !secret 1", 1, "could not determine a constructor"),
    "anchors": ("x: &a {values: [" + ONE + "]}\ny: *a", 1, "& and * are not allowed"),
    "anchors that unfold without end": (
        "a0: &a0 {m: 1, n: 1}\n" + "".join(f"a{n}: &a{n} {{m: *a{n - 1}, n: *a{n - 1}}}\n" for n in range(1, 40)),
        1,
        "& and * are not allowed",
    ),
    "an anchor in itself": ("x: &a {values: [*a]}", 1, "& and * are not allowed"),
    "brackets without end": ("x: " + "[" * 100_000, 1, "nested more than 30 levels"),
    "dashes without end": ("- " * 400_000 + "x", 1, "nested more than 30 levels"),
    "keys without end": ("? " * 400_000 + "x", 1, "nested more than 30 levels"),
    "a list as a name": ("? [a, b]\n: 1", 1, "twice. Keep one"),
    "an unprintable character": ("x: \x01", 1, "the YAML is wrong"),
    "many keys": (
        "x: {by: [a, b, c, d], values: [{from: 2020-01-01, value: 1, a: ALL, b: ALL, c: ALL, d: ALL}]}".replace(
            "ALL", str(list(range(2, 100)))
        ),
        1,
        "more than 10,000,000 combinations",
    ),
    "a text too long": ("# " + "x" * 1_000_000, 1, "more than 1,000,000 characters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_unreadable_parameter_is_refused_by_file_line_and_name(case: str) -> None:
    text, line, words = REFUSED[case]
    began = time.perf_counter()
    with pytest.raises(errors.ParameterUnreadable) as refused:
        list(read_parameters(text, "packs/bad/numbers.yaml", AREAS))
    assert time.perf_counter() - began < SOON
    sentence = refused.value.text
    assert sentence.en.startswith(f"packs/bad/numbers.yaml:{line}: parameter '")
    assert sentence.zh.startswith(f"packs/bad/numbers.yaml:{line}：参数 ")
    assert words in sentence.en
    assert len(sentence.en) < 600


PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "- ",
    "\n",
    "  ",
    "&a ",
    "*a",
    "!",
    "0",
    "9",
    ".",
    "-",
    "'",
    '"',
    "from: ",
    "value: ",
    "scale: ",
    "by: [x]",
    "\0",
]
SAMPLE_TEXT = (SAMPLE.folder / "parameters" / "sample.yaml").read_text(encoding="utf-8")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_file_with_slips_is_read_or_refused_by_a_place_in_it(data: st.DataObject) -> None:
    """Whatever is cut out of, or put into, a file of parameters: it is read, or refused with file and line. Nothing else is ever raised."""
    text = SAMPLE_TEXT
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 8)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    try:
        list(read_parameters(text, "packs/bad/numbers.yaml", AREAS))
    except errors.ParameterUnreadable as refused:
        line = int(refused.text.en.split("numbers.yaml:")[1].split(":")[0])
        assert 1 <= line <= text.count("\n") + 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "numbers.yaml").write_bytes(b"x: '\xff'")
    with pytest.raises(errors.ParameterUnreadable, match="cannot be read"):
        list(read_folder(tmp_path, AREAS))


def test_a_parameter_knows_its_line() -> None:
    found = {parameter.name: parameter.line for parameter in read_parameters(SAMPLE_TEXT, "sample.yaml", AREAS)}
    lines = SAMPLE_TEXT.splitlines()
    assert all(lines[line - 1].startswith(f"{name}:") for name, line in found.items())
