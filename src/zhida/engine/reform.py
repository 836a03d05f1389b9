"""Reforms: what somebody would change in the law, as a file. Reading is here; what it does to parameters is in reform_parameters.py.

    title: {zh: 低保标准提高一成, en: Raise the minimum standard by a tenth}
    note: {zh: …, en: …}                       # optional: why, for whom
    from: 2025-10                              # the first month it applies to
    parameters:
      dibao_standard: {multiply: 1.1}          # every value from that day on, times; or {add: 100}; round_to: 1 makes whole yuan
      gaoling_age: 75                          # one value for everybody, from that day on
      gaoling_amount:                          # values as in a pack's parameters/*.yaml, added to those of the law; unit and keys stay
        values:
          - {from: 2025-10-01, scale: {thresholds: [75, 80, 90, 100], amounts: [40, 60, 100, 800]}}
        replace: true                          # and the law's own values end on that day
      birthday_gift: {unit: yuan, label: …, values: [...]}        # a number the law did not have, for the formulas below
    formulas: |                                # rule text: a name the law has gets this wording from that day, another name is new
      @variable(Household, unit="fen/month", label=("人均月收入", "Income per head"))
      def income_per_head(household): ...
    benefits: {ended: [wuye_fuwu]}             # granted for the last time in the month before
    target: {parameter: dibao_standard, budget: 500000000}        # optional: look for the value that spends so many yuan a year

The installed law stays as it is: ``law.reformed(reform)`` is another law with a name of its own, and every number of it that the reform
changed carries the reform as its source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from zhida.engine.errors import EngineError, Place, nearest
from zhida.engine.fingerprints import changed_benefits
from zhida.engine.parameter_yaml import WrittenLoader
from zhida.kernel.errors import InvalidPeriod
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import refuse_wild

if TYPE_CHECKING:
    from zhida.engine.law import Law

# A reform is read by people; nobody writes one as long as this by hand.
LENGTH_MAX = 200_000
_DIGITS_MAX = 15
_KEYS = ("title", "note", "from", "parameters", "formulas", "benefits", "target")
_FORMS = ("multiply", "add", "round_to", "value", "values", "replace", "unit", "threshold_unit", "by", "label", "law", "clause", "default")


class ReformRefused(EngineError):
    """A reform that cannot be read or does not fit the law; ``place`` is the file and line."""

    def __init__(self, place: Place, zh: str, en: str) -> None:
        self.place = place
        super().__init__(f"{place[0]}:{place[1]}：{zh}", f"{place[0]}:{place[1]}: {en}")


@dataclass(frozen=True)
class ParameterChange:
    """What a reform does to one parameter, as written: ``forms`` maps a word of ``_FORMS`` to what stands beside it."""

    name: str
    forms: dict[str, Any]
    place: Place


@dataclass(frozen=True)
class Target:
    """A budget to spend, in whole fen a year, by the value of one parameter."""

    parameter: str
    budget_fen: int
    place: Place


@dataclass(frozen=True)
class Reform:
    """A reform as read from its file. ``formulas`` has as many empty lines before it as the file has, so that line numbers agree."""

    title: Text
    note: Text
    since: date
    parameters: tuple[ParameterChange, ...]
    formulas: str
    ended: tuple[tuple[str, Place], ...]
    target: Target | None
    file: str
    text: str

    @property
    def source(self) -> str:
        """What a number that the reform changed names as its source."""
        return f"改革 {self.title.zh} / reform {self.title.en}"

    @property
    def content(self) -> str:
        """16 hex digits of what the reform says, whatever its file is called."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def with_value(self, parameter: str, change: Any) -> Reform:
        """Return the reform with one parameter changed in this way, and no budget any more: what a search for a budget tries."""
        body = self._body()
        body.pop("target", None)
        body["parameters"] = {**(body.get("parameters") or {}), parameter: change}
        return read_reform(yaml.dump(body, Dumper=_Writer, allow_unicode=True, sort_keys=False), self.file)

    def with_target(self, parameter: str, budget_yuan: Decimal) -> Reform:
        """Return the reform with a budget to spend by one parameter. Raises: ReformRefused."""
        body = {**self._body(), "target": {"parameter": parameter, "budget": budget_yuan}}
        return read_reform(yaml.dump(body, Dumper=_Writer, allow_unicode=True, sort_keys=False), self.file)

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = yaml.load(self.text, WrittenLoader)
        return body


class _Writer(yaml.SafeDumper):
    """Writes a reform again: decimals as decimals, rule text in a block of its own lines."""


def _decimal(writer: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    written = f"{value:f}"
    return writer.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in written else 'int'}", written)


