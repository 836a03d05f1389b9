"""`zhida demo`: a city, its feeds, every policy decided, payments settled, figures compared with the truth, three faces served."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import call_command

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.indicators import api as indicators
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.tills import api as tills
from zhida.city import api as city
from zhida.kernel.errors import ZhidaError
from zhida.kernel.period import Month
from zhida.kernel.progress import Progress
from zhida.project import pipeline
from zhida.project.budget import assume_shares, cover, cover_programmes
from zhida.project.demo_cases import play_cases
from zhida.project.demo_past_cases import play_past_cases
from zhida.project.lock import alone_in
from zhida.project.measure import PeakMemory, Stages

DEMO_MONTH = Month(2025, 10)
# Children have no account of their own.
ADULT_AGE = 18
# Those of the cast who eat in the canteen.
HUNGRY = ("wang_xiuying", "chen_guoliang")
OFFICERS = (
    ("zhou_zhiqiang", "周志强", "street_officer", "street", "street"),
    ("wu_jing", "吴静", "street_officer", "elsewhere", "street"),
    ("data_officer", "沈晓岚", "data_officer", "city", ""),
    ("payment_maker", "何建平", "payment_maker", "city", ""),
    ("payment_checker", "方丽华", "payment_checker", "city", ""),
    ("payment_checker_2", "钱国庆", "payment_checker", "city", ""),
    ("payment_checker_3", "汪雪梅", "payment_checker", "city", ""),
    ("policy", "陆文清", "policy_staff", "city", ""),
    ("captain", "徐振华", "captain", "city", ""),
    ("auditor", "叶文娟", "auditor", "city", ""),
    ("police", "高建明", "department_officer", "district", "police"),
    ("health", "唐雅琴", "department_lead", "district", "health"),
    ("human_resources", "谢文斌", "department_officer", "district", "human_resources"),
    ("medical_insurance", "冯小燕", "department_officer", "district", "medical_insurance"),
    ("civil_affairs", "曹国平", "department_lead", "district", "civil_affairs"),
    ("civil_affairs_2", "蒋丽萍", "department_officer", "district", "civil_affairs"),
    ("disabled_federation", "韩志远", "department_lead", "district", "disabled_federation"),
    ("housing", "魏建华", "department_officer", "district", "housing"),
    ("education", "苏静怡", "department_officer", "district", "education"),
    ("traffic_police", "姚明辉", "department_officer", "city", "traffic_police"),
    # The second at each desk that a life event names: its head where an officer stands above, else an officer.
    ("police_lead", "沈国强", "department_lead", "district", "police"),
    ("health_2", "骆晓芸", "department_officer", "district", "health"),
    ("human_resources_lead", "邵敏", "department_lead", "district", "human_resources"),
    ("medical_insurance_lead", "傅志明", "department_lead", "district", "medical_insurance"),
    ("disabled_federation_2", "应丽君", "department_officer", "district", "disabled_federation"),
    ("housing_lead", "童丽华", "department_lead", "district", "housing"),
    ("education_lead", "屠建新", "department_lead", "district", "education"),
    ("traffic_police_lead", "裘海涛", "department_lead", "city", "traffic_police"),
)


class OtherCity(ZhidaError):
    def __init__(self, home: Path, residents: int, wanted: int) -> None:
        super().__init__(
            f"{home} 里已有一座 {residents} 人的城市，而不是 {wanted} 人；请另设 ZHIDA_HOME，或删除该文件夹。",
            f"{home} already holds a city of {residents} residents, not {wanted}. Set ZHIDA_HOME to another folder, or remove this one.",
        )


@dataclass
class Demo:
    """One demonstration: where it lives, how large it is, which month it decides."""

    home: Path
    residents: int
    seed: int
    month: Month
    quiet: bool = False

    def __post_init__(self) -> None:
        self.stages = Stages()

    @property
    def feeds(self) -> Path:
        return self.home / "feeds" / self.month.text

    @property
    def truth(self) -> Path:
        return self.home / "truth" / self.month.text

    def run(self) -> dict[str, Any]:
        """Do all stages and return the figures; every stage that was done before is found done."""
        with alone_in(self.home), PeakMemory() as peak:
            call_command("migrate", verbosity=0)
            self.build_city()
            truth_side = self.start_truth()
            try:
                deliveries = pipeline.take_in(self.stages, self.feeds, self.quiet)
                run, batch = self.pay_months()
                cards = self.create_accounts()
                self.play_tills(cards)
                self.play_cases(cards)
                recall, precision = self.compare(truth_side)
            finally:
                # Where the main job stops, the other one would only hold the files of the next attempt.
                if truth_side.poll() is None:
                    truth_side.terminate()
                    truth_side.wait()
        return self.figures(deliveries, run, batch, recall, precision, peak.mib)

    def pay_months(self) -> tuple[Any, Any]:
        """Decide, pay and count the month before and the month; return the month's run and batch."""
        known_on = date.fromisoformat(os.environ["ZHIDA_TODAY"])
        for month in (self.month.previous, self.month):
            run = pipeline.decide(self.stages, month, known_on, self.quiet)
            batch = self.pay(run)
            with self.stages.stage("observe"):
                indicators.observe_month(SYSTEM, month)
        return run, batch

    def build_city(self) -> None:
        manifest = self.feeds / "manifest.json"
        if manifest.exists():
            built = json.loads(manifest.read_text())
            if (built["residents"], built["seed"]) != (self.residents, self.seed):
                raise OtherCity(self.home, built["residents"], self.residents)
            return
        with self.stages.stage("city"):
            progress = partial(Progress, quiet=self.quiet)
            city.build_city(self.home, self.residents, self.seed, self.month, truth="full", progress=progress)

    def start_truth(self) -> subprocess.Popen[bytes]:
        """Decide the month on the true facts too, by the same program in a home of its own, beside the main job."""
        home = self.home / "truth-run"
        environment = {**os.environ, "ZHIDA_HOME": str(home), "DATABASE_URL": ""}
        command = [sys.executable, "-m", "zhida", "month", "--feeds", str(self.truth / "feeds"), "--month", self.month.text]
        # Born deaf to Ctrl-C: the main job hears it and stops this one.
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.Popen([*command, "--stop-after", "decide", "--json", "--quiet"], env=environment, stdout=subprocess.PIPE)
        finally:
            signal.signal(signal.SIGINT, heard)

    def compare(self, truth_side: subprocess.Popen[bytes]) -> tuple[float, float]:
        with self.stages.stage("evaluate"):
            output, _ = truth_side.communicate()
            if truth_side.returncode:
                raise SystemExit("The run on the true facts failed; its message stands above.")
            told = json.loads(output.splitlines()[-1])
            evidence = indicators.Evidence(told["decisions"], Path(told["snapshot"]))
            return indicators.compare_with_truth(SYSTEM, self.month, evidence, self.truth / "defects.csv")

    def play_tills(self, cards: dict[str, records.ResidentCard]) -> None:
        """Let canteens and buses of the cast's street tell of the last days; the grandmother of the cast eats there."""
        guests = tuple(card.resident_no for name, card in cards.items() if name in HUNGRY)
        with self.stages.stage("tills"):
            last_day = date.fromisoformat(os.environ["ZHIDA_TODAY"]) - timedelta(days=1)
            tills.demo_events(SYSTEM, last_day, cards["lin_xiaoman"].community, guests)
            cover_programmes(last_day.year)

    def play_cases(self, cards: dict[str, records.ResidentCard]) -> None:
        """Tell of cases that are over; then let the cast's district do a part of what the feeds hold now. The cast's own wait for them."""
        with self.stages.stage("cases"):
            cast = {card.resident_no for card in cards.values()}
            play_past_cases(cast)
            play_cases(cards["lin_xiaoman"].district, cast)
        pipeline.count_casework(self.stages, (self.month.previous, self.month, self.month.next))

    def create_accounts(self) -> dict[str, records.ResidentCard]:
        """Make the demonstration's identities: the cast lives in the city, the officers work for it."""
        cast = json.loads((self.feeds / "manifest.json").read_text())["cast"]
        cards = {}
        for username, id_number in cast.items():
            found = records.find_residents(SYSTEM, Purpose.OPERATION, id_number)
            if found and found[0].birth_date.year + ADULT_AGE <= self.month.year:
                cards[username] = found[0]
                self.create_resident(username, found[0])
        street = str(cards["lin_xiaoman"].community)[:9]
        elsewhere = str(indicators.areas_below(330108)[0].code)
        areas = {"street": street, "district": street[:6], "elsewhere": elsewhere, "city": "330100"}
        for username, name, role, where, department in OFFICERS:
            access.create_account(username, name, role, area_code=areas[where], is_demo=True, department=department)
        return cards

    def create_resident(self, username: str, card: records.ResidentCard) -> None:
        """Make a resident's account; the family of the cast has agreed to see each other's lines."""
        is_new = access.account_named(username) is None
        account = access.create_account(username, card.name, "resident", resident_no=card.resident_no, is_demo=True)
        if is_new:
            policies.set_household_sharing(access.viewer_of(account), True)

    def pay(self, run: Any) -> Any:
        assume_shares(self.month.year)
        cover(run.id, self.month.year)
        batch = pipeline.instruct(self.stages, run, self.quiet)
        if batch is not None and batch.state == "released":
            batch = pipeline.bank_and_settle(self.stages, batch, self.home)
        return batch

    def figures(self, deliveries: list[Any], run: Any, batch: Any, recall: float, precision: float, peak_mib: float) -> dict[str, Any]:
        built = json.loads((self.truth / "report.json").read_text())
        states = {row.key[0]: row for row in payments.totals_by("state", month=self.month.text)}
        sent = [row for state, row in states.items() if state != "held"]
        return {
            "residents": built["residents"],
            "households": built["households"],
            "feeds": len(deliveries),
            "rows_received": sum(d.rows_received for d in deliveries),
            "rows_accepted": sum(d.rows_accepted for d in deliveries),
            "rows_quarantined": sum(d.rows_quarantined for d in deliveries),
            "policies": len(policies.run_benefits(run.id)),
            "entitled": run.entitled,
            "not_entitled": run.not_entitled,
            "unknown": run.unknown,
            "instructed": sum(row.count for row in sent),
            "instructed_fen": sum(row.amount_fen for row in sent),
            "paid": states["paid"].count if "paid" in states else 0,
            "returned": sum(row.count for state, row in states.items() if state in ("rejected", "returned")),
            "recall": round(recall, 4),
            "precision": round(precision, 4),
            "seconds": {**self.stages.seconds, "total": round(sum(self.stages.seconds.values()), 2)},
            "peak_rss_mb": round(peak_mib),
        }


