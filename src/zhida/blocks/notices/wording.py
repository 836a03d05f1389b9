"""Templates: what each kind of notice says, read from ``templates/*.yaml``, and a notice's text made from one.

A template names its parameters with their types::

    payment_returned:
      label: {zh: 没有到账, en: Did not arrive}
      required: true                     # by law: nobody opts out of it
      parameters: {benefit: benefit, amount: money, period: period, reason: text}
      title: {zh: "…{benefit}…", en: …}
      body: …                            # what happened; may be several paragraphs
      next: …                            # what to do now
      short: …                           # the same in a text message
      link: /my/history/
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from zhida.blocks.notices.codes import code_of
from zhida.blocks.notices.errors import TemplateInvalid, UnknownKind, WrongParameters
from zhida.blocks.policies import api as policies
from zhida.kernel.errors import ZhidaError
from zhida.kernel.money import format_yuan
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml

_FOLDER = Path(__file__).parent / "templates"
_TEXTS = ("label", "title", "body", "next", "short")
_KEYS = {*_TEXTS, "required", "in_inbox", "parameters", "link"}
_MAY_BE_LEFT_OUT = {"in_inbox", "link"}
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_PERIOD = re.compile(r"\d{4}|\d{4}-\d{2}|\d{4}-Q[1-4]|once(:.*)?")


@dataclass(frozen=True)
class Template:
    """What one kind of notice says. parameters: name -> type, one of TYPES.

    is_required: by law, nobody opts out. in_inbox: stands in the inbox (a confirmation code does not).
    """

    kind: str
    label: Text
    title: Text
    body: Text
    next_step: Text
    short: Text
    parameters: Mapping[str, str]
    is_required: bool
    in_inbox: bool
    link: str


@dataclass(frozen=True)
class Written:
    """The text of one notice."""

    title: Text
    body: Text
    next_step: Text
    short: Text


@cache
def templates() -> dict[str, Template]:
    """Return every template by kind. Raises: TemplateInvalid."""
    found: dict[str, Template] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        for kind, written in read_yaml(path.read_text("utf-8")).items():
            if kind in found:
                raise TemplateInvalid(kind, "写了两次", "it stands twice")
            found[kind] = read_template(kind, written)
    return found


def template(kind: str) -> Template:
    """Raises: UnknownKind."""
    if kind not in templates():
        raise UnknownKind(kind)
    return templates()[kind]


def read_template(kind: str, written: Mapping[str, Any]) -> Template:
    """Check one template as its file has it. Raises: TemplateInvalid."""
    if wrong := sorted((set(written) - _KEYS) | (_KEYS - _MAY_BE_LEFT_OUT - set(written))):
        raise TemplateInvalid(kind, f"缺少或多出 {'、'.join(wrong)}", f"keys are missing or unknown: {', '.join(wrong)}")
    texts = {name: Text.parse(written[name]) for name in _TEXTS}
    parameters = dict(written["parameters"] or {})
    if unknown := sorted(set(parameters.values()) - set(TYPES)):
        raise TemplateInvalid(kind, f"没有 {'、'.join(unknown)} 这种参数", f"no parameter is of type {', '.join(unknown)}")
    for language in ("zh", "en"):
        named = set().union(*(fields_of(text.in_language(language)) for text in texts.values()))
        if named != set(parameters):
            wrong = sorted(named ^ set(parameters))
            raise TemplateInvalid(
                kind,
                f"{language} 文字与参数不一致：{'、'.join(wrong)}",
                f"its {language} text and its parameters differ: {', '.join(wrong)}",
            )
    return Template(
        kind=kind,
        label=texts["label"],
        title=texts["title"],
        body=texts["body"],
        next_step=texts["next"],
        short=texts["short"],
        parameters=parameters,
        is_required=bool(written["required"]),
        in_inbox=bool(written.get("in_inbox", True)),
        link=str(written.get("link", "")),
    )


def fields_of(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name is not None}


def checked(template: Template, subject: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notice's parameters as they are kept: JSON. Raises: WrongParameters."""
    if parameters.keys() != template.parameters.keys():
        missing, extra = template.parameters.keys() - parameters.keys(), parameters.keys() - template.parameters.keys()
        raise WrongParameters(template.kind, subject, missing, extra)
    kept, unfit = {}, []
    for name, kind in template.parameters.items():
        try:
            kept[name] = TYPES[kind].keep(parameters[name])
        except (ValueError, TypeError, KeyError, ZhidaError):
            unfit.append(name)
    if unfit:
        raise WrongParameters(template.kind, subject, (), (), unfit)
    return kept


