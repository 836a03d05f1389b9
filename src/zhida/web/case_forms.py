"""The fields of a life event as a form: what residents are asked once, and what officers enter. Shared by the faces.

A page reads ``written(request, fields)``, gives it to a command of ``cases``, and on AnswersMissing draws ``form_fields`` again with what
was typed and the problems. A file is kept as soon as it arrives; the form carries its number, so a mistake elsewhere does not lose it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from zhida.blocks.cases import api as cases
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.text import in_language

# More than these in a row of buttons are no easier to read than a list.
RADIOS_MAX = 7
_COMPARED = re.compile(r"""^\s*(\w+)\s*(=|!=)\s*("[^"]*"|true|false|\d+)\s*$""")
_YES_NO = {"true": Text("是", "Yes"), "false": Text("否", "No")}
_MAY_NOT_BE_NEEDED = Text("看您上面怎么答，可能不用填。", "Depending on your answers above this may not be needed.")


@dataclass(frozen=True)
class FormField:
    """One field as components/case_field.html draws it. options: value, label, whether it is chosen; condition: when it is needed."""

    field: cases.Field
    value: str
    options: list[tuple[str, Text, bool]]
    error: str
    condition: Text | None
    file_name: str
    # Of the attributes in HTML; another where a page has several forms.
    prefix: str

    @property
    def id(self) -> str:
        return f"{self.prefix}{self.field.key}"

    @property
    def anchor(self) -> str:
        """What a link of the summary of mistakes jumps to: the first choice, or the input itself."""
        return f"{self.id}_1" if self.options and self.widget == "radio" else self.id

    @property
    def widget(self) -> str:
        """radio, select, check, file, date, or a line of text."""
        kind = self.field.kind
        if kind in ("boolean", "choice"):
            return "radio" if len(self.options) <= RADIOS_MAX else "select"
        return {"statement": "check", "file": "file", "date": "date"}.get(kind, "line")

    @property
    def described_by(self) -> str:
        parts = [("help", self.field.help), ("when", self.condition), ("error", self.error)]
        return " ".join(f"{self.id}_{name}" for name, said in parts if said)


def form_fields(
    fields: Iterable[cases.Field],
    typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, Any] | None = None,
    *,
    known: Mapping[str, Any] | None = None,
    all_fields: Mapping[str, cases.Field] | None = None,
    files: Mapping[str, str] | None = None,
    prefix: str = "id_",
) -> list[FormField]:
    """Return the fields to draw: without those that are certainly not wanted.

    typed: what was written, or is kept from before, by key; known: values of the case that conditions may look at; all_fields: the labels
    that conditions name; files: names of the files that typed numbers stand for.
    """
    typed, problems, known, files = typed or {}, problems or {}, known or {}, files or {}
    shown = [field for field in fields if field.is_asked(known) is not False]
    labels = all_fields or {field.key: field for field in shown}
    return [
        FormField(
            field=field, value=_text(field, typed.get(field.key)), options=_options(field, _text(field, typed.get(field.key))),
            error=in_language(problems.get(field.key)), condition=condition_text(field, known, labels),
            file_name=files.get(field.key, ""), prefix=prefix,
        )
        for field in shown
    ]  # fmt: skip


def written(request: HttpRequest, fields: Sequence[cases.Field]) -> dict[str, Any]:
    """Return what a request answers, by key; a file that came with it is kept and answered by its number.

    Raises: FileRefused with the key of the field as ``key``.
    """
    answers: dict[str, Any] = {}
    for field in fields:
        upload = request.FILES.get(field.key) if field.kind == "file" else None
        if upload is not None:
            answers[field.key] = cases.keep_upload(request.viewer, field.key, upload.name, upload.read())
        elif request.POST.get(field.key):
            answers[field.key] = request.POST[field.key]
    return answers


def file_response(found: cases.UploadedContent) -> HttpResponse:
    """Hand a file over to be saved; the browser shows nothing of it and guesses at nothing."""
    response = HttpResponse(found.content, content_type=found.content_type)
    response["Content-Disposition"] = content_disposition_header(True, found.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _text(field: cases.Field, value: Any) -> str:
    """Return a typed text or a kept value as its input shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.kind == "money" and isinstance(value, int):
        return plain_yuan(value)
    return str(value)


def _options(field: cases.Field, value: str) -> list[tuple[str, Text, bool]]:
    labels = _YES_NO if field.kind == "boolean" else field.options
    return [(key, label, key == value) for key, label in labels.items()]


def condition_text(field: cases.Field, known: Mapping[str, Any], fields: Mapping[str, cases.Field]) -> Text | None:
    """Say in words when a field has to be answered; nothing where that is certain already."""
    if field.when is None or field.is_asked(known) is True:
        return None
    found = _COMPARED.match(field.when.text)
    asked = fields.get(found[1]) if found else None
    if found is None or asked is None:
        return _MAY_NOT_BE_NEEDED
    option = found[3].strip('"')
    said = (asked.options or _YES_NO).get(option, Text(option, option))
    if found[2] == "=":
        return Text(f"“{asked.label.zh}”选“{said.zh}”时才填。", f"Only where “{asked.label.en}” is “{said.en}”.")
    return Text(f"“{asked.label.zh}”选“{said.zh}”时不用填。", f"Not needed where “{asked.label.en}” is “{said.en}”.")
