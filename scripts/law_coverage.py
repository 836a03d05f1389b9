"""Writes docs/law-coverage.md: which rules of the city are carried by which benefits, with which numbers, and which are not and why.

    python scripts/law_coverage.py            write the page
    python scripts/law_coverage.py --check    exit 1 where the page is stale

The page is made from the installed packs and from packs/not_implemented.yaml; tests/standards/test_law_coverage.py holds it fresh.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "law-coverage.md"
KNOWN = ROOT / "src" / "zhida" / "packs" / "not_implemented.yaml"
NEVER_YEAR = 9999


def render() -> str:
    """Return the page as the packs are now."""
    from zhida.blocks.policies.api import benefits, installed_law
    from zhida.kernel.period import NEVER

    law, granted = installed_law(NEVER), benefits()
    known = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    _refuse_unknown_names(known, granted, law)
    parts = [_head(known, granted), _policies(known, granted), _benefits(known, granted, law), _numbers(law), _not_found(known)]
    return "\n".join(parts).rstrip() + "\n"


def _refuse_unknown_names(known: dict[str, Any], granted: dict[str, Any], law: Any) -> None:
    """Raise where the list and the packs have drifted apart: a policy without benefit or reason, a gap of no benefit."""
    carried = {benefit.policy for benefit in granted.values()} | set(known["carried_as_parameter"])
    listed, refused = set(known["policies"]), set(known["not_implemented"])
    strays = {
        "carried, but not in 'policies'": carried - listed,
        "neither carried nor given a reason": listed - carried - refused,
        "carried, yet listed under 'not_implemented'": carried & refused,
        "under 'gaps', but no benefit": set(known["gaps"]) - set(granted),
        "under 'carried_as_parameter', but no parameter": {v["parameter"] for v in known["carried_as_parameter"].values()}
        - set(law.parameters),
    }
    for what, names in strays.items():
        if names:
            raise SystemExit(f"{KNOWN.name}: {what}: {', '.join(sorted(names))}.")


def _head(known: dict[str, Any], granted: dict[str, Any]) -> str:
    carried = {benefit.policy for benefit in granted.values()} | set(known["carried_as_parameter"])
    refused = known["not_implemented"]
    return f"""# Law coverage

Made by `python scripts/law_coverage.py` from the installed packs and `src/zhida/packs/not_implemented.yaml`; do not edit.

Of {len(known["policies"])} rules of the city's research list {len(carried)} are carried, by {len(granted)} benefits;
{len(refused)} are not, each with its reason.
Grades: **A** official page or official text quoted in the press; **B** press or secondary, consistent with another source or with the
published formula; **C** one weak source: not implemented.
"""


def _policies(known: dict[str, Any], granted: dict[str, Any]) -> str:
    lines = ["## Rules of the city", "", "| rule | | grade | carried by, or why not |", "| --- | --- | --- | --- |"]
    for policy, label in known["policies"].items():
        mine = [benefit for benefit in granted.values() if benefit.policy == policy]
        if mine:
            grades = "/".join(dict.fromkeys(benefit.grade for benefit in mine))
            what = ", ".join(f"[`{benefit.code}`](#{benefit.pack}) ({benefit.pack})" for benefit in mine)
        elif policy in known["carried_as_parameter"]:
            use = known["carried_as_parameter"][policy]
            grades, what = "A", f"number `{use['parameter']}`: {use['en']}"
        else:
            reason = known["not_implemented"][policy]
            grades, what = reason["grade"], f"**not implemented.** {reason['en']} {reason['zh']}。"
        lines.append(f"| {label['zh']} {label['en']} | `{policy}` | {grades} | {what} |")
    return "\n".join(lines) + "\n"


def _benefits(known: dict[str, Any], granted: dict[str, Any], law: Any) -> str:
    lines = ["## Benefits", ""]
    for pack in dict.fromkeys(benefit.pack for benefit in granted.values()):
        lines += [f"### {pack}", ""]
        for benefit in (each for each in granted.values() if each.pack == pack):
            lines += [*_benefit(benefit, law), *[f"- Gap: {gap['en']} {gap['zh']}。" for gap in known["gaps"].get(benefit.code, [])], ""]
    return "\n".join(lines)


def _benefit(benefit: Any, law: Any) -> list[str]:
    start, end = benefit.in_force
    used = ", ".join(f"[`{name}`](#{name})" for name in _parameters_of(benefit.name, law))
    dated = [str(formula.since) for formula in benefit.formulas if formula.since.year > 1]
    wordings = f"; wordings from {', '.join(dated)}" if dated else ""
    return [
        f"**`{benefit.code}` {benefit.label.zh} {benefit.label.en}**",
        "",
        f"- Rule `{benefit.policy}`, grade {benefit.grade}; every {benefit.every.lower()}, in {benefit.unit}, to {benefit.payee}.",
        f"- {benefit.law}；{benefit.clause}。",
        f"- In force from {start or 'the first month'} {f'until {end} (exclusive)' if end else 'on'}{wordings}.",
        f"- Numbers: {used or 'none'}",
    ]


def _parameters_of(name: str, law: Any) -> list[str]:
    """List the numbers a benefit's rule reads, directly or through variables."""
    from zhida.engine.graph import in_order

    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        for node in in_order([root for _, root in law.versions[current]]):
            if node.op in ("parameter", "marginal", "bracket"):
                found[node.payload[0]] = None
            elif node.op == "ref":
                waiting.append(node.payload)
    return list(found)


