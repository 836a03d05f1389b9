"""Decision tables: every policy, what unknown inputs leave open, what is refused. Cases marked TCK restate facts of the public DMN TCK."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from zhida.engine.dmn import DmnRefused, read_dmn
from zhida.engine.dmn.document import NAMESPACES
from zhida.engine.feel import FeelError
from zhida.engine.tests.written_tables import decision, document, table

AGES = [["< 18", '"child"'], ["[18..60)", '"adult"'], [">= 60", '"old"']]


# ---- policies ---------------------------------------------------------------------------------------------------------------------------


def test_unique_gives_the_rule_that_fires() -> None:
    decided = table(AGES).decide({"age": 18})
    assert (decided.status, decided.values, decided.rules, decided.missing) == ("decided", {"answer": "adult"}, (2,), ())


def test_no_rule_is_said_and_is_not_unknown() -> None:
    decided = table(AGES[:2]).decide({"age": 70})
    assert (decided.status, decided.values, decided.rules) == ("no_rule", {"answer": None}, ())


def test_a_default_answers_where_no_rule_does() -> None:
    decided = table(AGES[:2], outputs=['answer:string::"other"']).decide({"age": 70})
    assert (decided.status, decided.values, decided.rules) == ("decided", {"answer": "other"}, ())


LOANS = [['"Low"', "-", '"Approved"'], ["-", "true", '"Approved"'], ['"High"', "false", '"Declined"']]
LOAN_INPUTS = ['risk:string:"Low","High"', "owner:boolean"]


def test_any_may_overlap_where_it_says_the_same() -> None:
    """TCK 0004-lending has the shape: several reasons for one answer."""
    read = table(LOANS, LOAN_INPUTS, policy="ANY")
    assert read.decide({"risk": "Low", "owner": True}).values == {"answer": "Approved"}
    # Who is an owner is approved whatever the risk is.
    assert read.decide({"owner": True}).status == "decided"
    assert read.decide({"risk": "High"}).missing == ("owner",)


def test_first_takes_the_upper_rule() -> None:
    """TCK 0112/0113 shape: rules overlap, the first in the table decides."""
    read = table([[">= 18", '"a"'], [">= 60", '"b"'], ["-", '"c"']], policy="FIRST")
    assert [read.decide({"age": age}).values["answer"] for age in (70, 20, 3)] == ["a", "a", "c"]


def test_priority_takes_the_value_listed_first() -> None:
    """DMN 1.3, 8.2.10: the order of the output values decides, not that of the rules."""
    read = table([["< 80", '"grey"'], ["< 30", '"green"']], outputs=['answer:string:"green","grey"'], policy="PRIORITY")
    assert (read.decide({"age": 20}).values, read.decide({"age": 20}).rules) == ({"answer": "green"}, (2,))
    assert read.decide({"age": 40}).values == {"answer": "grey"}


def test_output_order_lists_by_value_and_rule_order_by_rule() -> None:
    rules = [["< 80", '"grey"'], ["< 30", '"green"'], ["> 0", '"grey"']]
    by_value = table(rules, outputs=['answer:string:"green","grey"'], policy="OUTPUT ORDER").decide({"age": 20})
    by_rule = table(rules, policy="RULE ORDER").decide({"age": 20})
    assert [row["answer"] for row in by_value.rows] == ["green", "grey", "grey"]
    assert [row["answer"] for row in by_rule.rows] == ["grey", "green", "grey"]
    assert by_rule.rules == (1, 2, 3)
    assert table(rules, policy="COLLECT").decide({"age": 90}).rows == ({"answer": "grey"},)


@pytest.mark.parametrize(("aggregation", "answer"), [("SUM", 60), ("MIN", 10), ("MAX", 30), ("COUNT", 3)])
def test_collect_adds_up(aggregation: str, answer: int) -> None:
    """DMN 1.3, table 36."""
    rules = [["> 1", "20"], ["> 2", "10"], ["> 3", "30"], ["> 100", "99"]]
    read = table(rules, outputs=["answer:number"], policy="COLLECT", aggregation=aggregation)
    decided = read.decide({"age": 50})
    assert (decided.status, decided.values) == ("decided", {"answer": Decimal(answer)})
    nobody = read.decide({"age": 0})
    assert (nobody.status, nobody.values["answer"]) == (("decided", 0) if aggregation == "COUNT" else ("no_rule", None))


def test_collect_says_nothing_while_a_rule_is_open() -> None:
    read = table([["> 1", "20"], ["> 2", "0"]], outputs=["answer:number"], policy="COLLECT", aggregation="SUM")
    assert read.decide({}).missing == ("age",)
    read = table([["> 1", "-", "20"], ["-", "true", "0"]], ["age:number", "x:boolean"], ["answer:number"], "COLLECT", "SUM")
    assert read.decide({"age": 5}).values == {"answer": 20}
    assert table([["> 1", '"a"']], policy="COLLECT").decide({}).status == "unknown"


def test_two_outputs_may_be_known_apart() -> None:
    rules = [["< 18", '"child"', "100"], [">= 18", '"adult"', "100"]]
    decided = table(rules, outputs=["group:string", "amount:number"]).decide({})
    assert (decided.status, decided.values, decided.missing) == ("unknown", {"group": None, "amount": 100}, ("age",))


# ---- unknown is not no ------------------------------------------------------------------------------------------------------------------


def test_an_unknown_input_that_decides_nothing_is_not_asked_for() -> None:
    rules = [["< 18", "-", '"no"'], [">= 18", "true", '"yes"'], [">= 18", "false", '"no"']]
    read = table(rules, ["age:number", "local:boolean"])
    assert read.decide({"age": 3}) == read.decide({"age": 3, "local": True})
    assert read.decide({"age": 30}).missing == ("local",)
    # A stranger is refused at any age, and some rule fires at every age.
    assert read.decide({"local": False}).values == {"answer": "no"}
    assert read.decide({}).missing == ("age", "local")
    # Where a case may fall between the rules, nothing is certain.
    assert table([rules[0], rules[2]], ["age:number", "local:boolean"]).decide({"local": True}).status == "unknown"


def test_the_first_rule_that_is_open_leaves_the_answer_open() -> None:
    read = table([["> 60", '"a"'], ["-", '"b"']], policy="FIRST")
    assert (read.decide({}).status, read.decide({}).rules, read.decide({}).missing) == ("unknown", (1, 2), ("age",))


def test_all_open_rules_that_agree_decide() -> None:
    decided = table([["> 60", '"a"'], ["-", '"a"']], policy="FIRST").decide({})
    assert (decided.status, decided.values, decided.rules) == ("decided", {"answer": "a"}, (1, 2))


def test_null_asks_whether_it_is_unknown() -> None:
    read = table([["null", '"ask"'], ["not(null)", '"go"']])
    assert [read.decide({"age": age}).values["answer"] for age in (None, 3)] == ["ask", "go"]


@pytest.mark.parametrize("given", ["middling", 3, True])
def test_a_value_that_is_not_allowed_counts_as_unknown(given: Any) -> None:
    decided = table(LOANS, LOAN_INPUTS, policy="ANY").decide({"risk": given, "owner": False})
    assert (decided.status, decided.missing) == ("unknown", ("risk",))


def test_dates_arithmetic_and_names_in_outputs() -> None:
    rules = [
        ['< date("2025-01-01")', "base * 0.5"],
        ['[date("2025-01-01")..date("2025-12-31")]', "base / 3"],
        ['> date("2025-12-31")', "1"],
    ]
    read = table(rules, ["born_on:date"], ["answer:number"])
    assert read.inputs == ("born_on", "base")
    assert read.decide({"born_on": date(2024, 1, 1), "base": 5}).values == {"answer": Decimal("2.5")}
    assert read.decide({"born_on": date(2025, 6, 1), "base": 5}).values == {"answer": Decimal("1.666667")}
    assert read.decide({"born_on": date(2025, 6, 1)}).missing == ("base",)


def test_a_decision_stands_on_others() -> None:
    first = decision(AGES, key="group")
    second = decision(
        [['"child"', "-", "100"], ['not("child")', "> 3", "20"], ['not("child")', "<= 3", "0"]],
        ["group", "size:number"],
        ["amount:number"],
        requires=["group"],
        key="grant",
    )
    read = read_dmn(document(second, first), "t.dmn")
    assert list(read) == ["grant", "group"]
    assert read["grant"].inputs == ("age", "size")
    assert read["grant"].decide({"age": 7}).values == {"amount": 100}
    assert read["grant"].decide({"size": 7}).missing == ("age",)
    found = read["grant"].columns({"age": [7, 30, None], "size": [None, 4, 4]})
    assert found.outputs["amount"].to_pylist() == [100, 20, None]
    assert found.missing(2) == ("age",)


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_version_is_read(namespace: str) -> None:
    assert read_dmn(document(decision(AGES), namespace=namespace), "t.dmn")["d1"].decide({"age": 3}).values == {"answer": "child"}


def test_declared_types_and_notes_are_read() -> None:
    item = '<itemDefinition name="tRisk"><typeRef>string</typeRef><allowedValues><text>"Low","High"</text></allowedValues></itemDefinition>'
    data = '<inputData id="i" name="risk"><variable name="risk" typeRef="tRisk"/></inputData>'
    read = read_dmn(document(decision([['"Low"', "1"], ['"High"', "2"]], ["risk:tRisk"], ["answer:number"]), extra=item + data), "t.dmn")[
        "d1"
    ]
    assert read.gaps() is None
    assert read.decide({"risk": "Middle"}).status == "unknown"


# ---- overlaps and gaps ------------------------------------------------------------------------------------------------------------------


def test_unique_rules_that_overlap_are_refused_with_an_example() -> None:
    with pytest.raises(
        DmnRefused, match=r"rule 1 \(d1_r1\) and rule 3 \(d1_r3\) overlap, for instance at age = 10, local = true"
    ) as refused:
        table([["< 18", "-", '"a"'], [">= 18", "-", '"b"'], ["10", "true", '"c"']], ["age:number", "local:boolean"])
    assert "规则 1（d1_r1）与规则 3（d1_r3）重叠" in refused.value.text.zh


@pytest.mark.parametrize(
    ("kind", "first", "second", "overlap"),
    [
        ("number", "<= 5", ">= 5", "age = 5"),
        ("number", "< 5", ">= 5", ""),
        ("number", "(1..2)", "(1.5..3)", "age = 1.75"),
        ("number", "not(4)", "4,5", "age = 5"),
        ("integer", "[1..9]", "[10..20]", ""),
        ("string", '"a","b"', '"b"', 'age = "b"'),
        ("string", 'not("a")', 'not("b")', "age = "),
        ("boolean", "true", "false", ""),
        ("date", '<= date("2025-01-01")', '>= date("2025-01-01")', 'age = date("2025-01-01")'),
        ("date", '< date("2025-01-01")', '>= date("2025-01-01")', ""),
        ("number", "null", "> 3", ""),
        ("number", "null, 4", "> 3", "age = 4"),
        ("number", "[limit..9]", "< 3", "age = "),
    ],
)
def test_overlaps_are_found(kind: str, first: str, second: str, overlap: str) -> None:
    rules, inputs = [[first, '"a"'], [second, '"b"']], [f"age:{kind}"]
    if not overlap:
        assert table(rules, inputs)
        return
    with pytest.raises(DmnRefused, match="overlap") as refused:
        table(rules, inputs)
    assert overlap in str(refused.value)
    with pytest.raises(DmnRefused, match="must say the same"):
        table(rules, inputs, policy="ANY")
    assert table(rules, inputs, policy="FIRST")


@pytest.mark.parametrize(
    ("rules", "inputs", "gap"),
    [
        (AGES, ["age:number"], None),
        (AGES[:2], ["age:number"], {"age": Decimal(60)}),
        ([["[0..9]", '"a"'], ["< 0", '"a"'], ["[10..20]", '"b"'], ["> 20", '"b"']], ["age:number"], {"age": Decimal("9.5")}),
        ([["[0..9]", '"a"'], ["< 0", '"a"'], ["[10..20]", '"b"'], ["> 20", '"b"']], ["age:integer"], None),
        ([['"a"', '"x"'], ['"b"', '"x"']], ["age:string"], {"age": "…"}),
        ([['"a"', '"x"'], ['"b"', '"x"']], ['age:string:"a","b"'], None),
        ([["true", "< 3", '"x"'], ["false", "-", '"x"']], ["local:boolean", "age:number"], {"local": True, "age": Decimal(3)}),
    ],
)
def test_gaps_are_found(rules: list[list[str]], inputs: list[str], gap: dict[str, Any] | None) -> None:
    read = table(rules, inputs)
    assert read.gaps() == gap
    if gap is not None:
        assert read.decide(gap).status == "no_rule"
        assert table(rules, inputs, ['answer:string::"rest"']).gaps() is None


# ---- columns ----------------------------------------------------------------------------------------------------------------------------


def test_a_column_says_rule_status_and_what_is_missing() -> None:
    found = table(AGES[:2]).columns({"age": [3, 18, 70, None]})
    assert found.outputs["answer"].to_pylist() == ["child", "adult", None, None]
    assert found.status.tolist() == [1, 1, 0, 2]
    assert found.rule is not None and found.rule.tolist() == [1, 2, 0, -1]
    assert (found.unknown_rows.tolist(), found.missing(3)) == ([3], ("age",))


def test_lists_come_as_lists() -> None:
    found = table([["> 1", "20"], ["> 2", "10.5"]], outputs=["answer:number"], policy="RULE ORDER").columns({"age": [9, 2, 0, None]})
    assert found.outputs["answer"].to_pylist() == [[20, Decimal("10.5")], [20], [], None]
    assert found.status.tolist() == [1, 1, 0, 2]


@pytest.mark.parametrize(
    ("column", "sentence"), [([1.5], "floats"), (["a"], "declared"), ([[1]], "type"), ([Decimal("1.1234567")], "decimals")]
)
def test_columns_of_another_kind_are_refused(column: list[Any], sentence: str) -> None:
    with pytest.raises(DmnRefused, match=sentence):
        table(AGES).columns({"age": column})


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(DmnRefused, match="equal length"):
        table(LOANS, LOAN_INPUTS, policy="ANY").columns({"risk": ["Low"], "owner": [True, False]})


# ---- refusals ---------------------------------------------------------------------------------------------------------------------------


def bomb(depth: int) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, depth))
    return document(decision(AGES)).replace(b"<definitions", f'<!DOCTYPE d [<!ENTITY e0 "x">{entities}]><definitions'.encode(), 1)


HOSTILE = {
    "an entity bomb": bomb(20),
    "a file": document(decision(AGES)).replace(b"<definitions", b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><definitions', 1),
    "a used file": document(decision([["&x;", '"a"']]).replace("&amp;x;", "&f;")).replace(
        b"<definitions", b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><definitions', 1
    ),
    "an outside DTD": document(decision(AGES)).replace(b"<definitions", b'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd"><definitions', 1),
    "deep nesting": b"<a>" * 100_000,
    "nothing": b"",
    "no XML": b"\x00\xff\x00",
    "half a file": document(decision(AGES))[:-30],
    "too large": b" " * 2_000_001,
    "another root": b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>",
    "no decision": document(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    with pytest.raises(DmnRefused) as refused:
        read_dmn(HOSTILE[name], "t.dmn")
    assert refused.value.text.zh.startswith("t.dmn")
    assert "root:" not in str(refused.value)


def with_body(body: str) -> bytes:
    return document(f'<decision id="d7" name="d7">{body}</decision>')


REFUSED: list[tuple[bytes, str]] = [
    (with_body("<literalExpression><text>1</text></literalExpression>"), "d7.*|literalExpression"),
    (with_body('<context id="c3"/>'), r"c3.*<context> is not supported"),
    (with_body('<knowledgeRequirement id="k"/>'), "k .*knowledgeRequirement"),
    (with_body(""), "d7.*no table"),
    (document(decision(AGES), extra='<import id="i9" namespace="x"/>'), "i9.*<import>"),
    (document(decision(AGES), extra='<businessKnowledgeModel id="b9"/>'), "b9.*businessKnowledgeModel"),
    (document(decision(AGES), decision(AGES)), "id of its own"),
    (document(decision(AGES, policy="BEST")), "no hit policy BEST"),
    (document(decision(AGES, policy="FIRST", aggregation="SUM")), "aggregation SUM cannot"),
    (document(decision(AGES, policy="PRIORITY")), "needs the outputValues"),
    (document(decision(AGES, policy="OUTPUT ORDER")), "needs the outputValues"),
    (document(decision(AGES, policy="COLLECT", aggregation="SUM")), "answer is a number, here it is a text"),
    (document(decision([["1", "2 * x"]], outputs=["answer:number"], policy="COLLECT", aggregation="MAX")), "plain values"),
    (document(decision([["1", '"c"']], outputs=['answer:string:"a","b"'])), "d1_r1_1.*not in the outputValues"),
    (document(decision([["1", '"a"']], outputs=['answer:string:"a","b":"c"'])), "default is not in"),
    (document(decision([["1", ""]])), "d1_r1_1 .*output is empty"),
    (document(decision([["1", "null"]])), "cannot be null"),
    (document(decision([["1"]])), "d1_r1 .*Complete"),
    (document(decision([["1", "3"]])), "answer is a text, here it is a number"),
    (document(decision(AGES, ["age:tPerson"])), "tPerson is not supported"),
    (document(decision(AGES, ["age:number", "age:string"])), "Complete|declared as"),
    (document(decision([["1", "1", "5"]], outputs=["a:number", "a2:number"], policy="COLLECT", aggregation="SUM")), "one output"),
    (document(decision([], [], [])), "an output and a rule"),
    (document(decision(AGES, requires=["d2"])), "#d2 is not in this file"),
    (document(decision(AGES, requires=["d1"])), "require one another"),
    (document(decision(AGES, key="a", policy="RULE ORDER"), decision(AGES, requires=["a"])), "gives a list"),
    (document(decision(AGES, extra='<list id="l1"/>')), "l1 .*<list>"),
    (document(decision([["1", '"a"']] * 1_001, policy="FIRST")), "at most 30 inputs"),
]


@pytest.mark.parametrize(("xml", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_a_table_may_not_hold_is_refused(xml: bytes, sentence: str) -> None:
    with pytest.raises(DmnRefused, match=sentence):
        read_dmn(xml, "t.dmn")


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [('"a"', "a number and a text"), ("> ", "missing"), ("1 2", "not expected"), ("count(x)", "function count"), ("true", "yes/no")],
)
def test_a_cell_that_is_wrong_names_its_element_and_column(cell: str, sentence: str) -> None:
    with pytest.raises(FeelError, match=rf"t\.dmn, d1_r1_0 \(line 1\), column \d.*{sentence}"):
        table([[cell, '"a"']])


def test_a_language_other_than_feel_is_refused() -> None:
    xml = document(decision(AGES)).replace(b"<inputExpression", b'<inputExpression expressionLanguage="http://www.python.org/"')
    with pytest.raises(DmnRefused, match="Use FEEL"):
        read_dmn(xml, "t.dmn")