def say(figures: dict[str, Any], month: Month, language: str) -> list[str]:
    """Tell in ten lines what the demonstration did."""
    f = figures
    yuan = f["instructed_fen"] // 100
    if language == "zh":
        return [
            f"1  城市：{f['residents']:,} 位居民，{f['households']:,} 户。",
            f"2  收到 {f['feeds']} 份部门数据，共 {f['rows_received']:,} 行。",
            f"3  接收 {f['rows_accepted']:,} 行，隔离 {f['rows_quarantined']:,} 行，每行都有原因。",
            f"4  {month.text} 月按 {f['policies']} 项待遇逐人核算。",
            f"5  应享 {f['entitled']:,} 项；不符合 {f['not_entitled']:,} 项；",
            f"6  缺事实、暂不能定 {f['unknown']:,} 项，都写明缺什么。",
            f"7  两人经办、发出 {f['instructed']:,} 笔，{yuan:,} 元。",
            f"8  银行确认 {f['paid']:,} 笔，退回 {f['returned']:,} 笔，退回的在待办清单里。",
            f"9  一个都不少：查全 {f['recall']:.2%}，查准 {f['precision']:.2%}（与真值逐项比）。",
            f"10 用时 {f['seconds']['total']:.0f} 秒，内存峰值 {f['peak_rss_mb']:,} MB。",
        ]
    return [
        f"1  The city: {f['residents']:,} residents in {f['households']:,} households.",
        f"2  {f['feeds']} feeds from departments arrived with {f['rows_received']:,} rows.",
        f"3  {f['rows_accepted']:,} rows were accepted, {f['rows_quarantined']:,} quarantined, each with a reason.",
        f"4  {f['policies']} benefits were decided for everyone for {month.text}:",
        f"5  {f['entitled']:,} entitled, {f['not_entitled']:,} not entitled,",
        f"6  {f['unknown']:,} unknown, each naming the fact that is missing.",
        f"7  Two officers sent {f['instructed']:,} payments of {yuan:,} yuan.",
        f"8  The bank paid {f['paid']:,} and returned {f['returned']:,}; those wait on a work list.",
        f"9  Against the truth: recall {f['recall']:.2%}, precision {f['precision']:.2%}.",
        f"10 It took {f['seconds']['total']:.0f} s and {f['peak_rss_mb']:,} MB at the peak.",
    ]


def reset(home: Path) -> None:
    """Remove what a demonstration made, and only that."""
    for name in ("feeds", "truth", "truth-run", "records", "register", "snapshots", "runs", "bank"):
        shutil.rmtree(home / name, ignore_errors=True)
    for database in home.glob("zhida.sqlite3*"):
        database.unlink()