def _numbers(law: Any) -> str:
    lines = ["## Numbers", "", "Every number of the law, with the days it holds for, its source and its grade.", ""]
    for parameter in law.parameters.values():
        unit = _unit(parameter)
        lines += [
            f'### <a id="{parameter.name}"></a>{parameter.name}',
            "",
            f"{parameter.label.zh} {parameter.label.en} · {unit} · {parameter.law} {parameter.clause}",
            "",
        ]
        lines += ["| from | until | for | value | known from | grade | source |", "| --- | --- | --- | --- | --- | --- | --- |"]
        lines += [_entry(parameter, entry) for entry in parameter.entries]
        if parameter.default is not None:
            lines.append(f"| | | everything else | {_number(parameter, parameter.default)} | | | |")
        lines.append("")
    return "\n".join(lines)


def _unit(parameter: Any) -> str:
    if parameter.kind != "number":
        return str(parameter.kind)
    return str(parameter.unit).replace("fen", "yuan") if parameter.unit.powers else "plain number"


def _entry(parameter: Any, entry: Any) -> str:
    until = "" if entry.until.year == NEVER_YEAR else str(entry.until)
    known_from = "" if entry.known_from == entry.since else str(entry.known_from)
    keys = " · ".join(_keys(name, key) for name, key in zip(parameter.by, entry.keys, strict=True))
    cells = [str(entry.since), until, keys, _value(parameter, entry.value), known_from, entry.grade, entry.source.replace("|", "/")]
    return f"| {' | '.join(cells)} |"


def _value(parameter: Any, value: Any) -> str:
    if value is None:
        return "not found"
    if not parameter.is_scale:
        return _number(parameter, value)
    money = 2 if parameter.threshold_unit.power("fen") else 0
    steps = zip(value.thresholds, value.amounts, strict=True)
    return "; ".join(f"from {_plain(t, parameter.threshold_scale + money)}: {_number(parameter, a)}" for t, a in steps)


def _number(parameter: Any, value: int) -> str:
    if parameter.kind == "bool":
        return "yes" if value else "no"
    if parameter.kind == "date":
        from datetime import timedelta

        from zhida.kernel.period import EPOCH

        return str(EPOCH + timedelta(value))
    if parameter.kind == "code":
        return str(parameter.codes[value - 1])
    return _plain(value, parameter.scale + (2 if parameter.unit.power("fen") else 0))


def _plain(value: int, decimals: int) -> str:
    return f"{Decimal(value).scaleb(-decimals).normalize():,f}"


def _keys(name: str, keys: tuple[Any, ...]) -> str:
    if not keys:
        return "all"
    if name != "area":
        return ", ".join(str(key) for key in keys)
    return next((group for group, codes in _groups().items() if set(codes) == set(keys)), "") or ", ".join(
        _district(int(key)) for key in keys
    )


@cache
def _groups() -> dict[str, tuple[int, ...]]:
    from zhida.blocks.places import api as places

    return {"city": tuple(area.code for area in places.districts()), **{name: tuple(codes) for name, codes in places.AREA_GROUPS.items()}}


@cache
def _district(code: int) -> str:
    from zhida.blocks.places import api as places

    return str(places.area(code).name.zh)


def _not_found(known: dict[str, Any]) -> str:
    lines = ["## Known to exist, value not found", ""]
    return "\n".join(lines + [f"- {item['en']}. {item['zh']}。" for item in known["not_found"]]) + "\n"


def main() -> int:
    import django

    sys.path.insert(0, str(ROOT / "src"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhida.project.settings")
    django.setup()
    page = render()
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
        print(
            "docs/law-coverage.md is fresh."
            if fresh
            else "docs/law-coverage.md is stale. Run python scripts/law_coverage.py and commit it."
        )
        return 0 if fresh else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
