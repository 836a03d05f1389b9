"""What a reform would do: one simulation as charts and tables, as files to take home, and two beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.policies import api as policies
from zhida.blocks.policies.api import Simulation
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer import reform_figures as figures
from zhida.web.officer import reform_tables as tables
from zhida.web.officer import reform_words as words
from zhida.web.officer.common import back
from zhida.web.officer.reforms import compared, trail
from zhida.web.table_files import csv_file
from zhida.web.templatetags.zhida import number, yuan, yuan_short
from zhida.web.text import pick

KINDS = (
    ("types", Text("家庭类型", "type of household"), Text("各类家庭的低收入率都没有变化", "No kind of household is poorer or less poor")),
    (
        "sizes",
        Text("家庭人数", "size of household"),
        Text("各种人数的家庭，低收入率都没有变化", "The poverty rate stays, whatever a household's size"),
    ),
    (
        "disabilities",
        Text("有无残疾成员", "disability"),
        Text("有无残疾成员的家庭，低收入率都没有变化", "With a disabled member or without, the poverty rate stays"),
    ),
)
DISTRICT = Text("区县", "district")
SAME_DISTRICTS = Text("各区县的低收入率都没有变化", "The poverty rate stays as it is in every district")
# How many other simulations are offered for comparison, the newest.
OTHERS = 50
FORMATS = ("csv", "json", "yaml")


@requires("reforms.simulate")
@require_GET
def reform(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """Show a simulation, or give it as a file: ``?format=csv`` (all tables, or one by ``table``), ``json``, ``yaml`` (the reform)."""
    found = policies.simulation(request.viewer, simulation_id)
    wanted = request.GET.get("format", "")
    if wanted in FORMATS:
        return _file(found, wanted, request.GET.get("table", ""))
    ways = figures.measures(found)
    measure = next((one for one in ways if one.code == request.GET.get("map", "")), ways[0])
    context = {
        "found": found,
        "compared": compared(found),
        "finding": words.finding(found),
        "header": _header(found),
        "costs": figures.cost_bars(found),
        "in_kind": figures.in_kind(found),
        "cost_table": tables.cost_table(found) if found.costs else None,
        "curve": figures.budget_curve(found),
        "divisions": [_division(found, *kind) for kind in KINDS],
        "map": figures.district_map(found, measure),
        "map_list": figures.district_bars(found, measure),
        "map_tabs": [{"label": one.label, "url": f"?map={one.code}#districts", "current": one is measure} for one in ways],
        "district_table": tables.effect_table(DISTRICT, found.districts),
        "deciles": figures.decile_columns(found),
        "decile_table": tables.decile_table(found),
        "poverty": _poverty(found),
        "made_at": datetime.fromisoformat(found.made_at),
        "others": [one for one in policies.simulations(request.viewer) if one.id != found.id][:OTHERS],
        "trail": [trail(), {"label": found.reform}],
    }
    return render(request, "officer/reform.html", context)


def _header(found: Simulation) -> list[dict[str, Any]]:
    """Return the numbers that matter: value, what it is, a note, a tone."""
    effect = found.total.effect
    assert effect is not None
    change = found.year_change_fen
    won = _people(effect.winner_persons, pick("户均一年多", "on average a year +"), effect.average_gain_fen)
    lost = _people(effect.loser_persons, pick("户均一年少", "on average a year −"), effect.average_loss_fen)
    shown = [
        _figure(
            words.signed(change) if change else pick("不变", "Unchanged"),
            Text("一年支出的变化", "Change of a year's cost"),
            f"{yuan_short(found.year_base_fen)} → {yuan_short(found.year_reform_fen)}" if found.touched else "",
        ),
        _figure(number(effect.winners), Text("户受益", "households gain"), won, "good" if effect.winners else ""),
        _figure(number(effect.losers), Text("户受损", "households lose"), lost, "bad" if effect.losers else ""),
    ]
    if effect.undecided:
        waits = pick("一边或两边的规则缺事实", "one or both laws wait for a fact")
        shown.append(_figure(number(effect.undecided), Text("户未定", "households undecided"), waits, "wait"))
    return shown


def _people(persons: int, average: str, average_fen: int | None) -> str:
    if average_fen is None:
        return ""
    return pick(f"{number(persons)} 人，{average} {yuan(average_fen)}", f"{number(persons)} persons, {average}{yuan(average_fen)}")


def _figure(value: str, label: Text, note: str = "", tone: str = "") -> dict[str, Any]:
    return {"value": value, "label": label, "note": note, "tone": tone}


def _division(found: Simulation, name: str, what: Text, same: Text) -> dict[str, Any]:
    groups = getattr(found, name)
    return {
        "name": name,
        "what": what,
        "effects": figures.effect_bars(groups, what),
        "effect_table": tables.effect_table(what, groups),
        "moves": figures.poverty_moves(groups, same),
        "welfare_table": tables.welfare_table(what, groups),
    }


def _poverty(found: Simulation) -> dict[str, Any] | None:
    """Return poverty and inequality of the whole city: figures before and after, how many they are about, charts; None where unknown."""
    before, after, coverage = found.total.before, found.total.after, found.total.coverage
    if not (before and after and coverage):
        return None
    labels = (Text("低收入率", "Poverty rate"), Text("贫困差距指数", "Poverty gap index"), Text("基尼系数", "Gini coefficient"))
    about = pick(
        f"收入已知的 {number(coverage.known)} 户（共 {number(coverage.households)} 户）",
        f"of {number(coverage.known)} of {number(coverage.households)} households, whose income is known",
    )
    return {
        "figures": [
            _figure(words.arrow(pair), label, about) for label, pair in zip(labels, tables.welfare_pairs(before, after), strict=True)
        ],
        "coverage": coverage,
        "between": [words.rates(edge, edge)[0] for edge in coverage.poor_between_ppm(before) or ()],
        "districts": figures.poverty_moves(found.districts, SAME_DISTRICTS),
        "district_table": tables.welfare_table(DISTRICT, found.districts),
    }


# ---- files ------------------------------------------------------------------------------------------------------------------------------


def _file(found: Simulation, wanted: str, table: str) -> HttpResponse:
    name = f"simulation-{found.id}"
    if wanted == "json":
        return _download(json.dumps(found.as_json(), ensure_ascii=False, indent=1), "application/json", f"{name}.json")
    if wanted == "yaml":
        return _download(found.reform_text, "application/yaml", "reform.yaml")
    sheets = policies.simulation_sheets(found)
    chosen = next((sheet for sheet in sheets if sheet.name == table), None)
    if chosen is not None:
        return csv_file(f"{name}-{chosen.name}", chosen.heads, chosen.rows)
    return csv_file(name, [found.title], _stacked(sheets))


def _stacked(sheets: Sequence[policies.Sheet]) -> Iterator[Sequence[Any]]:
    """Yield all tables one below the other, each under its title."""
    for sheet in sheets:
        yield from ([], [sheet.title], sheet.heads, *sheet.rows)


def _download(content: str, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


# ---- what can be done with one ----------------------------------------------------------------------------------------------------------


@requires("reforms.simulate")
@require_POST
def resimulate(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """Simulate a kept reform under the law of today and the newest facts."""
    kept = policies.simulation(request.viewer, simulation_id)
    return redirect("officer:asked_reform", policies.ask_simulation(request.viewer, kept.reform_text).id)


@requires("reforms.simulate")
@require_POST
def delete(request: HttpRequest, simulation_id: int) -> HttpResponse:
    title = policies.simulation(request.viewer, simulation_id).reform
    policies.delete_simulation(request.viewer, simulation_id)
    return back(request, "officer:reforms", Text(f"“{title.zh}”的模拟已删除。", f"The simulation of '{title.en}' is deleted."))


@requires("reforms.simulate")
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Show two simulations beside each other: what each costs, who gains, what it does to poverty."""
    chosen = [int(one) for one in request.GET.getlist("with") if one.isdecimal()]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        return back(request, "officer:reforms", Text("请选两个不同的模拟来比较。", "Choose two different simulations to compare."))
    pair = [policies.simulation(request.viewer, one) for one in chosen]
    context = {
        "pair": [(found, compared(found), figures.decile_columns(found, pair)) for found in pair],
        "rows": _side_by_side(pair),
        "differs": _differs(pair),
        "trail": [trail(), {"label": Text("并排比较", "Side by side")}],
    }
    return render(request, "officer/reform_compare.html", context)


