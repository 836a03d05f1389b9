"""`zhida life-event …`, as an author of life events uses it: exit codes, places, JSON that programs read. No database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zhida.blocks.cases import api as cases
from zhida.project.cli_life_event import life_event

FOLDERS = {folder.name: folder for folder in cases.folders()}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(life_event, list(arguments))


@pytest.fixture
def hardship(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDERS["hardship"], tmp_path / "hardship"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_installed_events_pass_the_check_and_their_situations() -> None:
    checked = run("check", "--json")
    assert checked.exit_code == 0
    assert {each["event"]: each["errors"] for each in json.loads(checked.stdout)} == {event: [] for event in FOLDERS}
    tried = run("test", "--json")
    assert tried.exit_code == 0
    told = json.loads(tried.stdout)
    assert (told["failed"], told["failures"]) == (0, [])
    assert told["situations"] >= 30


def test_the_names_a_declaration_may_write_are_listed_and_searched() -> None:
    everything = run("words").stdout
    for said in ("birth.mother_id_number *", "certified_kind", "guojia_yuer_2025", "vaccination", "case_item_done", "medical_insurance"):
        assert said in everything
    found = run("words", "fact", "--text", "失能").stdout.splitlines()
    assert [line.split()[:2] for line in found] == [["fact", "care_level"]]
    assert "severe_3" in found[0]
    refused = run("words", "facts")
    assert refused.exit_code == 2
    assert "facts is none of register, card, fact" in refused.output


def test_a_name_that_is_no_event_says_where_own_events_are_looked_for() -> None:
    refused = run("check", "moving_house")
    assert refused.exit_code == 2
    assert "ZHIDA_LIFE_EVENTS is not set: export the folder" in " ".join(refused.output.split())


def test_a_folder_of_own_events_that_is_not_there_is_no_silence(settings: Any, tmp_path: Path) -> None:
    settings.LIFE_EVENT_FOLDERS = [str(tmp_path), str(tmp_path / "gone")]
    refused = run("check")
    assert refused.exit_code == 2
    assert "gone, which is no folder" in " ".join(refused.output.split())


def test_an_error_is_shown_with_file_line_and_remedy_and_fails_the_command(hardship: Path) -> None:
    edit(hardship / "event.yaml", "service: means_test", "service: means_tests")
    result = run("check", str(hardship))
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("  error")]
    number = int(line.split("event.yaml:")[1].split()[0])
    item = line.split("items.")[1].split(":")[0]
    assert f"- key: {item}" in (hardship / "event.yaml").read_text("utf-8").splitlines()[number - 1]
    assert "the catalogue has no service 'means_tests'; add it to a services.yaml or correct it" in line


def test_a_warning_fails_only_a_strict_check(hardship: Path) -> None:
    edit(hardship / "event.yaml", "promised_working_days: ", "promised_working_days: 2 # was ")
    assert run("check", str(hardship)).exit_code == 0
    assert run("check", "--strict", str(hardship)).exit_code == 1


def test_a_wrong_expectation_is_found_with_its_file_and_line(hardship: Path) -> None:
    path = hardship / "tests" / "paths.yaml"
    edit(path, "not: [not_accepted, emergency_relief", "not: [not_accepted, means_test, emergency_relief")
    result = run("test", str(hardship), "--json")
    assert result.exit_code == 1
    (failure,) = json.loads(result.stdout)["failures"]
    assert failure["en"] == "'means_test' should not be reached"
    assert path.read_text("utf-8").splitlines()[failure["line"] - 1] == f"- name: {failure['situation']}"


def test_a_simulation_is_the_same_twice_and_hears_what_is_set() -> None:
    def simulated(*more: str) -> dict[str, Any]:
        result = run("simulate", "birth", "--cases", "40", "--seed", "3", "--from", "2025-11-05", "--json", *more)
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))

    first = simulated()
    assert first == simulated()
    assert sum(first["states"].values()) == first["cases"] == 40
    desks = {desk["item"]: desk["officers"] for desk in simulated("--set", "maternity_costs.officers=9")["desks"]}
    assert desks == {**{desk["item"]: desk["officers"] for desk in first["desks"]}, "maternity_costs": 9}
    told = run("simulate", "birth", "--cases", "40", "--from", "2025-11-05").stdout
    assert "Of 10 working days promised: " in told
    assert "household_registration" in told


@pytest.mark.parametrize(
    "arguments", [("check", "wedding"), ("simulate", "birth", "--set", "officers"), ("new", "moving", "--pack", "weddings")]
)
def test_what_does_not_exist_is_named(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert arguments[-1] in result.output


def test_a_new_event_goes_to_the_first_folder_of_the_city(tmp_path: Path, settings: Any) -> None:
    settings.LIFE_EVENT_FOLDERS = [str(tmp_path)]
    made = run("new", "moving_house", "--from", "death")
    assert made.exit_code == 0, made.output
    assert "Change, in this order" in made.stdout
    assert run("check", "moving_house").exit_code == 0
    assert run("draw", "moving_house").stdout.strip() == "moving_house  has a diagram already"


def test_the_counts_of_the_documentation_are_those_of_the_declarations() -> None:
    counted = json.loads(run("count", "--json").stdout)
    assert set(counted) == set(FOLDERS)
    for each in counted.values():
        assert each["then_forms"] > each["forms"] == 1
        assert each["then_fields"] > each["fields"]
