"""Simulated reforms over the small demonstration: what is spent is what people get, and who is not asked about is not evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.conftest import run_zhida

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.policies import api as policies
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import Chunk
from zhida.blocks.policies.errors import BudgetBelowBase, BudgetNotMet, CostNotMonotone, NoSimulation, ParameterUnused
from zhida.blocks.policies.models import KeptSimulation
from zhida.blocks.policies.simulation import commands, parts, reports, tallies
from zhida.blocks.records import api as records
from zhida.blocks.records.models import Snapshot
from zhida.engine.api import Program
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)
STAFF = Viewer("policy", "policy_staff", "330100")
HEAD = "title: {zh: 试, en: A try}\nfrom: 2025-10\n"
DIBAO = HEAD + "parameters:\n  dibao_standard: {multiply: 1.1}\n"


@pytest.fixture
def city(demo_home: Any, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Snapshot]:
    """The demonstration's facts of October, in a home and database of the test."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    for path in (Path(demo_home[0]) / "snapshots").glob("*/manifest.json"):
        told = json.loads(path.read_text("utf-8"))
        if told["month"] == OCTOBER.text:
            counts = told["counts"]
            yield Snapshot.objects.create(
                hash=told["hash"],
                inputs_hash=told["inputs"],
                month=told["month"],
                known_on=date.fromisoformat(told["known_on"]),
                path=str(path.parent),
                persons=counts["person"],
                households=counts["household"],
                claims=counts["claim"],
            )
            return


def simulated(text: str) -> policies.Simulation:
    return policies.simulate(STAFF, policies.read_reform(text))


def plain(found: policies.Simulation) -> policies.Simulation:
    """A simulation without what tells when and how it was made."""
    return replace(found, id=0, seconds=0, base_run=None, made_at="")


def test_what_is_spent_is_what_households_and_organisations_get(city: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "hidden", lambda counts: set())
    for reform in policies.example_reforms():
        if reform.target is not None:
            continue
        found = policies.simulate(STAFF, reform)
        assert found.touched, reform.file
        total = found.total.effect
        assert total is not None
        assert found.year_change_fen == total.change_fen + found.organisations_fen, reform.file
        assert any(cost.change for cost in found.costs), reform.file
        for groups in (found.districts, found.types, found.sizes, found.disabilities):
            assert sum(group.effect.change_fen for group in groups if group.effect) == total.change_fen
            assert sum(group.households for group in groups) == total.households == city.households
            assert sum(group.coverage.known for group in groups if group.coverage) == found.total.coverage.known  # type: ignore[union-attr]
            assert sum(group.before.poor_persons for group in groups if group.before) == found.total.before.poor_persons  # type: ignore[union-attr]
        assert sum(decile.effect.change_fen for decile in found.deciles if decile.effect) == total.change_fen
        assert sum(decile.persons for decile in found.deciles) == total.persons
        for cost in found.costs:
            moved = cost.became_known_amount - cost.became_unknown_amount
            assert cost.amount_reform - cost.amount_base == cost.change + moved, cost.benefit


def test_a_reform_that_changes_nothing_evaluates_nothing(city: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program, "evaluate", None)
    found = simulated(HEAD + "parameters:\n  dibao_standard: {multiply: 1}\n  gaoling_age: 80\n")
    assert (found.touched, found.costs, found.shifts, found.year_change_fen) == ((), (), (), 0)
    assert found.total.effect is not None
    assert found.total.effect.unchanged == city.households


