"""A payday of millions on a real PostgreSQL: decisions to released files and ledger, the bank's answers, the same month again.

python bench/payments.py [--payees 5000000] [--seconds 120]     prints one JSON object

One run in a database of its own, gone afterwards. Beside it, in the same run: bare COPY of the same rows into one table with the same
unique key, which is the database's own limit; and benefits by event under load (bench/tills.py). Every sum is checked: what was decided
is instructed or held, in the files, in the ledger, and answered, to the fen.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tills

MONTH, TODAY, BENEFITS, SEED = "2025-10", "2025-11-05", 30, 7
# Of so many residents one dies between approval and release, so that payees are really looked at again.
ONE_DIES_OF = 1_000
SETTINGS = {"DJANGO_SETTINGS_MODULE": "zhida.project.settings", "ZHIDA_TODAY": TODAY}


def measure(payees: int, seconds: float) -> dict[str, Any]:
    """Run everything; return the figures. Raises: AssertionError where sums disagree."""
    home = Path(tempfile.mkdtemp(prefix="zhida-payments-", dir=tills._roomy()))
    try:
        with tills.postgres(home) as url:
            environment = {**os.environ, **SETTINGS, "DATABASE_URL": url, "ZHIDA_HOME": str(home)}
            figures = _steps(payees, home, environment)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return figures | (tills.measure(seconds) if seconds else {})


def _steps(payees: int, home: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Each step in a process of its own, as a site would run them; memory is the highest of any."""
    figures: dict[str, Any] = {"payees": payees}
    with _memory_of(home / "postgres") as database:
        for step in ("setup", "payday", "repeat", "answers", "import", "repeat_later", "sizes", "copy"):
            print(f"{time.strftime('%H:%M:%S')} {step} ...", file=sys.stderr, flush=True)
            with _memory_of_child() as memory:
                told = _child(["--step", step, "--payees", str(payees)], environment, memory)
            figures |= told
            if step not in ("setup", "answers", "sizes", "copy"):
                figures["peak_mb"] = max(figures.get("peak_mb", 0), round(memory["mib"]))
    figures["database_peak_mb"] = round(database["mib"])
    payday_s = figures["prepare_s"] + figures["approve_s"] + figures["release_s"]
    return figures | {
        "payday_s": round(payday_s, 1),
        "release_per_s": round(figures["payments"] / payday_s),
        "import_per_s": round(figures["answers"] / figures["import_s"]),
        "repeat_share": round(figures["repeat_s"] / payday_s, 4),
        "repeat_later_share": round(figures["repeat_later_s"] / payday_s, 4),
        "copy_per_s": round(figures["payments"] / figures["copy_s"]),
        "copy_ratio": round(payday_s / figures["copy_s"], 2),
    }


def _child(arguments: list[str], environment: dict[str, str], memory: dict[str, float]) -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    memory["pid"] = process.pid
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"step {arguments[1]} failed")
    return dict(json.loads(out.splitlines()[-1]))


@contextmanager
def _memory_of_child() -> Iterator[dict[str, float]]:
    from zhida.project.measure import memory_mib

    with _watched(lambda seen: memory_mib(int(seen["pid"])) if "pid" in seen else 0.0) as seen:
        yield seen


@contextmanager
def _memory_of(data: Path) -> Iterator[dict[str, float]]:
    from zhida.project.measure import memory_mib

    with _watched(lambda _: memory_mib(int((data / "db" / "postmaster.pid").read_text().split()[0]))) as seen:
        yield seen


@contextmanager
def _watched(sample: Any) -> Iterator[dict[str, float]]:
    """Sample twice a second; ``mib`` is the highest."""
    seen: dict[str, float] = {"mib": 0.0}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            try:
                seen["mib"] = max(seen["mib"], sample(seen))
            except (OSError, IndexError, ValueError):
                continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


# ---- the steps, each in a process of its own --------------------------------------------------------------------------------


