"""Loads a law from text, as a pack on disk would have it."""

from __future__ import annotations

import itertools
import textwrap
from datetime import date
from pathlib import Path

from zhida.engine.api import Law, PackSource, load_law
from zhida.engine.tests import sample
from zhida.engine.tests.sample.entities import AREAS, FACTS

WORDS = "zhida.engine.tests.sample.entities"
SAMPLE = PackSource("sample", Path(sample.__file__).parent, WORDS, ("variables.py",))
_FIRST = 'TITLE = ("题", "Title")\n'
# Lines that stand before the text of a test: what a test's line number is counted from.
OFFSET = _FIRST.count("\n")
_numbers = itertools.count()


def written_law(folder: Path, rules: str, parameters: str = "", as_of: date | None = None) -> Law:
    """Load a pack of one rule file and one parameter file."""
    pack = folder / f"pack{next(_numbers)}"
    (pack / "parameters").mkdir(parents=True)
    (pack / "rules.py").write_text(_FIRST + textwrap.dedent(rules).strip() + "\n", encoding="utf-8")
    (pack / "parameters" / "numbers.yaml").write_text(textwrap.dedent(parameters), encoding="utf-8")
    return load_law([PackSource("written", pack, WORDS)], FACTS, AREAS, as_of)
