"""A reform while it is written: what it begins with, what the form does to its text, what is wrong with it and where."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web.officer import reform_text
from zhida.web.templatetags.zhida import month as month_words
from zhida.web.text import pick

# How far ahead a reform can be simulated, in months.
MONTHS_AHEAD = 24
# A reform's text in bytes; what is longer is no reform.
UPLOAD_MAX = 400_000
# Lines around a mistake that are shown beside it.
AROUND = 2
# Lines of the text that are shown at once.
ROWS_LEAST, ROWS_MOST = 14, 40


class Draft:
    """A reform while it is written: its text, the month to simulate, and what is wrong."""

    def __init__(self, text: str, month: Month | None = None) -> None:
        self.text, self.month = text, month
        self.problems: list[tuple[int, Text]] = []
        self.wrong_field = Text("", "")
        self.change: dict[str, str] = {}
        self.is_checked = False

    @classmethod
    def begun(cls, request: HttpRequest) -> Draft:
        """Begin with an example, a simulation, one that was asked for, a number of the law, or nothing."""
        if example := request.GET.get("example"):
            found = next((reform.text for reform in policies.example_reforms() if reform.file == example), None)
            return cls(found or _blank())
        if (kept := request.GET.get("simulation", "")).isdecimal():
            return cls(policies.simulation(request.viewer, int(kept)).reform_text)
        if (asked := request.GET.get("asked", "")).isdecimal():
            return cls(policies.asked_simulation(request.viewer, int(asked)).reform_text)
        draft = cls(_blank())
        draft.change = {"parameter": request.GET.get("parameter", "")}
        return draft

    @classmethod
    def posted(cls, request: HttpRequest) -> Draft:
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
            "rows": max(ROWS_LEAST, min(len(lines) + 2, ROWS_MOST)),
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
            "has_facts": newest_month() is not None,
        }


def _around(lines: list[str], line: int) -> list[tuple[int, str, bool]]:
    """Return the lines about a mistake, numbered, with the one it is in; nothing where it names none."""
    if not 1 <= line <= len(lines):
        return []
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    return [(place, lines[place - 1], place == line) for place in range(first, last + 1)]


def _blank() -> str:
    return reform_text.blank((newest_month() or Month.of(clock.today())).text)


def newest_month() -> Month | None:
    """Return the newest month there are facts of; None before the first."""
    try:
        return Month.parse(records.newest_snapshot().month)
    except records.NoSnapshot:
        return None


def _months() -> list[tuple[str, str]]:
    """Return the months a reform can be simulated for: those with facts, and those ahead on the newest facts."""
    newest = newest_month()
    if newest is None:
        return []
    known = sorted({one.month for one in records.snapshots()}, reverse=True)
    ahead, month = [], newest
    for _ in range(MONTHS_AHEAD):
        month = month.next
        ahead.append((month.text, month_words(month) + pick("（用最新的事实）", " (on the newest facts)")))
    return [*((one, month_words(one)) for one in known), *ahead]