def setup(payees: int, home: Path) -> dict[str, Any]:
    """Make the tables, the decisions, a register of accounts and envelopes at four levels."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from datetime import date

    import duckdb

    from zhida.blocks.payments import api
    from zhida.blocks.payments.models import CostShare
    from zhida.blocks.payments.testing import CHECKER, write_many_decisions

    write_many_decisions(home / "runs" / "1", payees, BENEFITS, MONTH, SEED)
    with duckdb.connect() as db:
        db.execute("SET memory_limit='1500MB'")
        decided = f"read_parquet('{home}/runs/1/decisions-*.parquet')"
        db.create_function("check_digit", _check_digits, ["VARCHAR"], "VARCHAR", type="arrow")
        db.execute(f"""COPY (SELECT payee_no AS resident_no, a || check_digit(a) AS account_no, '102331000016' AS bank_code FROM (
            SELECT payee_no, '621700' || lpad(payee_no::VARCHAR, 12, '0') AS a FROM {decided} ORDER BY payee_no))
            TO '{home}/accounts.parquet' (FORMAT parquet, ROW_GROUP_SIZE 100000)""")
        sums = db.execute(f"SELECT benefit::VARCHAR, sum(amount)::BIGINT, count(*) FROM {decided} GROUP BY 1 ORDER BY 1").fetchall()
    for place, (benefit, amount_fen, _) in enumerate(sums):
        central, province, city = [(5_000, 2_000, 1_500), (0, 3_333, 3_333), (0, 0, 10_000)][place % 3]
        CostShare.objects.create(
            benefit=benefit, valid_from=date(2025, 1, 1), central_bp=central, province_bp=province, city_bp=city,
            district_bp=10_000 - central - province - city, source="benchmark",
        )  # fmt: skip
        for level, area in (("central", 0), ("province", 0), ("city", 0), ("district", 330106)):
            api.set_budget(CHECKER, benefit, 2025, amount_fen, level, area)
    return {"decided": sum(row[2] for row in sums), "decided_fen": sum(row[1] for row in sums)}


def _check_digits(first: Any) -> Any:
    """Return Luhn's check digit of each number of 18 digits."""
    import numpy as np
    import pyarrow as pa

    digits = np.frombuffer("".join(first.to_pylist()).encode(), np.uint8).reshape(len(first), -1).astype(np.int64) - 48
    doubled = digits[:, ::-1].copy()
    doubled[:, ::2] *= 2
    sums = (doubled - 9 * (doubled > 9)).sum(axis=1)
    return pa.array([str(one) for one in (-sums % 10)], pa.string())


class Register:
    """Payees' accounts in a Parquet file, as a snapshot holds them; ``died`` are the residents who have died since."""

    def __init__(self, home: Path, died: Any = ()) -> None:
        import numpy as np

        self._path, self._died = home / "accounts.parquet", np.array(died, np.int64)

    def accounts(self, resident_nos: Any) -> Any:
        import duckdb
        import pyarrow as pa

        with duckdb.connect() as db:
            db.execute("SET memory_limit='800MB'; SET threads=2")
            db.register("wanted", pa.table({"resident_no": resident_nos}))
            return db.execute(f"SELECT a.* FROM read_parquet('{self._path}') a SEMI JOIN wanted USING (resident_no)").to_arrow_table()

    def organisation_accounts(self, codes: Any) -> Any:
        import pyarrow as pa

        empty = pa.array([], pa.string())
        return pa.table({"organisation_code": empty, "account_no": empty, "bank_code": empty})

    def died(self) -> Any:
        return self._died

    def moved(self) -> Any:
        return self._died[:0]

    def over_100(self, day: Any) -> Any:
        return self._died[:0]

    def version(self) -> str:
        return f"benchmark:{len(self._died)}"


def _source(home: Path, run_id: int) -> Any:
    from zhida.blocks.payments.differences import DecisionSource

    return DecisionSource(run_id, MONTH, str(home / "runs" / "1" / "decisions-*.parquet"))