def write(template: Template, kept: Mapping[str, Any]) -> Written:
    """Make the text of a notice from what it keeps."""
    values = {name: _written(kind, kept.get(name)) for name, kind in template.parameters.items()}
    texts = (template.title, template.body, template.next_step, template.short)
    return Written(*(_filled(text, values) for text in texts))


def _written(kind: str, value: Any) -> Text:
    """Write one parameter; a dash where an older notice lacks it or kept it in another form: a changed template may not hide a message."""
    try:
        return TYPES[kind].write(value)
    except (ValueError, TypeError, KeyError, AttributeError, ZhidaError):
        return Text("—", "—")


def _filled(text: Text, values: Mapping[str, Text]) -> Text:
    zh = text.zh.format_map({name: value.zh for name, value in values.items()})
    return Text(zh, text.en.format_map({name: value.en for name, value in values.items()}))


@dataclass(frozen=True)
class ParameterType:
    """keep: a caller's value -> JSON, raising ValueError for what it is not. write: JSON -> text."""

    keep: Callable[[Any], Any]
    write: Callable[[Any], Text]


def _keep_whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _keep_period(value: Any) -> str:
    written = str(value)
    if not all(_PERIOD.fullmatch(end) for end in written.split("..", 1)):
        raise ValueError(written)
    return written


def _keep_text(value: Any) -> Any:
    text = value if isinstance(value, Text) else Text.parse(value)
    if not isinstance(text.zh, str) or not text.zh.strip():
        raise ValueError(value)
    return {"zh": text.zh[:500], "en": text.en[:500]}


def _keep_code(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\w.:-]{1,80}", value):
        raise ValueError(value)
    return value


def _write_money(fen: int) -> Text:
    # The space does not break: an amount stands on one line.
    return Text(f"{format_yuan(fen)}\u00a0元", f"¥{format_yuan(fen)}")


def _write_benefit(code: str) -> Text:
    definition = policies.benefits().get(code)
    return definition.label if definition else Text(code, code)


def _write_month(written: str) -> Text:
    month = Month.parse(written)
    return Text(f"{month.year}年{month.month}月", f"{_MONTHS[month.month - 1]} {month.year}")


def _write_day(written: str) -> Text:
    day = date.fromisoformat(written)
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def _write_period(written: str) -> Text:
    """Write ``2025-10``, ``2025-Q3``, ``2025``, ``once`` or a span ``2024-01..2024-05``."""
    first, span, last = written.partition("..")
    if span:
        a, b = _write_period(first), _write_period(last)
        return Text(f"{a.zh}至{b.zh}", f"{a.en} to {b.en}")
    if first.startswith("once"):
        return Text("一次性", "once")
    if "-Q" in first:
        year, quarter = first.split("-Q")
        return Text(f"{year}年第{'一二三四'[int(quarter) - 1]}季度", f"Q{quarter} {year}")
    return _write_month(first) if "-" in first else Text(f"{first}年", first)


TYPES = {
    "money": ParameterType(_keep_whole, _write_money),
    "count": ParameterType(_keep_whole, lambda value: Text(f"{value:,}", f"{value:,}")),
    "benefit": ParameterType(_keep_code, _write_benefit),
    "month": ParameterType(lambda value: Month.parse(str(value)).text, _write_month),
    "period": ParameterType(_keep_period, _write_period),
    "day": ParameterType(lambda value: date.fromisoformat(str(value)).isoformat(), _write_day),
    "text": ParameterType(_keep_text, Text.parse),
    # Kept is the nonce; the code is made when it is sent.
    "one_time_code": ParameterType(_keep_code, lambda nonce: Text.parse(code_of(nonce))),
}
