"""The main job by its own command: what it says adds up, a second run changes nothing, a killed one carries on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import DEMO_RESIDENTS, demo_environment, run_zhida

from zhida.blocks.cases import api as cases
from zhida.project.demo import OFFICERS

# One worker builds the demonstration for all who look at it.
pytestmark = pytest.mark.xdist_group("demo")
KILLS = 2
SMALL = 2_000
UNSTEADY = ("seconds", "peak_rss_mb")


def steady(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key not in UNSTEADY}


def demo(environment: dict[str, str], residents: int) -> dict[str, Any]:
    done = run_zhida(["demo", "--no-serve", "--json", "--quiet", "--residents", str(residents)], environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_row_received_is_accepted_or_quarantined(demo_home: Any) -> None:
    _, figures, _ = demo_home
    assert figures["rows_received"] == figures["rows_accepted"] + figures["rows_quarantined"]
    assert figures["rows_quarantined"] > 0


def test_the_demo_decides_at_least_thirty_policies_and_pays(demo_home: Any) -> None:
    _, figures, _ = demo_home
    assert figures["policies"] >= 30
    assert figures["instructed"] == figures["paid"] + figures["returned"] > 0
    assert figures["unknown"] > 0
    assert 0.9 < figures["recall"] < 1
    assert 0.9 < figures["precision"] <= 1


def test_every_department_that_a_life_event_names_has_an_officer_and_a_head() -> None:
    named = {item.department for event in cases.life_events().values() for item in event.items.values()} - {"", "street"}
    seated = {(role, department) for _, _, role, _, department in OFFICERS}
    assert {department for role, department in seated if role == "department_officer"} >= named
    assert {department for role, department in seated if role == "department_lead"} >= named


def test_the_demo_run_again_changes_nothing(demo_home: Any) -> None:
    _, figures, environment = demo_home
    assert steady(demo(environment, DEMO_RESIDENTS)) == steady(figures)


def test_a_demo_killed_again_and_again_ends_with_the_same_figures(demo_built: Any, tmp_path: Path) -> None:
    _, undisturbed = demo_built
    killed_home = demo_environment(tmp_path / "killed")
    chooser = random.Random(11)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "zhida", "demo", "--no-serve", "--quiet", "--residents", str(DEMO_RESIDENTS)],
            env=killed_home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chooser.uniform(1.5, undisturbed["seconds"]["total"]))
        os.killpg(process.pid, 9)
        process.wait()
    assert steady(demo(killed_home, DEMO_RESIDENTS)) == steady(undisturbed)


def test_ctrl_c_says_that_the_same_command_carries_on(tmp_path: Path) -> None:
    environment = demo_environment(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "zhida", "demo", "--no-serve", "--quiet", "--residents", str(SMALL)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "feeds" / "2025-10" / "manifest.json").exists():
        time.sleep(0.05)
    second = run_zhida(["demo", "--no-serve", "--residents", str(SMALL)], environment)
    assert second.returncode == 1 and "Another job is at work" in second.stderr
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert "carries on where it stood" in told
    assert "Traceback" not in told


def test_the_audit_log_of_the_demo_is_unbroken(demo_home: Any) -> None:
    _, _, environment = demo_home
    done = run_zhida(["audit", "verify"], environment)
    assert done.returncode == 0
    assert "unbroken" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["month", "--month", "2031-01"], "2031-01"),
        (["month", "--month", "October"], "Write it as 2025-10"),
        (["demo", "--no-serve", "--residents", "4000"], "already holds a city"),
        (["city", "build", "--residents", "5"], "5"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_non_zero_exit(demo_home: Any, arguments: list[str], sentence: str) -> None:
    _, _, environment = demo_home
    done = run_zhida(arguments, environment)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