def test_only_what_the_reform_touches_is_evaluated(city: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    policies.run_period(SYSTEM, OCTOBER)
    evaluated: set[str] = set()
    kept = Program.evaluate

    def evaluate(program: Program, *arguments: Any) -> Any:
        evaluated.update(program.benefits)
        return kept(program, *arguments)

    monkeypatch.setattr(Program, "evaluate", evaluate)
    found = simulated(HEAD + "parameters:\n  gaoling_age: 75\n")
    assert (found.touched, evaluated) == (("gaoling",), {"gaoling"})
    assert found.base_run is not None


def test_a_run_on_file_says_what_the_law_in_force_would(city: Snapshot) -> None:
    computed = simulated(DIBAO)
    policies.delete_simulation(STAFF, computed.id)
    run = policies.run_period(SYSTEM, OCTOBER)
    read = simulated(DIBAO)
    assert (computed.base_run, read.base_run) == (None, run.id)
    assert plain(read) == plain(computed)


def test_every_household_alone_gains_what_it_gains_in_the_city(city: Snapshot) -> None:
    asked = parts.question(date(2025, 7, 28), DIBAO, "reform.yaml", OCTOBER, False)
    tables = {name: pq.read_table(Path(city.path) / f"{name}.parquet") for name in ("person", "household", "claim")}
    whole, alone = tallies.Tally(), tallies.Tally()
    known = tallies.count_chunk(asked, Chunk(tables["person"], tables["household"], tables["claim"], OCTOBER), None, whole)
    rows = []
    # Who is poor enough to be asked about, and every twentieth of the others.
    for place, number in enumerate(tables["household"]["household_no"].to_pylist()):
        chosen = (
            tables["household"]["certified_kind"][place].as_py() or tables["household"]["means_tested"][place].as_py() or not place % 20
        )
        own = {name: table.filter(pc.equal(table["household_no"], number)) for name, table in tables.items()} if chosen else {}
        if own:
            rows.append(tallies.count_chunk(asked, Chunk(own["person"], own["household"], own["claim"], OCTOBER), None, alone))
    assert known is not None
    assert pa.concat_tables(rows).equals(known)
    assert alone.groups["city"][0][tallies.MEASURES.index("winners")] > 10
    assert alone.costs["dibao"][:2] == whole.costs["dibao"][:2]


def test_an_unknown_income_is_not_a_low_one(city: Snapshot) -> None:
    """Whoever's income is taken out of the register is of unknown income from then on; nothing else of anybody changes."""
    asked = parts.question(date(2025, 7, 28), DIBAO, "reform.yaml", OCTOBER, False)
    tables = {name: pq.read_table(Path(city.path) / f"{name}.parquet") for name in ("person", "household", "claim")}
    before, after = tallies.Tally(), tallies.Tally()
    known = tallies.count_chunk(asked, Chunk(tables["person"], tables["household"], tables["claim"], OCTOBER), None, before)
    assert known is not None and known.num_rows > 10
    forgotten = pa.array(known["household_no"].to_pylist()[::2])
    household = tables["household"]
    income = pc.if_else(pc.is_in(household["household_no"], forgotten), pa.scalar(None, pa.int64()), household["household_income"])
    household = household.set_column(household.column_names.index("household_income"), "household_income", income)
    rest = tallies.count_chunk(asked, Chunk(tables["person"], household, tables["claim"], OCTOBER), None, after)
    assert rest is not None
    assert rest.equals(known.filter(pc.invert(pc.is_in(known["household_no"], forgotten))))
    one, two = (dict(zip(tallies.MEASURES, tally.groups["city"][0], strict=True)) for tally in (before, after))
    assert one["known"] - two["known"] == len(forgotten)
    assert one["households"] == two["households"]
    # Their dibao cannot be decided any more, so they neither win nor lose.
    assert two["undecided"] > one["undecided"] and two["winners"] < one["winners"]


def test_a_row_about_few_is_hidden_and_never_alone(city: Snapshot) -> None:
    found = simulated(DIBAO)
    hidden = 0
    for groups in (found.districts, found.types, found.sizes, found.disabilities):
        for figures in ([group.effect for group in groups], [group.coverage for group in groups]):
            assert figures.count(None) != 1
            hidden += figures.count(None)
        assert all(not 0 < group.effect.winners + group.effect.losers < 10 for group in groups if group.effect)
        assert all(
            not 0 < group.coverage.known < 10 and group.before is not None for group in groups if group.coverage and group.coverage.known
        )
    assert hidden
    assert policies.Simulation.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_a_killed_simulation_goes_on_from_the_files_that_are_there(city: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(commands, "_measured", None)
        with pytest.raises(TypeError):
            simulated(DIBAO)
    with monkeypatch.context() as counted:
        counted.setattr(Program, "evaluate", None)
        found = simulated(DIBAO)
    policies.delete_simulation(STAFF, found.id)
    assert plain(simulated(DIBAO)) == plain(found)


def test_worker_processes_count_what_one_process_counts(city: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simulated(DIBAO)
    policies.delete_simulation(STAFF, found.id)
    monkeypatch.setattr(runs, "FILES_FOR_WORKERS", 1)
    assert plain(simulated(DIBAO)) == plain(found)


# ---- a budget to spend ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "way", "step"),
    [("dibao_standard", "value", "0.01"), ("gaoling_age", "value", "-1"), ("gaoling_amount", "factor", "0.001")],
)
def test_a_budget_is_spent_and_the_next_step_would_exceed_it(city: Snapshot, parameter: str, way: str, step: str) -> None:
    # An amount for every age, so that a lower age costs more.
    rest = "  care_home_rate: {multiply: 1}\n"
    if parameter == "gaoling_age":
        rest = "  gaoling_amount: {values: [{scale: {thresholds: [0, 100], amounts: [60, 800]}}]}\n"
    spent = simulated(f"{HEAD}parameters:\n{rest}  {parameter}: {{multiply: 1.01}}\n")
    # In yuan: two percent more than today; of people, whose ages are years apart, two fifths more.
    budget = Decimal(spent.year_base_fen) * (140 if parameter == "gaoling_age" else 102) / 10_000
    found = simulated(f"{HEAD}parameters:\n{rest}target: {{parameter: {parameter}, budget: {budget}}}\n")
    target = found.targeting
    assert target is not None
    assert (target.base_cost_fen, target.way) == (spent.year_base_fen, way)
    assert target.base_cost_fen < target.cost_fen <= target.budget_fen < target.next_cost_fen
    assert found.year_reform_fen == target.cost_fen
    value, after = (Decimal(text.removeprefix("× ")) for text in (target.value, target.next_value))
    assert after - value == Decimal(step)
    change = f"{{multiply: {after}}}" if way == "factor" else str(after)
    assert simulated(f"{HEAD}parameters:\n{rest}  {parameter}: {change}\n").year_reform_fen == target.next_cost_fen
    assert target.trials < 60


TENT = """
formulas: |
  @benefit(Person, code="gaoling", every=MONTH, unit="fen", label=("高龄津贴", "Old-age allowance"))
  def gaoling(person, law):
      return where(person.age_at_end >= law.gaoling_age, law.gaoling_age * law.care_contribution_personal, 0)
"""


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("target: {parameter: dibao_standard, budget: 10}", BudgetBelowBase),
        ("target: {parameter: free_electricity, budget: 10000000}", ParameterUnused),
        ("target: {parameter: gaoling_age, budget: 100000000}", BudgetNotMet),
        # Fewer years for more people: past its peak the cost falls again.
        (TENT + "target: {parameter: gaoling_age, budget: 100000000}", CostNotMonotone),
    ],
)
def test_a_budget_that_no_value_spends_is_refused(city: Snapshot, text: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        simulated(HEAD + text)


# ---- keeping and asking -----------------------------------------------------------------------------------------------------------------


def test_simulations_are_kept_listed_made_again_and_deleted(city: Snapshot) -> None:
    found = simulated(DIBAO)
    assert policies.simulations(STAFF) == [policies.simulation(STAFF, found.id)] == [found]
    assert simulated(DIBAO) == found == policies.simulate_again(STAFF, found.id)
    assert (found.made_by, found.reform_text, KeptSimulation.objects.count()) == ("policy", DIBAO, 1)
    assert "2025 年 10 月" in found.title.zh and "2025-07-28" in found.title.en
    policies.delete_simulation(STAFF, found.id)
    with pytest.raises(NoSimulation):
        policies.simulation(STAFF, found.id)
    for ask in (policies.simulations, lambda viewer: policies.simulate(viewer, policies.read_reform(DIBAO))):
        with pytest.raises(PermissionMissing):
            ask(Viewer("maker", "payment_maker", "330100"))


def test_a_reform_that_begins_later_is_held_to_the_law_of_its_month(city: Snapshot) -> None:
    found = simulated(DIBAO.replace("2025-10", "2026-01"))
    assert (found.month, found.facts_month) == ("2026-01", "2025-10")
    with pytest.raises(records.NoSnapshot):
        policies.simulate(STAFF, policies.read_reform(DIBAO), Month(2020, 1))


def test_a_reform_can_be_checked_without_running_it() -> None:
    assert policies.reform_problems(DIBAO) == []
    (problem,) = policies.reform_problems(DIBAO.replace("dibao_standard", "dibao_standrd"))
    assert "reform.yaml:4" in problem.zh and "dibao_standard" in problem.en
    several = HEAD + "parameters:\n  dibao: 1\n  gaoling_age: 75\n  gaoling_amount: 3\n"
    assert [problem.en[:14] for problem in policies.reform_problems(several)] == ["reform.yaml:4:", "reform.yaml:6:"]
    assert "gaolin_age" in policies.reform_problems(HEAD + "target: {parameter: gaolin_age, budget: 5}")[0].en
    for reform in policies.example_reforms():
        assert policies.reform_problems(reform.text, reform.file) == []


def test_the_command_tells_and_writes_files(demo_home: Any, tmp_path: Path) -> None:
    _, _, environment = demo_home
    (tmp_path / "reform.yaml").write_text(DIBAO, "utf-8")
    arguments = ["simulate", str(tmp_path / "reform.yaml"), "--out", str(tmp_path / "out"), "--quiet"]
    done = run_zhida(arguments, {**environment, "LC_ALL": "zh_CN.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert "2025 年 10 月" in done.stdout and "最低生活保障金" in done.stdout
    kept = json.loads((tmp_path / "out" / "simulation.json").read_text("utf-8"))
    assert kept["base_run"] and kept["touched"]
    head = (tmp_path / "out" / "districts.csv").read_text("utf-8-sig").splitlines()[0]
    assert head.startswith("按区县,户数,人数,受益户")
