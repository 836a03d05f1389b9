"""The bank desk: rows that need a person, closed with a note, and the account beside the ledger."""

import pytest

from zhida.blocks.access.api import PermissionMissing
from zhida.blocks.payments import api
from zhida.blocks.payments.testing import CHECKER, MAKER, ZHOU_ZHIQIANG, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification, statement

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on(monkeypatch):
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")


def sent(desk):
    desk.budget()
    batch, _ = desk.send([decision(1, 100_00), decision(2, 200_00)])
    return [f"ZD{number:016d}" for number in (batch.first_id, batch.last_id)]


def test_a_row_that_does_not_fit_waits_until_somebody_says_what_came_of_it(desk):
    first, _ = sent(desk)
    api.import_bank_file(MAKER, letter(desk.home / "l", notification([(first, 100_01), ("PAYROLL 7", 5_00)])))
    assert api.problem_kinds(CHECKER) == {"unknown_reference": 1, "wrong_amount": 1} and api.count_problems(MAKER) == 2
    [wrong] = api.problems(MAKER, problem="wrong_amount")
    with pytest.raises(api.ReasonMissing):
        api.close_problem(MAKER, wrong.pk, " ")
    with pytest.raises(PermissionMissing):
        api.close_problem(ZHOU_ZHIQIANG, wrong.pk, "x")
    assert api.close_problem(MAKER, wrong.pk, "银行已更正").closed_by == "maker"
    with pytest.raises(api.ProblemNotOpen):
        api.close_problem(MAKER, wrong.pk, "again")
    assert [row.pk for row in api.problems(MAKER, is_open=False)] == [wrong.pk] and api.count_problems(MAKER, None) == 2


def test_a_statement_agrees_with_the_ledger_or_says_where_the_difference_is(desk):
    first, second = sent(desk)
    told = statement(1_000_00, [(first, 100_00, "DBIT"), (second, 200_00, "DBIT")], 700_00)
    api.import_bank_file(MAKER, letter(desk.home / "l", told))
    [check] = api.statement_checks(MAKER)
    assert (check.told_fen, check.booked_fen, check.difference_fen) == (-300_00, -300_00, 0)


def test_what_the_bank_took_for_somebody_else_explains_the_difference(desk):
    first, _ = sent(desk)
    told = statement(1_000_00, [(first, 100_00, "DBIT"), ("PAYROLL 7", 30_00, "DBIT")], 870_00)
    api.import_bank_file(MAKER, letter(desk.home / "l", told))
    [check] = api.statement_checks(CHECKER)
    assert (check.difference_fen, check.problems_fen, check.unexplained_fen) == (-30_00, -30_00, 0)
    assert api.count_files_out(MAKER) == 1 and [file.count for file in api.files_out(MAKER)] == [2]
