"""Births of a city through all departments on a real PostgreSQL: found in the feeds, agreed, done desk by desk by four workers.

python bench/cases.py [--cases 20000] [--workers 4] [--open 100000]     prints one JSON object

cases_per_s, step_p95_ms   all cases from found to done; a step is one command of an officer (claiming, finishing with its effects)
bare_engine_ratio          our time per case to that of the same process on SpiffWorkflow alone: one processor, no store, no effects
restart_s                  a new process until it has done its first piece of work, with --open open cases in the database

Everything runs in a database and a folder of its own, gone afterwards. Checked at the end: every case is done or waits for a person for a
reason that is counted, every birth has one case, no effect happened twice, and every yuan decided as due is due once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import tills

MONTH, TODAY, SEED, EVENT = "2025-10", "2025-11-05", 7, "birth"
# The register of births goes back three years: one of thirty residents stands in it.
RESIDENTS_PER_CASE = 33
SINCE = date(2022, 1, 1)
SETTINGS = {"DJANGO_SETTINGS_MODULE": "zhida.project.settings", "ZHIDA_TODAY": TODAY}
DEPARTMENTS = ("health", "police", "medical_insurance", "human_resources")


def measure(cases: int, workers: int, open_cases: int) -> dict[str, Any]:
    """Run everything; return the figures. Raises: AssertionError where something is lost or doubled."""
    home = Path(tempfile.mkdtemp(prefix="zhida-cases-", dir=tills._roomy()))
    try:
        with tills.postgres(home) as url:
            environment = {**os.environ, **SETTINGS, "DATABASE_URL": url, "ZHIDA_HOME": str(home)}
            figures: dict[str, Any] = {"cases": cases, "workers": workers}
            figures |= _child(["--step", "setup", "--cases", str(cases)], environment)
            figures |= _child(["--step", "find", "--cases", str(cases)], environment)
            figures |= _work(workers, environment)
            figures |= _child(["--step", "check"], environment)
            figures |= _child(["--step", "bare"], environment)
            figures |= _child(["--step", "more", "--cases", str(open_cases)], environment)
            figures |= _restart(environment)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    per_case_s = (figures["find_s"] + figures["work_s"]) / cases
    figures["cases_per_s"] = round(1 / per_case_s, 1)
    figures["bare_engine_ratio"] = round(per_case_s / figures["bare_case_s"], 1)
    return figures


def _child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    _say(arguments[1])
    out = subprocess.run([sys.executable, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(out.splitlines()[-1]))


def _say(step: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {step} ...", file=sys.stderr, flush=True)


def _work(workers: int, environment: dict[str, str]) -> dict[str, Any]:
    """Let the workers go until no desk has anything left."""
    _say("work")
    started = time.monotonic()
    command = [sys.executable, __file__, "--step", "work"]
    running = [subprocess.Popen([*command, "--worker", str(n)], env=environment, stdout=subprocess.PIPE, text=True) for n in range(workers)]
    steps: list[float] = []
    for process in running:
        out, _ = process.communicate()
        assert process.returncode == 0, "a worker failed; its message stands above"
        steps += json.loads(out.splitlines()[-1])["steps_ms"]
    steps.sort()
    return {
        "work_s": round(time.monotonic() - started, 1),
        "steps": len(steps),
        "step_p50_ms": round(steps[len(steps) // 2], 1),
        "step_p95_ms": round(steps[int(len(steps) * 0.95)], 1),
    }


def _restart(environment: dict[str, str]) -> dict[str, Any]:
    """Time a new process from nothing to the first piece of work done, and to the head of a queue shown."""
    _say("restart")
    started = time.monotonic()
    told = _child(["--step", "first"], environment)
    return told | {"restart_s": round(time.monotonic() - started, 2)}


def _start() -> Any:
    import django

    django.setup()
    from zhida.blocks.cases import api as cases

    return cases


def setup(count: int) -> dict[str, Any]:
    """Build a city with enough births, take its feeds in and freeze them."""
    _start()
    from django.conf import settings
    from django.core.management import call_command

    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.records import api as records
    from zhida.city import api as city
    from zhida.kernel.period import Month
    from zhida.project import pipeline
    from zhida.project.measure import Stages

    call_command("migrate", verbosity=0)
    residents, month = count * RESIDENTS_PER_CASE, Month.parse(MONTH)
    city.build_city(settings.HOME, residents, SEED, month)
    pipeline.take_in(Stages(), settings.HOME / "feeds" / MONTH, quiet=True)
    records.freeze_snapshot(SYSTEM, month, date.fromisoformat(TODAY))
    _one_run(month)
    return {"residents": residents}


def _one_run(month: Any) -> None:
    """A case is decided by the newest run's month and law: a run that is finished, of no household, says which."""
    from zhida.blocks.policies.models import Run
    from zhida.blocks.records import api as records
    from zhida.kernel import clock

    snapshot = records.newest_snapshot()
    moments = {"started_at": clock.now(), "finished_at": clock.now(), "known_on": clock.today(), "law_as_of": clock.today()}
    Run.objects.create(month=month.text, snapshot_hash=snapshot.hash, law_name="bench", state="finished", **moments)


