"""Templates: complete in both languages, refused where they are not, and readable for ever."""

from __future__ import annotations

import pytest

from zhida.blocks.notices import api
from zhida.blocks.notices.wording import TYPES, checked, read_template, templates, write

EXAMPLES = {
    "money": 130_150,
    "count": 6,
    "benefit": "dibao",
    "month": "2025-12",
    "period": "2024-01..2024-05",
    "day": "2025-11-07",
    "text": {"zh": "原因。", "en": "A reason."},
    "one_time_code": "a" * 32,
}
# What networks take in one text message of several parts; longer ones are cut.
SHORT_MAX = 200
WRITTEN = {
    "label": {"zh": "名", "en": "Name"}, "title": {"zh": "{a}", "en": "{a}"}, "body": {"zh": "文", "en": "Text"},
    "next": {"zh": "无", "en": "Nothing"}, "short": {"zh": "短", "en": "Short"}, "required": False, "parameters": {"a": "money"},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(templates()))
def test_every_kind_reads_in_both_languages(kind: str) -> None:
    template = templates()[kind]
    kept = checked(template, "subject:1", {name: EXAMPLES[type_] for name, type_ in template.parameters.items()})
    written = write(template, kept)
    for text in (written.title, written.body, written.next_step, written.short):
        assert text.zh and text.en and text.zh != text.en and "{" not in text.zh + text.en and "—" not in text.zh + text.en
    assert len(written.short.zh) <= SHORT_MAX and not set("<>") & set(written.body.zh)
    assert not template.link or template.link.startswith("/my/")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": {"zh": "{b}", "en": "{a}"}}, "zh text and its parameters differ: a, b"),
        ({"title": {"zh": "{a}", "en": "nothing"}}, "en text and its parameters differ: a"),
        ({"parameters": {"a": "float"}}, "no parameter is of type float"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(wrong: dict, words: str) -> None:
    assert read_template("example", WRITTEN).parameters == {"a": "money"}
    with pytest.raises(api.TemplateInvalid) as refused:
        read_template("example", WRITTEN | wrong)
    assert words in refused.value.text.en and "example" in refused.value.text.zh


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("money", [-1, 1.5, True, "1", None]),
        ("benefit", ["", "a b", 7]),
        ("period", ["soon", "2025-1", ""]),
        ("day", ["2025-02-30", "", 5]),
        ("month", ["2025-13", "2025"]),
        ("text", ["", {"zh": "", "en": "x"}, {"zh": "x"}, 5]),
        ("one_time_code", ["no spaces allowed", ""]),
    ],
)
def test_a_value_of_another_kind_is_not_kept(type_: str, values: list) -> None:
    template = read_template("example", WRITTEN | {"parameters": {"a": type_}})
    for value in values:
        with pytest.raises(api.WrongParameters):
            checked(template, "subject:1", {"a": value})


def test_an_old_notice_is_read_by_a_new_template() -> None:
    template = read_template("example", WRITTEN)
    assert write(template, {}).title.zh == write(template, {"a": {"zh": "x"}}).title.zh == "—"
    assert set(EXAMPLES) == set(TYPES)
