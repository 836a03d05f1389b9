"""docs/law-coverage.md says what the packs say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("law_coverage", ROOT / "scripts" / "law_coverage.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_packs_say_today() -> None:
    page = (ROOT / "docs" / "law-coverage.md").read_text(encoding="utf-8")
    assert page == _generator().render(), "docs/law-coverage.md is stale. Run python scripts/law_coverage.py and commit it."