def find(count: int) -> dict[str, Any]:
    """Find the births and let every mother agree."""
    cases = _start()
    from zhida.blocks.access.api import Viewer
    from zhida.blocks.cases.models import Case

    started = time.monotonic()
    (found,) = cases.find_cases([EVENT], limit=count, since=SINCE)
    found_s = time.monotonic() - started
    assert found.opened == count, found
    agreed, steps = 0, []
    for case_id, applicant, household_no in Case.objects.order_by("pk").values_list("pk", "applicant_no", "household_no").iterator(5_000):
        began = time.perf_counter()
        mother = Viewer("bench", "resident", resident_no=applicant or _grown_up(household_no))
        cases.agree(mother, case_id, _answers(cases, mother))
        steps.append((time.perf_counter() - began) * 1e3)
        agreed += 1
    return {"found_s": round(found_s, 1), "find_s": round(time.monotonic() - started, 1), "agreed": agreed}


def _grown_up(household_no: int) -> int:
    """Who answers where the register knows no mother here: the oldest of the household."""
    from zhida.blocks.records import api as records

    members = records.members_of(records.newest_snapshot().hash, household_no)
    return min(members, key=lambda member: member[1] or date.max)[0]


def _answers(cases: Any, mother: Any) -> dict[str, Any]:
    """What every mother answers; a file is uploaded."""
    fields = cases.life_event(EVENT).evidence
    files = {field.key: cases.keep_upload(mother, field.key, "bill.pdf", b"%PDF-1.4 bench") for field in fields if field.kind == "file"}
    return {field.key: files.get(field.key) or answer(field) for field in fields}


def answer(field: Any) -> Any:
    """What everybody in the bench answers."""
    plain = {"text": "测试", "date": "2025-11-05", "integer": "2", "money": "100.00", "boolean": "true", "statement": "true"}
    return plain.get(field.kind) or next(iter(field.options), "")


def work(worker: int) -> dict[str, Any]:
    """Claim and do what is due first at every desk in turn, until all are empty."""
    cases = _start()
    from zhida.blocks.access.api import Viewer

    declared = cases.life_event(EVENT)
    departments = [name for name in declared.departments]
    viewers = [Viewer(f"bench-{name}-{worker}", "department_officer", "330100", department=name) for name in departments]
    written = {key: {field.key: answer(field) for field in item.enters} for key, item in declared.items.items()}
    steps: list[float] = []
    while any([_one(cases, viewer, written, steps) for viewer in viewers]):
        pass
    return {"steps_ms": [round(each, 2) for each in steps]}


def _one(cases: Any, viewer: Any, written: dict[str, Any], steps: list[float]) -> bool:
    began = time.perf_counter()
    item = cases.claim_next(viewer)
    claimed = time.perf_counter()
    if item is None:
        return False
    cases.finish_item(viewer, item.pk, written[item.item])
    steps += [(claimed - began) * 1e3, (time.perf_counter() - claimed) * 1e3]
    return True


def check() -> dict[str, Any]:
    """Count where cases ended and hold every sum. Raises: AssertionError."""
    _start()
    from django.db.models import Count, Sum

    from zhida.blocks.cases.models import Case, CaseDecision, CaseEffect, CaseItem, CasePayable, SystemMessage

    states = dict(Case.objects.values_list("state").annotate(n=Count("pk")).order_by())
    stuck = dict(CaseItem.objects.filter(state__in=("stuck", "returned")).values_list("item").annotate(n=Count("pk")).order_by())
    assert Case.objects.values("subject_no").distinct().count() == Case.objects.count(), "a birth has two cases"
    sent = CaseEffect.objects.filter(kind="system", state="done").count()
    assert SystemMessage.objects.count() == sent, (SystemMessage.objects.count(), sent)
    due = CasePayable.objects.aggregate(n=Count("pk"), sum=Sum("amount_fen"))
    decided = CaseDecision.objects.filter(status="entitled", unit="fen", payable__isnull=False).aggregate(sum=Sum("amount"))
    assert (due["sum"] or 0) == (decided["sum"] or 0), (due, decided)
    return {"states": states, "stuck": stuck, "messages": sent, "due": due["n"], "due_fen": due["sum"] or 0}


