"""Loads a law from text, as a pack on disk would have it."""

from __future__ import annotations

import importlib.util
import itertools
import textwrap
from datetime import date
from pathlib import Path

from zhida.engine.api import Law, PackSource, load_law
from zhida.engine.tests.sample.entities import AREAS, FACTS

_IMPORTS = """\
from zhida.engine.api import *
from zhida.engine.tests.sample.entities import Claim, Household, Person
TITLE = ("题", "Title")
"""
# Lines that stand before the text of a test: what a test's line number is counted from.
OFFSET = _IMPORTS.count("\n")
_numbers = itertools.count()


def written_law(folder: Path, rules: str, parameters: str = "", as_of: date | None = None) -> Law:
    """Load a pack of one module and one parameter file."""
    number = next(_numbers)
    pack = folder / f"pack{number}"
    (pack / "parameters").mkdir(parents=True)
    file = pack / "rules.py"
    file.write_text(_IMPORTS + textwrap.dedent(rules).strip() + "\n", encoding="utf-8")
    (pack / "parameters" / "numbers.yaml").write_text(textwrap.dedent(parameters), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"written_rules_{number}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return load_law([PackSource("written", pack, (module,))], FACTS, AREAS, as_of)
