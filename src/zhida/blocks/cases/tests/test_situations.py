"""The situations of every installed life event, and that the player notices what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from zhida.blocks.cases.declarations.checking import check_life_event
from zhida.blocks.cases.declarations.installed import folders
from zhida.blocks.cases.declarations.model import Field
from zhida.blocks.cases.declarations.reading import read_life_event
from zhida.blocks.cases.declarations.situations import Tried, try_situations
from zhida.blocks.cases.errors import SituationUnreadable
from zhida.engine.feel import parse_expression
from zhida.kernel.errors import ZhidaError
from zhida.kernel.text import Text

FOLDERS = sorted(folders())


def _folder(event: str) -> Path:
    return next(path for path in FOLDERS if path.name == event)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_situation_comes_out_as_written(folder: Path) -> None:
    tried = try_situations(folder)
    assert tried, "a life event without situations is not tried at all"
    assert [f"{each.name}: {each.wrong}" for each in tried if each.wrong] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_situations_reach_every_item_and_refuse_something(folder: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (folder / "tests").glob("*.yaml"))
    untried = [key for key in read_life_event(folder).items if key not in text]
    assert untried == []
    assert "refused:" in text


def _tried_with(tmp_path: Path, situation: str) -> list[Tried]:
    folder = shutil.copytree(_folder("disability"), tmp_path / "disability")
    for path in (folder / "tests").glob("*.yaml"):
        path.unlink()
    (folder / "tests" / "one.yaml").write_text(situation, "utf-8")
    return try_situations(folder)


def test_what_a_refusal_takes_back_is_part_of_a_situation(tmp_path: Path) -> None:
    folder = shutil.copytree(_folder("birth"), tmp_path / "birth")
    text = (folder / "event.yaml").read_text("utf-8")
    start = text.index("- key: medical_enrolment")
    (folder / "event.yaml").write_text(
        text[:start] + text[start:].replace("on_refusal: go_on", "on_refusal: {undo: [household_registration]}", 1), "utf-8"
    )
    situation = "{name: a, given: {hukou_first_local: true}, refused: [medical_enrolment], expect: {undone: %s}}"
    for path in (folder / "tests").glob("*.yaml"):
        path.unlink()
    (folder / "tests" / "two.yaml").write_text(f"- {situation % '[household_registration]'}\n- {situation % '[]'}\n", "utf-8")
    taken_back, nothing = try_situations(folder)
    assert taken_back.wrong == ()
    assert [each.en for each in nothing.wrong] == ["what is undone is: household_registration"]


def test_what_differs_is_said_item_by_item(tmp_path: Path) -> None:
    (one,) = _tried_with(
        tmp_path,
        "- {name: a, given: {can_go_out: true}, refused: [assessment], "
        "expect: {done: [certificate], not: [advice], refused: [acceptance], values: {level: 2}, asked: [can_go_out]}}",
    )
    said = [each.en for each in one.wrong]
    assert said[:4] == [
        "'certificate' should be done and is not",
        "'acceptance' should be refused and is not reached",
        "'advice' should not be reached",
        "level should be 2 and is None",
    ]
    assert said[4].startswith("what is asked is: applied_category, can_go_out")


def test_a_case_that_comes_to_no_end_is_told(tmp_path: Path) -> None:
    situation = "- {name: a, given: {}, refused: [certificate], expect: {refused: [certificate]}}"
    (one,) = _tried_with(tmp_path, situation)
    assert one.wrong == ()
    process = tmp_path / "disability" / "process.bpmn"
    flow = 'sourceRef="is_issued" targetRef="not_issued"'
    text = process.read_text("utf-8").replace(' default="is_issued__not_issued"', "")
    assert f"{flow}><documentation" in text
    unlikely = "<conditionExpression>level = 9</conditionExpression></sequenceFlow>"
    before, found, after = text.partition(flow)
    process.write_text(before + found + after.replace("</sequenceFlow>", unlikely, 1), "utf-8")
    (one,) = try_situations(tmp_path / "disability")
    assert [each.en for each in one.wrong] == ["it does not come to an end; it stops at is_issued"]


@pytest.mark.parametrize(
    "situation",
    [
        "- {name: a, expect: {done: [no_such_item]}}",
        "- {name: a, given: {no_such_key: 1}, expect: {done: [result]}}",
        "- {name: a, expects: {done: [result]}}",
        "- {name: a, entered: {assessment: {no_such_field: 1}}, expect: {done: [result]}}",
    ],
)
def test_a_word_that_the_event_does_not_have_is_refused(tmp_path: Path, situation: str) -> None:
    with pytest.raises(SituationUnreadable):
        _tried_with(tmp_path, situation)


@pytest.mark.parametrize(
    "file, old, new, said",
    [
        ("event.yaml", "label: {zh: 出生一件事, en: A child is born}", "label: {zh: 1, en: 2}", "label must be written as"),
        ("event.yaml", "needed_by: [", "needed_by: [{}, ", "needed_by must be a list of names"),
        ("tests/paths.yaml", "- name:", "- [\n- name:", r"paths.yaml:\d+"),
        ("tests/paths.yaml", "- name:", "- 5\n- name:", "paths.yaml is not written as it should be"),
        ("tests/paths.yaml", "- name:", "- &a name:", "not allowed"),
    ],
)
def test_a_folder_of_another_shape_is_told_with_its_place(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    folder = tmp_path / "birth"
    shutil.copytree(_folder("birth"), folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ZhidaError, match=said):
        try_situations(folder)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "birth"
    shutil.copytree(_folder("birth"), folder)
    (folder / "tests" / "paths.yaml").write_bytes(b"\xff\xfe\x00")
    assert check_life_event(folder).errors == ()
    with pytest.raises(SituationUnreadable, match=r"paths\.yaml"):
        try_situations(folder)


def test_a_condition_compares_days_as_days_though_a_case_keeps_them_as_text() -> None:
    late = Field("late", Text("迟", "Late"), "text", when=parse_expression('told_on > date("2025-10-31")', "late"))
    assert [late.is_asked(known) for known in ({"told_on": "2025-11-01"}, {"told_on": "2025-10-31"}, {})] == [True, False, None]