def _string(writer: yaml.SafeDumper, value: str) -> yaml.Node:
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Writer.add_representer(Decimal, _decimal)
_Writer.add_representer(str, _string)


def read_reform(source: Path | str, file: str = "reform.yaml") -> Reform:
    """Read a reform from a file, or from its text (then ``file`` is what mistakes call it).

    Raises: ReformRefused with file, line and remedy. What depends on the law (names, units, formulas) is checked by ``law.reformed``.
    """
    if isinstance(source, Path):
        if not source.exists():
            raise ReformRefused((source.name, 1), "没有这个文件；请检查路径。", "there is no such file. Check the path.")
        return _Reading(source.read_text(encoding="utf-8"), source.name).reform()
    return _Reading(source, file).reform()


def reformed(law: Law, reform: Reform) -> Law:
    """Return the law as it would be after a reform; the law itself stays as it is.

    Raises: ReformRefused, FormulaRefused, ParameterUnreadable: file, line and remedy.
    """
    from zhida.engine.law import Law
    from zhida.engine.reform_formulas import changed_definitions
    from zhida.engine.reform_parameters import changed_parameters

    name = hashlib.sha256(f"{law.name} {reform.text}".encode()).hexdigest()[:16]
    parameters = changed_parameters(law, reform)
    return Law(name, changed_definitions(law, reform), parameters, list(law.facts.values()), law.areas, law.as_of)


