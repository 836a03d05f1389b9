"""Documents that cannot drift: words that exist, commands that exist, pages that are fresh."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(zhida\.[\w.]+):(\w+)`", (ROOT / "docs" / "glossary.md").read_text())


@pytest.mark.parametrize(("module", "name"), NAMED)
def test_every_word_of_the_glossary_exists(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_what_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in re.findall(r"make ([a-z-]+)", text)} - {"is"} <= targets
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (ROOT / path).exists(), path


def test_the_first_screen_of_the_readme_has_two_commands() -> None:
    block = (ROOT / "README.md").read_text().split("```")[1]
    assert [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["make demo", "make test"]


def test_the_law_coverage_page_is_fresh(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "scripts/law_coverage.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "docs/law-coverage.md is stale: run make docs. " + done.stderr[-1500:]


def test_the_plans_for_a_province_and_the_country_are_worked_out_from_the_measured_figures() -> None:
    done = subprocess.run([sys.executable, "scripts/scale_plan.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "docs/scale.md is stale: run make docs. " + done.stderr[-1500:]


def test_every_decision_record_says_what_is_bad_about_it() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert len(records) >= 8
    for record in records:
        assert "**Bad.**" in record.read_text(), record.name
