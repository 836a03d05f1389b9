"""What residents give and say back: files, appeals, ratings; and what joint handling saves them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.cases import api as cases
from zhida.blocks.cases import uploads
from zhida.blocks.cases.models import CaseDecision, CasePayable, UploadedFile
from zhida.blocks.cases.tests import newborn
from zhida.blocks.cases.tests.newborn import PDF, finish, item, open_newborn, view, viewer
from zhida.blocks.notices import api as notices

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with newborn.town(own_home, monkeypatch):
        yield


def _due(case: Any) -> list[tuple[int, str]]:
    return sorted((each.amount_fen, each.state) for each in CasePayable.objects.filter(effect__item__case=case))


def test_a_file_is_taken_by_its_content_kept_once_and_read_by_its_desk_only(town: None, own_home: Path) -> None:
    lin = viewer("lin")
    wrong = (("a.pdf", b"", "empty"), ("a.pdf", b"MZ not a pdf", "only PDF"), ("a.png", PDF + b"x" * (10 << 20), "10 MB"))
    for name, content, said in wrong:
        with pytest.raises(cases.FileRefused, match=said):
            cases.keep_upload(lin, "lease", name, content)
    first = cases.keep_upload(lin, "lease", '../../租房"合同.exe', PDF)
    second = cases.keep_upload(lin, "lease", "again.pdf", PDF)
    assert cases.read_upload(lin, int(first)).name == "租房合同.pdf"
    assert len(list((own_home / "cases" / "files").rglob("*"))) == 2  # one folder, one file

    with pytest.raises(cases.AnswersMissing):  # somebody else's number, or none
        cases.open_case(viewer("lin"), "newborn", newborn.resident_no("陈安"), {**newborn.GIVEN, "rented": "rent", "lease": "999"})
    case = open_newborn(rented="rent", lease=first)
    assert UploadedFile.objects.get(pk=first).case_id == case.pk and UploadedFile.objects.get(pk=second).case_id is None
    assert cases.read_upload(lin, int(first)).content == PDF
    assert cases.read_upload(viewer("street"), int(first)).content == PDF
    for stranger in ("zhou", "far_street", "police"):
        with pytest.raises(cases.CaseNotFound):
            cases.read_upload(viewer(stranger), int(first))
    with pytest.raises(cases.CaseNotFound):  # what nobody has sent yet is seen by who added it
        cases.read_upload(viewer("zhou"), int(second))


def test_a_paper_that_a_desk_asks_for_reaches_that_desk_alone(town: None) -> None:
    case, lin, street = open_newborn(), viewer("lin"), viewer("street")
    cases.return_item(street, item(case, "check").pk, "请拍一张户口本")
    kept = cases.keep_upload(lin, cases.ADDED, "户口本.pdf", PDF)
    with pytest.raises(cases.AnswersMissing):  # a file kept for a field is no paper, nor is a number that nobody has
        cases.answer(lin, case.pk, newborn.GIVEN, "", cases.keep_upload(lin, "lease", "a.pdf", PDF))
    cases.answer(lin, case.pk, newborn.GIVEN, "拍好了", kept)
    assert [each.name for each in cases.added_files(lin, case.pk)] == ["户口本.pdf"]
    assert [each.name for each in cases.added_files(street, case.pk, "check")] == ["户口本.pdf"]
    assert cases.read_upload(street, int(kept)).content == cases.read_upload(lin, int(kept)).content == PDF
    assert "拍好了；户口本.pdf" in next(each.text for each in view(case).entries if each.what == "answered")
    for stranger in ("health", "far_street", "police"):
        assert cases.added_files(viewer(stranger), case.pk, "check") == []
        with pytest.raises(cases.CaseNotFound):
            cases.read_upload(viewer(stranger), int(kept))
    with pytest.raises(cases.CaseNotFound):
        cases.added_files(viewer("zhou"), case.pk)


def test_what_one_form_saves_is_counted_for_the_event_and_for_what_a_case_really_asked(town: None) -> None:
    event = cases.asked_once(cases.life_event("newborn"))
    assert (event.then_forms, event.then_fields, event.then_documents, event.then_visits) == (2, 18, 5, 3)
    assert (event.forms, event.fields, event.documents, event.visits) == (1, 3, 1, 1)
    case = open_newborn()
    only_checked = cases.asked_once(case)
    assert (only_checked.items, only_checked.then_fields, only_checked.fields, only_checked.documents) == (1, 10, 2, 0)


def test_an_appeal_freezes_then_and_now_and_a_change_moves_decision_and_money(town: None) -> None:
    case = open_newborn()
    finish(case, "check", "last_word")
    lin, health = viewer("lin"), viewer("health")
    old = next(each for each in view(case).decisions if each.status == "entitled")
    assert (old.amount, _due(case)) == (500_000, [(500_000, "waiting")])

    with pytest.raises(cases.AppealImpossible):
        cases.file_case_appeal(lin, case.pk, "", "  ", old.pk)
    with pytest.raises(cases.CaseNotFound):
        cases.file_case_appeal(viewer("zhou"), case.pk, "", "不对", old.pk)
    appeal = cases.file_case_appeal(lin, case.pk, "", "这是我的第三个孩子", old.pk)
    with pytest.raises(cases.AppealImpossible, match="already"):
        cases.file_case_appeal(lin, case.pk, "", "再说一次", old.pk)
    for other in ("police", "street"):
        with pytest.raises(cases.AppealNotOpen):
            cases.case_appeal(viewer(other), appeal.pk)

    seen = cases.case_appeal(health, appeal.pk)
    order = next(fact for fact in seen.facts if fact.name == "birth_order")
    assert (order.then.zh, order.source.zh, order.differs) == ("2", "本办件", False)
    with pytest.raises(cases.AppealUnchanged):
        cases.answer_case_appeal(health, appeal.pk, "changed", "再算一遍")
    with pytest.raises(cases.WrongFact):
        cases.answer_case_appeal(health, appeal.pk, "changed", "改", {"birth_order": "three"})
    with pytest.raises(cases.ReasonNeeded):
        cases.answer_case_appeal(health, appeal.pk, "upheld", " ")
    assert CaseDecision.objects.get(pk=old.pk).replaced_by is None  # nothing of what failed is left

    answered = cases.answer_case_appeal(health, appeal.pk, "changed", "出生登记已核对，是第三个孩子。", {"birth_order": "3"})
    new = CaseDecision.objects.get(pk=old.pk).replaced_by
    assert new is not None and new.amount == 2_000_000 and new.facts["birth_order"] == "3"
    assert answered.difference_fen == 1_500_000
    assert _due(case) == [(500_000, "withdrawn"), (2_000_000, "waiting")]
    assert [each.amount for each in view(case).decisions if each.status == "entitled"] == [2_000_000]
    assert "case_appeal_answered" in [each.kind for each in notices.inbox(lin)[0]]
    with pytest.raises(cases.AppealNotOpen):
        cases.answer_case_appeal(health, appeal.pk, "upheld", "第二次答复")


def test_money_in_a_batch_is_made_again_with_what_the_appeal_gave(town: None) -> None:
    case = open_newborn()
    finish(case, "check", "last_word")
    maker = viewer("maker")
    assert cases.prepare_case_payments(maker).amount_fen == 500_000
    old = next(each for each in view(case).decisions if each.status == "entitled")
    appeal = cases.file_case_appeal(viewer("lin"), case.pk, "", "第三个孩子", old.pk)
    cases.answer_case_appeal(viewer("health"), appeal.pk, "changed", "是", {"birth_order": "3"})
    again = cases.prepare_case_payments(maker)
    assert len(again.cancelled) == 1 and again.amount_fen == 2_000_000  # the batch had not left
    assert sorted(_due(case)) == [(500_000, "withdrawn"), (2_000_000, "handed")]


def test_a_refusal_that_does_not_hold_comes_back_to_its_desk(town: None) -> None:
    case = open_newborn()
    street, lin = viewer("street"), viewer("lin")
    cases.refuse_item(street, item(case, "check").pk, "没有人在家")
    finish(case, "last_word")
    assert view(case).case.state == "done"
    appeal = cases.file_case_appeal(lin, case.pk, "check", "那天我在家")
    evidence = cases.my_case_appeals(lin, case.pk)[0].facts
    assert {"第几个孩子", "孩子"} <= {fact.label.zh for fact in evidence}
    cases.answer_case_appeal(street, appeal.pk, "changed", "重新上门")
    assert (view(case).case.state, item(case, "check").state) == ("open", "ready")
    finish(case, "check")
    assert (view(case).case.state, item(case, "check").state) == ("done", "done")
    # What came after the refused item came anew, and what it had found due the first time was withdrawn.
    assert _due(case) == [(500_000, "waiting"), (500_000, "withdrawn")]


def test_a_case_that_was_undone_begins_again_when_its_refusal_does_not_hold(town: None) -> None:
    case = open_newborn()
    finish(case, "check")
    cases.refuse_item(viewer("health"), item(case, "last_word").pk, "资料不符")
    assert (view(case).case.state, _due(case)) == ("undone", [(500_000, "withdrawn")])
    appeal = cases.file_case_appeal(viewer("lin"), case.pk, "last_word", "资料是对的")
    cases.answer_case_appeal(viewer("health"), appeal.pk, "changed", "核对无误，重新办理")
    mine = cases.my_cases(viewer("lin"))
    again = next(each for each in mine if each.state == "open")
    assert again.pk != case.pk and again.evidence["order"]["value"] == 2
    finish(again, "check", "last_word")
    assert _due(again) == [(500_000, "waiting")]


def test_a_case_is_rated_once_when_it_is_over_and_bad_ratings_are_answered_in_time(town: None, monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_newborn()
    lin, health = viewer("lin"), viewer("health")
    with pytest.raises(cases.RatingRefused):
        cases.rate_case(lin, case.pk, 5)
    finish(case, "check", "last_word")
    for stars, reasons in ((0, []), (6, []), (3, ["because"])):
        with pytest.raises(cases.RatingRefused):
            cases.rate_case(lin, case.pk, stars, reasons)
    with pytest.raises(cases.CaseNotFound):
        cases.rate_case(viewer("zhou"), case.pk, 5)
    rating = cases.rate_case(lin, case.pk, 2, ["slow", "slow"], "等了很久")
    assert (str(rating.answer_due_on), rating.reasons) == ("2025-11-12", ["slow"])
    with pytest.raises(cases.RatingRefused, match="already"):
        cases.rate_case(lin, case.pk, 5)

    assert [each.pk for each in cases.ratings(health)] == [rating.pk] and not cases.ratings(viewer("police"))
    with pytest.raises(cases.RatingRefused):
        cases.answer_rating(viewer("police"), rating.pk, "不是我的")
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-13")
    late = cases.ratings_summary(viewer("captain"))
    assert (late.bad, late.late, late.waiting, late.share_in_time) == (1, 1, 0, 0.0)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-12")
    cases.answer_rating(health, rating.pk, "对不起，我们已经加派人手。")
    summary = cases.ratings_summary(health)
    assert (summary.count, summary.mean, summary.stars[2], summary.in_time, summary.share_in_time) == (1, 2.0, 1, 1, 1.0)
    assert cases.ratings_summary(viewer("captain"), 330108).count == 0
    assert "case_rating_answered" in [each.kind for each in notices.inbox(lin)[0]]


def test_an_answer_that_no_rule_can_count_with_is_refused_and_old_files_make_room(town: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("-1", "9" * 400, "1e3", "NaN"):
        with pytest.raises(cases.AnswersMissing):
            open_newborn(order=wrong)
    lin = viewer("lin")
    for number in range(uploads.UNUSED_MAX):
        cases.keep_upload(lin, "lease", "a.pdf", PDF + str(number).encode())
    with pytest.raises(cases.FileRefused, match="files wait"):
        cases.keep_upload(lin, "lease", "a.pdf", PDF)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-09")
    assert cases.keep_upload(lin, "lease", "a.pdf", PDF), "what was never sent is forgotten after two days"


def test_what_a_case_says_is_written_for_people_and_names_nothing_by_itself(town: None) -> None:
    case = open_newborn(rented="own")
    finish(case, "check")
    cases.finish_item(viewer("health"), item(case, "last_word").pk, {"note": "{order}{grant_due_fen}"})
    messages = [each for each in notices.inbox(viewer("lin"))[0] if "自有" in str(each.body)]
    assert len(messages) == 1 and "{order}{grant_due_fen}；自有；5,000.00 元" in str(messages[0].body)
