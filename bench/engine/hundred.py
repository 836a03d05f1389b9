"""Writes a law of more than a hundred benefits: the twelve city rules nine times over, each time with names and numbers of their own.

What the rules share is what any law shares: facts, and the variables of template.py such as age. Numbers differ from copy to copy, so no
step but those is the same in two of them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

MIX = Path(__file__).resolve().parent / "mix"
COPIES = 9
RULES = (
    "age_allowance",
    "disability_allowance",
    "care_supplement",
    "partial_basic_income",
    "child_allowance",
    "transport",
    "contribution",
    "elder_alone",
    "topup",
    "rent_allowance",
    "heating",
    "child_poverty",
)
_DECLARED = re.compile(r"@variable\((\w+), unit=\"[^\"]+\", (label=\(.*\))\)\ndef (\w+)\(")


def write_law(folder: Path) -> None:
    """Write rule files and parameters into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "parameters").mkdir(parents=True)
    shutil.copy(MIX / "template.py", folder / "template.py")
    shutil.copy(MIX / "parameters" / "template.yaml", folder / "parameters" / "template.yaml")
    text, parameters = (MIX / "city.py").read_text(), yaml.safe_load((MIX / "parameters" / "city.yaml").read_text())
    for copy in range(COPIES):
        own = [*re.findall(r"^def (\w+)\(", text, re.MULTILINE), *parameters]
        (folder / f"city_{copy}.py").write_text(_renamed(_as_benefits(text), own, copy))
        (folder / "parameters" / f"city_{copy}.yaml").write_text(yaml.safe_dump(_other_numbers(parameters, copy), allow_unicode=True))


def _as_benefits(text: str) -> str:
    """Turn the twelve variables into benefits."""

    def declared(match: re.Match[str]) -> str:
        entity, label, name = match.groups()
        if name not in RULES:
            return match.group()
        return f'@benefit({entity}, code="{name}", every=MONTH, unit="fen", {label})\ndef {name}('

    return _DECLARED.sub(declared, text).replace("import bracket", "import MONTH, benefit, bracket")


def _other_numbers(parameters: dict[str, Any], copy: int) -> dict[str, Any]:
    """Change every number of the law by a little, so that no two copies have one in common; the first keeps those of the mix."""
    changed = {}
    for name, parameter in parameters.items():
        values = [
            {key: _changed(value, copy) if key in ("value", "scale") else value for key, value in row.items()}
            for row in parameter["values"]
        ]
        changed[f"{name}_{copy}"] = {**parameter, "values": values}
    return changed


def _changed(value: Any, copy: int) -> Any:
    if isinstance(value, dict):
        return {key: _changed(inner, copy) for key, inner in value.items()}
    if isinstance(value, list):
        return [_changed(inner, copy) for inner in value]
    return value + copy if isinstance(value, int) else round(value + copy / 1000, 4)


def _renamed(text: str, names: list[str], copy: int) -> str:
    return re.sub(rf"\b({'|'.join(names)})\b(?!=)", rf"\g<1>_{copy}", text)
