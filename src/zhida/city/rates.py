"""The city's two files of figures, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from zhida.kernel.yaml_files import read_yaml

_HERE = Path(__file__).resolve().parent


@cache
def rates() -> dict[str, Any]:
    """Return rates.yaml: what the city is calibrated to, and where each figure comes from."""
    return _read("rates.yaml")


@cache
def dirt() -> dict[str, Any]:
    """Return dirt.yaml: which defects the delivered files carry, and how many."""
    return _read("dirt.yaml")


@cache
def names() -> dict[str, Any]:
    """Return names.yaml: surnames, given names and the spellings they are confused with."""
    return _read("names.yaml")


@cache
def cast() -> dict[str, Any]:
    """Return cast.yaml: the people that stories and tests know by name."""
    return _read("cast.yaml")


def _read(file_name: str) -> dict[str, Any]:
    return dict(read_yaml((_HERE / file_name).read_text(encoding="utf-8")))