def bare(seconds: float = 20.0) -> dict[str, Any]:
    """Drive the same process on SpiffWorkflow alone, as its own documentation does, with every step done at once."""
    cases = _start()
    from SpiffWorkflow.bpmn import BpmnWorkflow
    from SpiffWorkflow.bpmn.parser import BpmnParser, TaskParser
    from SpiffWorkflow.bpmn.parser.util import full_tag
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.bpmn.specs.defaults import UserTask
    from SpiffWorkflow.util.task import TaskState

    from zhida.engine.feel import parse_expression

    class Parser(BpmnParser):
        # Everything waits to be completed by its caller, as it does with us.
        OVERRIDE_PARSER_CLASSES = {full_tag(tag): (TaskParser, UserTask) for tag in ("serviceTask", "businessRuleTask", "sendTask")}

    class Conditions(PythonScriptEngine):
        def evaluate(self, task: Any, expression: str, external_context: Any = None) -> bool:
            return parse_expression(expression, "bench").evaluate(task.data) is True

    declared = cases.life_event(EVENT)
    parser = Parser()
    parser.add_bpmn_str(declared.files["process.bpmn"].encode())
    spec = parser.get_spec(declared.process.id)
    values = _one_cases_values()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        workflow = BpmnWorkflow(spec, script_engine=Conditions())
        workflow.task_tree.data.update(values)
        workflow.do_engine_steps()
        while ready := [task for task in workflow.get_tasks(state=TaskState.READY) if task.task_spec.manual]:
            for task in ready:
                task.data.update(values)
                task.run()
            workflow.do_engine_steps()
        assert workflow.is_completed()
        done += 1
    return {"bare_case_s": (time.perf_counter() - started) / done, "bare_cases": done}


def _one_cases_values() -> dict[str, Any]:
    from zhida.blocks.cases.models import Case

    return dict(Case.objects.filter(state="done").order_by("pk").first().process["values"])


def more(count: int) -> dict[str, Any]:
    """Copy cases that wait at their first desk until so many are open: a city's open cases on the day of a restart."""
    cases = _start()
    from django.db import connection

    from zhida.blocks.cases.models import Case

    (case_id,) = Case.objects.filter(state="done").order_by("pk").values_list("pk", flat=True)[:1]
    with connection.cursor() as cursor:
        columns = [each.column for each in Case._meta.fields if each.column not in ("id", "case_key", "found_by", "state", "closed_at")]
        named = ", ".join(columns)
        cursor.execute(
            f"INSERT INTO cases_case (case_key, found_by, state, closed_at, {named}) "
            f"SELECT 'copy:' || n, 'copy:' || n, 'open', NULL, {named} FROM cases_case, generate_series(1, %s) n WHERE id = %s",
            [count, case_id],
        )
        cursor.execute(
            "INSERT INTO cases_caseitem (case_id, item, token, department, area, is_automatic, state, assignee, ready_at, due_on, entered, "
            "reason, escalated_to) SELECT id, 'birth_certificate', 'copy', 'health', 330106000000, false, 'ready', '', now(), "
            "'2025-11-20', '{}', '', '' FROM cases_case WHERE case_key LIKE 'copy:%'"
        )
    del cases
    return {"open_cases": Case.objects.filter(state="open").count()}


def first() -> dict[str, Any]:
    """What a process does when it starts: poll what is due, then show and claim the head of a queue."""
    cases = _start()
    from zhida.blocks.access.api import Viewer

    viewer = Viewer("bench", "department_officer", "330106", department="health")
    cases.work()
    assert cases.queue_counts(viewer)["open"] > 0
    assert len(cases.queue(viewer)[:25]) > 0
    assert cases.claim_next(viewer) is not None
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--open", type=int, default=100_000, help="open cases at the restart")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    steps = {
        "setup": lambda: setup(chosen.cases), "find": lambda: find(chosen.cases), "work": lambda: work(chosen.worker), "check": check,
        "bare": bare, "more": lambda: more(chosen.cases), "first": first,
    }  # fmt: skip
    told = steps[chosen.step]() if chosen.step else measure(chosen.cases, chosen.workers, chosen.open)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
