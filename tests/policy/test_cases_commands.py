"""`zhida cases observe`: one line or one JSON object for each month, and nothing the second time."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from zhida.blocks.indicators.testing import done_case
from zhida.project.cli_cases import cases

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