def _side_by_side(pair: Sequence[Simulation]) -> list[tuple[Text, list[str]]]:
    effects = [found.total.effect for found in pair]
    rows = [
        (Text("一年支出的变化", "Change of a year's cost"), [words.signed_yuan(found.year_change_fen) for found in pair]),
        (Text("受益户", "Households that gain"), [number(effect.winners if effect else None) for effect in effects]),
        (Text("受益户年均多得", "Average gain a year"), [yuan(effect.average_gain_fen if effect else None) for effect in effects]),
        (Text("受损户", "Households that lose"), [number(effect.losers if effect else None) for effect in effects]),
        (Text("受损户年均少得", "Average loss a year"), [yuan(effect.average_loss_fen if effect else None) for effect in effects]),
        (Text("未定户", "Undecided"), [number(effect.undecided if effect else None) for effect in effects]),
    ]
    labels = (Text("低收入率", "Poverty rate"), Text("贫困差距指数", "Poverty gap index"), Text("基尼系数", "Gini coefficient"))
    welfare = [_welfare(found) for found in pair]
    return rows + [(label, [one[place] for one in welfare]) for place, label in enumerate(labels)]


def _welfare(found: Simulation) -> list[str]:
    before, after = found.total.before, found.total.after
    return [words.arrow(one) for one in tables.welfare_pairs(before, after)] if before and after else ["—"] * 3


def _differs(pair: Sequence[Simulation]) -> list[Text]:
    """Say in what two simulations differ besides the reform, so that nobody takes that for the reform's doing."""
    one, other = pair
    found = []
    if one.month != other.month:
        found.append(Text(f"规则的月份（{one.month}、{other.month}）", f"the month of the rules ({one.month}, {other.month})"))
    if one.snapshot != other.snapshot:
        found.append(Text("所用的事实", "the facts"))
    if one.law_base != other.law_base:
        found.append(Text("相比的现行规定", "the law compared to"))
    return found