class _Reading:
    """Reads one reform; every mistake names its file and line."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.lines: dict[tuple[str, ...], int] = {}

    def fail(self, path: tuple[str, ...], zh: str, en: str) -> ReformRefused:
        return ReformRefused(self.place(path), zh, en)

    def place(self, path: tuple[str, ...]) -> Place:
        """Return where a key stands; for one that does not, where the key above it does."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.file, self.lines.get(path, 1)

    def reform(self) -> Reform:
        body = self._body()
        self._refuse_unknown((), body, _KEYS)
        if "title" not in body or "from" not in body:
            raise self.fail((), "缺少 title 或 from；请写明标题和起始月份。", "it has no 'title' or no 'from'. Write both.")
        if not ({"parameters", "formulas", "benefits", "target"} & body.keys()):
            raise self.fail(
                (),
                "没有任何改动；请写 parameters、formulas 或 benefits。",
                "it changes nothing. Write 'parameters', 'formulas' or 'benefits'.",
            )
        return Reform(
            title=self._words(body, "title"),
            note=self._words(body, "note") if body.get("note") else Text("", ""),
            since=self._month(body["from"]),
            parameters=tuple(self._changes(self._mapping(body, "parameters"))),
            formulas=self._formulas(body.get("formulas") or ""),
            ended=tuple(self._ended(self._mapping(body, "benefits"))),
            target=self._target(self._mapping(body, "target")),
            file=self.file,
            text=self.text,
        )

    # -- YAML, with the line of every key --

    def _body(self) -> dict[str, Any]:
        if len(self.text) > LENGTH_MAX:
            raise self.fail(
                (), f"超过 {LENGTH_MAX} 个字符；请只写改动。", f"it has more than {LENGTH_MAX} characters. Write the changes only."
            )
        try:
            refuse_wild(self.text)
            loader = WrittenLoader(self.text)
            node = loader.get_single_node()
            if node is not None:
                self._note_lines(node, (), set())
            body = loader.construct_document(node) if node is not None else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            said = getattr(error, "problem", None) or str(error)
            raise ReformRefused(
                (self.file, line), f"YAML 有误（{said}）；请检查缩进和引号。", f"the YAML is wrong ({said}). Check indents and quotes."
            ) from error
        if not isinstance(body, dict):
            raise self.fail((), "不是改革文件；请从 title: 写起。", "it is no reform. Begin with 'title:'.")
        return {str(key): value for key, value in body.items()}

    def _note_lines(self, node: Any, path: tuple[str, ...], seen: set[int]) -> None:
        """Remember where each key stands; refuse a key written twice, and anchors: a few lines of those unfold without end."""
        if id(node) in seen:
            raise ReformRefused(
                (self.file, node.start_mark.line + 1), "不能用 & 和 *；请把内容写全。", "& and * are not allowed. Write it out."
            )
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._note_lines(item, (*path, "[]"), seen)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                if here in self.lines and "[]" not in here:
                    raise ReformRefused(
                        (self.file, key.start_mark.line + 1),
                        f"“{key.value}”写了两次；请只留一个。",
                        f"'{key.value}' is written twice. Keep one.",
                    )
                self.lines.setdefault(here, key.start_mark.line + 1)
                self._note_lines(value, here, seen)

    # -- the parts --

    def _refuse_unknown(self, path: tuple[str, ...], body: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in body:
            if key not in known:
                near = nearest(str(key), list(known))
                listed = ", ".join(known)
                raise self.fail(
                    (*path, str(key)),
                    f"不认识“{key}”" + (f"；是否想写 {near}？" if near else f"；可用的是 {listed}。"),
                    f"'{key}' is not known here." + (f" Did you mean '{near}'?" if near else f" These are: {listed}."),
                )

    def _mapping(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        found = body.get(key) or {}
        if not isinstance(found, dict):
            raise self.fail((key,), f"{key} 须是“名称: 内容”的列表。", f"'{key}' must be a map of names to what they hold.")
        return {str(name): value for name, value in found.items()}

    def _words(self, body: dict[str, Any], key: str) -> Text:
        written = body[key]
        is_pair = isinstance(written, dict) and {"zh", "en"} <= written.keys()
        if not is_pair and not (isinstance(written, str) and written.strip()):
            raise self.fail((key,), f"{key} 请写成 {{zh: 中文, en: English}}。", f"write '{key}' as {{zh: 中文, en: English}}.")
        return Text.parse(written)

    def _month(self, written: Any) -> date:
        try:
            return Month.parse(str(written)).start
        except InvalidPeriod as error:
            raise self.fail(
                ("from",), f"“{written}”不是月份；请写成 2025-10。", f"'{written}' is not a month. Write it as 2025-10."
            ) from error

    def _changes(self, body: dict[str, Any]) -> Iterator[ParameterChange]:
        for name, written in body.items():
            path = ("parameters", name)
            forms = written if isinstance(written, dict) else {"value": written}
            self._refuse_unknown(path, forms, _FORMS)
            ways = [way for way in (("multiply", "add"), ("value",), ("values",)) if set(way) & forms.keys()]
            if len(ways) != 1 or any(forms[word] is None for word in forms):
                raise self.fail(
                    path,
                    f"{name} 请写且只写一种改法：一个数、{{multiply: 1.1}}、{{add: 100}} 或 {{values: [...]}}。",
                    f"say once how {name} changes: a number, {{multiply: 1.1}}, {{add: 100}} or {{values: [...]}}.",
                )
            for word in ("multiply", "add", "round_to"):
                if word in forms:
                    self._number((*path, word), forms[word])
            yield ParameterChange(name, forms, self.place(path))

    def _number(self, path: tuple[str, ...], written: Any) -> Decimal:
        is_number = isinstance(written, int | Decimal) and not isinstance(written, bool)
        number = Decimal(written) if is_number else Decimal("NaN")
        # Beyond this nothing is money, an age or a rate, and sums would not fit.
        is_wild = not number.is_finite() or number.adjusted() > _DIGITS_MAX or number.adjusted() < -_DIGITS_MAX
        if is_wild or (path[-1] in ("round_to", "budget") and number <= 0):
            raise self.fail(path, f"“{written}”不能用作 {path[-1]}；请写一个数。", f"'{written}' cannot be '{path[-1]}'. Write a number.")
        return number

    def _formulas(self, written: Any) -> str:
        if not isinstance(written, str):
            raise self.fail(("formulas",), "formulas 请写成“|”后缩进的规则文本。", "write 'formulas' as rule text, indented after '|'.")
        # A block's text begins on the line below its key.
        return "\n" * self.lines.get(("formulas",), 0) + written if written.strip() else ""

    def _ended(self, body: dict[str, Any]) -> Iterator[tuple[str, Place]]:
        self._refuse_unknown(("benefits",), body, ("ended",))
        listed = body.get("ended") or []
        if not isinstance(listed, list):
            raise self.fail(
                ("benefits", "ended"), "ended 请写成列表，例如 [wuye_fuwu]。", "write 'ended' as a list of codes, as [wuye_fuwu]."
            )
        yield from ((str(code), self.place(("benefits", "ended"))) for code in listed)

    def _target(self, body: dict[str, Any]) -> Target | None:
        if not body:
            return None
        self._refuse_unknown(("target",), body, ("parameter", "budget"))
        if not {"parameter", "budget"} <= body.keys():
            raise self.fail(
                ("target",), "target 须写 parameter 和 budget（元/年）。", "'target' needs 'parameter' and 'budget' (yuan a year)."
            )
        return Target(
            str(body["parameter"]), int(self._number(("target", "budget"), body["budget"]) * 100), self.place(("target", "parameter"))
        )


__all__ = ["ParameterChange", "Reform", "ReformRefused", "Target", "changed_benefits", "read_reform", "reformed"]
