"""Reforms: writing one, having it simulated, the list of what was simulated. The result of one is in reform_results.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer import reform_figures as figures
from zhida.web.officer import reform_text
from zhida.web.officer.common import back, page_of
from zhida.web.templatetags.zhida import month as month_words
from zhida.web.templatetags.zhida import person
from zhida.web.text import pick

# How far ahead a reform can be simulated, in months.
MONTHS_AHEAD = 24
# A reform's text in bytes; what is longer is no reform.
UPLOAD_MAX = 400_000
# Lines around a mistake that are shown beside it.
AROUND = 2
# Numbers that a reform changes, shown in the list.
SHIFTS_SHOWN = 2
REFORMS = Text("改革模拟", "Reforms")


@requires("reforms.simulate")
@require_GET
def reforms(request: HttpRequest) -> HttpResponse:
    """List what was simulated, newest first, what is being simulated, and reforms to begin with."""
    text = request.GET.get("text", "").strip()
    page = page_of(request, [one for one in policies.simulations(request.viewer) if _mentions(one, text)])
    context = {
        "page": page,
        "rows": [_row(one) for one in page.object_list],
        "asked": policies.asked_simulations(request.viewer),
        "examples": policies.example_reforms(),
        "text": text,
        "has_facts": _newest_month() is not None,
    }
    return render(request, "officer/reforms.html", context)


def _row(found: policies.Simulation) -> dict[str, Any]:
    change = figures.signed(found.year_change_fen) if found.year_change_fen else pick("不变", "Unchanged")
    made_at = datetime.fromisoformat(found.made_at)
    return {"found": found, "compared": compared(found), "change": change, "made_at": made_at, "shifts": found.shifts[:SHIFTS_SHOWN]}


def compared(found: policies.Simulation) -> Text:
    """Return what a simulation's title says after the reform's own: which month's rules, compared to what."""
    en = found.title.en.removeprefix(f"{found.reform.en}: ")
    return Text(found.title.zh.removeprefix(f"{found.reform.zh}："), en[:1].upper() + en[1:])


def _mentions(found: policies.Simulation, text: str) -> bool:
    """Say whether a simulation is about what is looked for: its title, its number of the law, its benefits, who made it."""
    words = [found.reform, *(shift.label for shift in found.shifts), *(cost.label for cost in found.costs)]
    told = " ".join([*(f"{word.zh} {word.en}" for word in words), found.month, person(found.made_by)])
    return text.casefold() in told.casefold()