def payday(payees: int, home: Path) -> dict[str, Any]:
    """From decisions to released files and ledger."""
    import duckdb

    from zhida.blocks.access.api import Viewer
    from zhida.blocks.payments import api
    from zhida.blocks.payments.commands import prepare_from
    from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER

    register = Register(home)
    batch, prepare_s = _timed(lambda: prepare_from(MAKER, _source(home, 1), register))
    third = Viewer("third_checker", "payment_checker", "330100")
    api.look_at(CHECKER, batch.pk)

    def approve() -> Any:
        signed = batch
        for checker in (CHECKER, OTHER_CHECKER, third)[: batch.needed_checkers]:
            signed = api.approve_batch(checker, batch.pk, register)
        return signed

    _, approve_s = _timed(approve)
    died = duckdb.sql(f"SELECT resident_no FROM '{home}/accounts.parquet' WHERE resident_no % {ONE_DIES_OF} = 0 ORDER BY 1").fetchnumpy()
    register = Register(home, died["resident_no"])
    _, release_s = _timed(lambda: api.release_batch(MAKER, batch.pk, register))
    batch = api.batch(MAKER, batch.pk)
    decided = duckdb.sql(f"SELECT count(*), sum(amount)::BIGINT FROM '{home}/runs/1/decisions-*.parquet'").fetchone()
    assert decided == (batch.count + batch.held_count, batch.amount_fen + batch.held_fen), (decided, batch.count, batch.held_count)
    balance = {row.kind: 0 for row in api.trial_balance()}
    for row in api.trial_balance():
        balance[row.kind] += row.balance_fen
    assert sum(balance.values()) == 0 and balance["in_transit"] == batch.amount_fen, balance
    sums = [_control_sum(home / "bank" / "out" / part.file_name) for part in api.payment_files(MAKER, batch.pk)]
    assert (sum(count for count, _ in sums), sum(fen for _, fen in sums)) == (batch.count, batch.amount_fen)
    return {
        "payments": batch.count, "held": batch.held_count, "paid_fen": batch.amount_fen, "files": len(sums),
        "prepare_s": prepare_s, "approve_s": approve_s, "release_s": release_s,
    }  # fmt: skip


def _timed(work: Any) -> tuple[Any, float]:
    started = time.monotonic()
    done = work()
    return done, round(time.monotonic() - started, 2)


def _control_sum(path: Path) -> tuple[int, int]:
    """Return what a pain.001 file says it holds."""
    with path.open(encoding="utf-8") as file:
        head = file.read(2_000)
    found = re.search(r"<NbOfTxs>(\d+)</NbOfTxs><CtrlSum>(\d+)\.(\d\d)</CtrlSum>", head)
    assert found, f"{path.name} has no control sum"
    return int(found[1]), int(found[2]) * 100 + int(found[3])


def repeat(payees: int, home: Path) -> dict[str, Any]:
    """The same month again, from a second run with the same answers: nothing to pay."""
    from zhida.blocks.payments.commands import prepare_from
    from zhida.blocks.payments.testing import MAKER

    batch, repeat_s = _timed(lambda: prepare_from(MAKER, _source(home, 2), Register(home)))
    assert batch is None
    return {"repeat_s": repeat_s}


def repeat_later(payees: int, home: Path) -> dict[str, Any]:
    """And once more when the bank has rejected and returned some."""
    return {"repeat_later_s": repeat(payees, home)["repeat_s"]}


def answers(payees: int, home: Path) -> dict[str, Any]:
    """Let the demonstration bank answer every file; not measured."""
    with ProcessPoolExecutor(2) as pool:
        made = sum(map(len, pool.map(_answer, sorted((home / "bank" / "out").glob("*.xml")), [home / "bank" / "in"] * 10_000)))
    return {"bank_files": made}


def _answer(path: Path, folder: Path) -> list[Path]:
    import django

    django.setup()
    from zhida.blocks.payments.adapters import demo_bank

    return demo_bank.answer(path, folder)


