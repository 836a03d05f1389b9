"""`zhida cases observe` and `zhida observe`: one line or one JSON object, and nothing the second time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.indicators.testing import done_case
from zhida.blocks.policies import api as policies
from zhida.blocks.records import testing
from zhida.kernel.period import Month
from zhida.project.cli_cases import cases
from zhida.project.cli_observe import observe

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cases, ["observe", "--quiet", *arguments], catch_exceptions=False, env={"LANG": "en_US.UTF-8"})


def test_a_month_is_counted_once_and_then_found_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    done_case(330106002, "2025-10-09", "2025-10-10", "2025-10-20")
    told = json.loads(run("--json").stdout)
    assert [(each["month"], each["done"], each["is_changed"]) for each in told] == [("2025-10", 1, True), ("2025-11", 0, False)]
    again = run().stdout.splitlines()
    assert again[0].startswith("2025-10: 1 opened, 1 done, 0 ratings; ") and again[0].endswith("nothing differs.")
    assert again[1].startswith("2025-11 (so far): 0 opened")
    assert run("--month", "2025-09").stdout.startswith("2025-09: 0 opened")


def test_a_month_is_observed_with_its_money_and_its_casework(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    dead = [{"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}]
    policies.run_period(SYSTEM, Month(2025, 10), snapshot=testing.tiny_city(own_home, death=dead), law_as_of=date(2025, 11, 5))
    done_case(330106002, "2025-10-09", "2025-10-10", "2025-10-20")
    told = json.loads(CliRunner().invoke(observe, ["--month", "2025-10", "--json", "--quiet"], catch_exceptions=False).stdout)
    assert told["observations"] > 0 and told["casework"]["done"] == 1