@requires("reforms.simulate")
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Write a reform: begin with an example or one that was simulated, put changes into it, have it checked, have it simulated."""
    draft = _Draft.posted(request) if request.method == "POST" else _Draft.begun(request)
    if request.method == "POST" and request.POST.get("action") == "run" and not draft.is_wrong:
        asked = policies.ask_simulation(request.viewer, draft.text, draft.month)
        return redirect("officer:asked_reform", asked.id)
    context = {**draft.context(), "trail": [trail(), {"label": Text("写改革", "Write a reform")}]}
    return render(request, "officer/reform_write.html", context, status=400 if draft.is_wrong else 200)


class _Draft:
    """A reform while it is written: its text, the month to simulate, and what is wrong."""

    def __init__(self, text: str, month: Month | None = None) -> None:
        self.text, self.month = text, month
        self.problems: list[tuple[int, Text]] = []
        self.wrong_field = Text("", "")
        self.change: dict[str, str] = {}
        self.is_checked = False

    @classmethod
    def begun(cls, request: HttpRequest) -> _Draft:
        """Begin with an example, a simulation, one that was asked for, a number of the law, or nothing."""
        if example := request.GET.get("example"):
            found = next((reform.text for reform in policies.example_reforms() if reform.file == example), None)
            return cls(found or _blank())
        if (kept := request.GET.get("simulation", "")).isdigit():
            return cls(policies.simulation(request.viewer, int(kept)).reform_text)
        if (asked := request.GET.get("asked", "")).isdigit():
            return cls(policies.asked_simulation(request.viewer, int(asked)).reform_text)
        draft = cls(_blank())
        draft.change = {"parameter": request.GET.get("parameter", "")}
        return draft

    @classmethod
    def posted(cls, request: HttpRequest) -> _Draft:
        written = request.POST.get("month", "")
        draft = cls(request.POST.get("reform", "").replace("\r\n", "\n"), Month.parse(written) if written else None)
        action = request.POST.get("action")
        if action == "change":
            draft._put_in(request.POST.get("parameter", "").strip(), request.POST.get("way", ""), request.POST.get("number", ""))
        elif action == "upload":
            draft._take(request.FILES.get("file"))
        else:
            draft._check()
        return draft

    @property
    def is_wrong(self) -> bool:
        return bool(self.problems or self.wrong_field.zh)

    def _put_in(self, name: str, way: str, written: str) -> None:
        number = reform_text.number_of(written)
        self.change = {"parameter": name, "way": way, "number": written}
        if name not in {one.name for one in policies.law_numbers(self.month)}:
            self.wrong_field = Text(
                f"现行规定里没有参数“{name}”；请从列表中选。", f"The law has no number '{name}'. Choose one of the list."
            )
        elif number is None or way not in reform_text.WAYS:
            self.wrong_field = Text(
                f"“{written}”不是数；请写成 1.1 或 1500 这样的数。", f"'{written}' is no number. Write one such as 1.1 or 1500."
            )
        elif (changed := reform_text.with_change(self.text or _blank(), name, way, number)) is None:
            self.wrong_field = Text(
                "parameters 写成了一行，放不进新的改动；请改成每行一个。",
                "'parameters' stands on one line, which leaves no place. Write one change a line.",
            )
        else:
            self.text, self.change = changed, {}
            self._check()

    def _take(self, sent: UploadedFile | None) -> None:
        try:
            self.text = sent.read(UPLOAD_MAX).decode("utf-8-sig").replace("\r\n", "\n") if sent else self.text
        except UnicodeDecodeError:
            self.wrong_field = Text(
                "这个文件不是 UTF-8 文本；请另存为 UTF-8 后再传。", "This file is not UTF-8 text. Save it as UTF-8 and send it again."
            )
            return
        if sent is None:
            self.wrong_field = Text("请先选一个文件。", "Choose a file first.")
        else:
            self._check()

    def _check(self) -> None:
        self.is_checked = True
        self.problems = [reform_text.placed(problem) for problem in policies.reform_problems(self.text)]
        if self.month and not self.problems and self.month < (since := Month.of(policies.read_reform(self.text).since)):
            self.wrong_field = Text(
                f"改革从 {since} 起，{self.month} 还没有变化；请选 {since} 或以后的月份。",
                f"The reform begins in {since}; in {self.month} nothing changes yet. Choose {since} or a later month.",
            )

    def context(self) -> dict[str, Any]:
        lines = self.text.split("\n")
        wrong_lines = {line for line, _ in self.problems}
        return {
            "text": self.text,
            "rows": max(14, min(len(lines) + 2, 40)),
            "lines": [(place, place in wrong_lines) for place in range(1, len(lines) + 1)],
            "problems": [(line, problem, _around(lines, line)) for line, problem in self.problems],
            "is_checked": self.is_checked and not self.is_wrong,
            "wrong_field": self.wrong_field if self.wrong_field.zh else None,
            "change": self.change,
            "ways": reform_text.WAYS.items(),
            "numbers": policies.law_numbers(self.month),
            "months": _months(),
            "month": self.month.text if self.month else "",
            "examples": policies.example_reforms(),
            "has_facts": _newest_month() is not None,
        }


def _around(lines: list[str], line: int) -> list[tuple[int, str, bool]]:
    """Return the lines about a mistake, numbered, with the one it is in; nothing where it names none."""
    if not 1 <= line <= len(lines):
        return []
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    return [(place, lines[place - 1], place == line) for place in range(first, last + 1)]


def _blank() -> str:
    return reform_text.blank((_newest_month() or Month.of(clock.today())).text)


def _newest_month() -> Month | None:
    """Return the newest month there are facts of; None before the first."""
    try:
        return Month.parse(records.newest_snapshot().month)
    except records.NoSnapshot:
        return None


def _months() -> list[tuple[str, str]]:
    """Return the months a reform can be simulated for: those with facts, and those ahead on the newest facts."""
    newest = _newest_month()
    if newest is None:
        return []
    known = sorted({one.month for one in records.snapshots()}, reverse=True)
    ahead, month = [], newest
    for _ in range(MONTHS_AHEAD):
        month = month.next
        ahead.append((month.text, month_words(month) + pick("（用最新的事实）", " (on the newest facts)")))
    return [*((one, month_words(one)) for one in known), *ahead]


@requires("reforms.simulate")
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """List the numbers of the law that a reform can change, with what they say now and who reads them."""
    text = request.GET.get("text", "").strip()
    found = [one for one in policies.law_numbers() if text.casefold() in _number_words(one).casefold()]
    context = {
        "found": found,
        "text": text,
        "trail": [trail(), {"label": Text("可以改的数", "Numbers of the law")}],
    }
    return render(request, "officer/reform_numbers.html", context)


def _number_words(one: policies.LawNumber) -> str:
    texts = [one.label, *one.benefits]
    return " ".join([one.name, one.law, *(f"{text.zh} {text.en}" for text in texts)])


@requires("reforms.simulate")
@require_GET
def asked(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Show how far a simulation is; once it is done, its result."""
    found = policies.asked_simulation(request.viewer, asked_id)
    if found.simulation is not None:
        return redirect("officer:reform", found.simulation)
    context = {"asked": found, "steps": _steps(found), "trail": [trail(), {"label": found.title}]}
    return render(request, "officer/reform_asked.html", context)


def _steps(found: policies.Asked) -> list[dict[str, Any]]:
    """Return where a simulation stands: asked, at work, done."""
    states = {"waiting": ("current", "todo"), "running": ("done", "current"), "failed": ("done", "failed"), "stopped": ("done", "failed")}
    waited, worked = states.get(found.state, ("done", "failed"))
    return [
        {"label": Text("提交", "Asked for"), "state": "done", "note": person(found.asked_by)},
        {"label": Text("排队", "In line"), "state": waited},
        {"label": Text("计算", "At work"), "state": worked},
        {"label": Text("结果", "Result"), "state": "todo"},
    ]


@requires("reforms.simulate")
@require_POST
def again(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Go on with a simulation that was stopped, failed or was left behind."""
    return redirect("officer:asked_reform", policies.ask_again(request.viewer, asked_id).id)


@requires("reforms.simulate")
@require_POST
def stop(request: HttpRequest, asked_id: int) -> HttpResponse:
    policies.stop_simulation(request.viewer, asked_id)
    return redirect("officer:asked_reform", asked_id)


@requires("reforms.simulate")
@require_POST
def forget(request: HttpRequest, asked_id: int) -> HttpResponse:
    """Take a simulation that did not come to its end off the list."""
    policies.forget_asked(request.viewer, asked_id)
    return back(request, "officer:reforms", Text("已从列表中移除。", "It is off the list."))


def trail() -> dict[str, Any]:
    """The first step of the way to any page about a reform."""
    return {"label": REFORMS, "url": reverse("officer:reforms")}
