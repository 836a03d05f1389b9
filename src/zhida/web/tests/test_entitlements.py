"""The list's layout: which group a line falls into, what the month comes to, whom a line is for, how a trace becomes a tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from zhida.blocks.payments.api import PaymentLine
from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web import entitlements, explanation

XIAOMAN, XIUYING, HOUSEHOLD = 330106999001, 330106999005, 42


def line(code: str = "gaoling", status: str = "entitled", amount: int = 100_00, entity_no: int = XIUYING, payee_no: int = XIUYING):
    definition = policies.benefits()[code]
    who = {XIAOMAN: "林小满", XIUYING: "王秀英"}.get(entity_no, "")
    due = amount if status == "entitled" else 0
    return policies.EntitlementLine(
        definition, status, due, definition.unit, "2025-10", definition.entity.name, entity_no, [], payee_no, who
    )


def payment(state: str, revision: int = 0, amount_fen: int = 100_00, benefit: str = "gaoling", entity_no: int = XIUYING) -> PaymentLine:
    return PaymentLine(
        transaction_id=revision + 1,
        batch_id=1,
        benefit=benefit,
        period_key="2025-10",
        entity_no=entity_no,
        payee_no=entity_no,
        amount_fen=amount_fen,
        deducted_fen=0,
        channel="bank",
        revision=revision,
        state=state,
        state_text=Text(state, state),
        instructed_on=date(2025, 11, 2),
        settled_on=date(2025, 11, 3) if state == "paid" else None,
        expected_on=date(2025, 11, 4),
        reason=None,
    )


def only_row(found, *payments: PaymentLine) -> entitlements.Row:
    return entitlements.overview([found], payments, XIAOMAN).rows[0]


@pytest.mark.parametrize(
    ("states", "group"),
    [
        ([], "coming"),
        (["instructed"], "coming"),
        (["accepted"], "coming"),
        (["paid"], "paid"),
        (["held"], "attention"),
        (["rejected"], "attention"),
        (["returned"], "attention"),
        (["paid", "instructed"], "coming"),
        (["paid", "returned"], "attention"),
        (["reissued", "paid"], "paid"),
        (["cancelled"], "coming"),
    ],
)
def test_a_line_stands_where_its_money_stands(states: list[str], group: str) -> None:
    assert only_row(line(), *[payment(state, revision) for revision, state in enumerate(states)]).group == group


def test_what_is_not_due_keeps_its_own_group() -> None:
    assert (only_row(line(status="unknown")).group, only_row(line(status="not_entitled")).group) == ("unknown", "not_entitled")


def test_what_never_reaches_the_family_s_account_is_no_money_of_the_month() -> None:
    to_provider = line("gongyixing_gangwei", amount=300_00, entity_no=XIAOMAN, payee_no=0)
    electricity = line("mianfei_dian", amount=15, entity_no=HOUSEHOLD, payee_no=XIAOMAN)
    overview = entitlements.overview([line(), to_provider, electricity], [], XIAOMAN)
    assert [row.group for row in overview.rows] == ["coming", "in_kind", "in_kind"]
    assert (overview.monthly_fen, overview.other_fen) == (100_00, 0)


def test_monthly_money_and_what_comes_once_are_added_up_apart() -> None:
    pension = line("yanglao_jichu", amount=330_00)
    birth = line("yuer_2023", amount=5_000_00, entity_no=XIAOMAN, payee_no=XIAOMAN)
    payments = [payment("paid"), payment("paid", 1), payment("returned", benefit="yanglao_jichu")]
    overview = entitlements.overview([line(), pension, birth], payments, XIAOMAN)
    assert (overview.monthly_fen, overview.other_fen) == (430_00, 5_000_00)
    assert [overview.group(key).amount_fen for key in ("paid", "attention", "coming")] == [100_00, 330_00, 5_000_00]


def test_a_payment_of_another_period_or_person_says_nothing_about_this_line() -> None:
    assert only_row(line(), payment("paid", entity_no=XIAOMAN)).payment is None


def test_people_are_called_what_the_family_calls_them() -> None:
    assert entitlements.who(line(), XIAOMAN).zh == "王秀英"
    assert entitlements.who(line(entity_no=XIAOMAN), XIAOMAN).zh == "林小满（本人）"
    assert entitlements.who(line("dibao", entity_no=HOUSEHOLD), XIAOMAN) == Text("全家", "The household")


def test_lines_are_found_by_benefit_or_person_in_either_language() -> None:
    rows = entitlements.overview([line(), line("dibao", entity_no=HOUSEHOLD)], [], XIAOMAN).rows
    assert [len(entitlements.matching(rows, words)) for words in ("王秀英", "OLD-AGE", "保障金", "没有这一项")] == [1, 1, 1, 0]


def test_answers_that_came_to_nothing_stand_together_by_benefit() -> None:
    nothing = [line(status="not_entitled"), line(status="not_entitled", entity_no=XIAOMAN), line("tekun", status="not_entitled")]
    grouped = entitlements.overview(nothing, [], XIAOMAN).not_entitled
    assert [[row.line.benefit.code for row in rows] for rows in grouped] == [["gaoling", "gaoling"], ["tekun"]]


def step(depth: int, label: str, fact: dict | None = None, parameter: dict | None = None) -> policies.Step:
    return policies.Step(depth, Text(label, label), Text("1", "1"), "", "", parameter, fact)


def test_a_trace_becomes_a_tree() -> None:
    roots = explanation.tree([step(0, "a"), step(1, "b"), step(2, "c"), step(1, "d"), step(0, "e")])
    assert [node.step.label.zh for node in roots] == ["a", "e"]
    assert [node.step.label.zh for node in roots[0].children] == ["b", "d"]
    assert [node.step.label.zh for node in roots[0].children[0].children] == ["c"]


def test_a_long_calculation_shows_one_look_and_folds_the_rest() -> None:
    steps = [step(0, "amount")]
    for condition in range(5):
        steps += [step(1, f"condition {condition}"), *[step(2, f"{condition}.{part}") for part in range(4)]]
    (root,) = explanation.tree(steps)
    assert not root.folds and all(condition.folds for condition in root.children)
    assert not any(node.folds for node in explanation.tree(steps[:11])[0].children)


def test_a_number_that_no_fact_could_choose_is_not_listed() -> None:
    open_choice = {"label": Text("标准", "Standard"), "from": date.min}
    assert explanation.numbers_used([step(0, "a", None, open_choice)]) == []


def test_numbers_and_facts_are_listed_once_each() -> None:
    fact, number = {"department": Text("民政", "Civil affairs")}, {"label": Text("标准", "Standard"), "from": date(2025, 1, 23)}
    steps = [step(0, "a"), step(1, "income", fact), step(1, "income", fact), step(1, "standard", None, number), step(2, "s", None, number)]
    assert (len(explanation.facts_used(steps)), len(explanation.numbers_used(steps))) == (1, 1)


def test_the_same_fact_of_several_members_is_one_row_with_their_names() -> None:
    fact, names = {"department": Text("卫健", "Health")}, [Text("王秀英", "王秀英"), Text("陈立", "陈立")]
    steps = [step(0, "a"), *[replace(step(1, "died_on", fact), who=name) for name in names]]
    assert [used.members for used in explanation.facts_used(steps)] == [names]