def import_(payees: int, home: Path) -> dict[str, Any]:
    """Take every answer in, settle the batch, and check that every fen is somewhere."""
    from zhida.blocks.payments import api
    from zhida.blocks.payments.testing import MAKER

    (files, problems), import_s = _timed(lambda: api.import_folder(MAKER))
    assert not problems and not sum(file.problem_count for file in files)
    (batch,) = api.batches(MAKER)
    _, settle_s = _timed(lambda: api.settle(MAKER, batch.pk))
    totals = {row.key[0]: (row.count, row.amount_fen) for row in api.totals_by("state", batch_id=batch.pk)}
    assert sum(fen for state, (_, fen) in totals.items() if state != "held") == batch.amount_fen, totals
    kinds: dict[str, int] = {}
    for row in api.trial_balance():
        kinds[row.kind] = kinds.get(row.kind, 0) + row.balance_fen
    assert kinds["in_transit"] == 0 and kinds["paid_out"] == totals["paid"][1], (kinds, totals)
    return {"answers": sum(file.rows for file in files), "import_s": import_s, "settle_s": settle_s, "totals": totals}


def copy(payees: int, home: Path) -> dict[str, Any]:
    """Bare COPY of the same rows into one table with the same unique key: the database's own limit."""
    import psycopg

    path = home / "rows.csv"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        columns = (
            "benefit, period_key, entity_no, payee_key, revision, payee_no, household_no, amount_fen, account_no, bank_code, "
            "district, community"
        )
        with (
            path.open("wb") as out,
            connection.cursor().copy(
                f"COPY (SELECT {columns} FROM payments_credittransfertransaction WHERE state <> 'held' ORDER BY id) TO STDOUT (FORMAT csv)"
            ) as copied,
        ):
            for piece in copied:
                out.write(piece)
        connection.execute(
            "CREATE TABLE bare (benefit varchar(64), period_key varchar(40), entity_no bigint, payee_key varchar(40), revision integer, "
            "payee_no bigint, household_no bigint, amount_fen bigint, account_no varchar(34), bank_code varchar(35), district integer, "
            "community bigint, UNIQUE (benefit, period_key, entity_no, payee_key, revision))"
        )
        connection.execute("CHECKPOINT")
        started = time.monotonic()
        with path.open("rb") as rows, connection.cursor().copy("COPY bare FROM STDIN (FORMAT csv)") as copied:
            while piece := rows.read(1 << 20):
                copied.write(piece)
        return {"copy_s": round(time.monotonic() - started, 2)}


def sizes(payees: int, home: Path) -> dict[str, Any]:
    """Bytes of a payment: its row and its answer with their indexes, and its place in the files."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('payments_credittransfertransaction'), pg_total_relation_size('payments_bankanswer'), "
            "(SELECT count(*) FROM payments_credittransfertransaction), (SELECT count(*) FROM payments_bankanswer)"
        )
        row_bytes, answer_bytes, rows, told = cursor.fetchone()
    out, archived = (sum(path.stat().st_size for path in (home / "bank" / name).glob("*.xml")) for name in ("out", "archive"))
    return {
        "row_bytes": round(row_bytes / rows), "answer_bytes": round(answer_bytes / told), "out_bytes": round(out / rows),
        "in_bytes": round(archived / told),
    }  # fmt: skip


STEPS = {
    "setup": setup,
    "payday": payday,
    "repeat": repeat,
    "answers": answers,
    "import": import_,
    "repeat_later": repeat_later,
    "sizes": sizes,
    "copy": copy,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payees", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=120, help="of load on the tills' interface; 0 leaves it out")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not chosen.step:
        print(json.dumps(measure(chosen.payees, chosen.seconds)))
        return
    import django

    django.setup()
    print(json.dumps(STEPS[chosen.step](chosen.payees, Path(os.environ["ZHIDA_HOME"]))))


if __name__ == "__main__":
    main()
