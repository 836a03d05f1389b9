"""One entry of event.yaml: read as what it must be, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhida.blocks.cases.declarations.model import EffectDeclaration, Feed, LegalResource, SubjectRule
from zhida.kernel.text import Text

SUBJECT_WORDS, AGE_MAX = {"age_from", "age_below", "has_died"}, 150


class Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)


def subject(w: Any) -> SubjectRule:
    if w is None:
        return SubjectRule()
    if not isinstance(w, dict) or not w or not set(w) <= SUBJECT_WORDS:
        raise Wrong(
            "“subject”写成 age_from、age_below（周岁）或 has_died，如 {age_below: 3}",
            "subject says age_from, age_below (years) or has_died, such as {age_below: 3}",
        )
    ages = [w[name] for name in ("age_from", "age_below") if name in w]
    if any(type(age) is not int or not 0 < age < AGE_MAX for age in ages) or type(w.get("has_died", True)) is not bool:
        raise Wrong(
            f"“subject”的年龄是 1 到 {AGE_MAX - 1} 的整数，has_died 是 true 或 false",
            f"in subject an age is a whole number from 1 to {AGE_MAX - 1}, and has_died is true or false",
        )
    if ages != sorted(set(ages)):
        raise Wrong(
            "“subject”里 age_from 要小于 age_below，否则谁都不符合", "in subject age_from must be less than age_below, or nobody fits"
        )
    return SubjectRule(**w)


# What the words of an effect are; how they go together is for effect_checks.
_EFFECT_SHAPES: Mapping[str, type] = {
    **dict.fromkeys(["benefits", "send", "lines"], list),
    **dict.fromkeys(["facts", "values", "title", "says"], dict),
    **dict.fromkeys(["record_type", "certificate", "notice", "about", "system", "amount", "to", "from", "of"], str),
}


def _is_plain(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _is_shaped(name: str, value: Any) -> bool:
    """Say whether a word of an effect has its shape: names and texts, lists of them, or of the lines of a certificate."""
    if value is None or not isinstance(value, _EFFECT_SHAPES.get(name, object)):
        return value is None
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return not isinstance(value, list) or all(isinstance(each, dict if name == "lines" else str) for each in value)


def effect(w: dict[str, Any]) -> EffectDeclaration:
    for name, value in w.items():
        if not _is_shaped(name, value):
            raise Wrong(
                f"“effects”里的“{name}”写得不对，请对照其他事件",
                f"'{name}' of an effect is not written as others are; compare another life event",
            )
    settings = dict(w)
    return EffectDeclaration(str(settings.pop("kind", "")), settings)


def law(w: Any) -> LegalResource:
    return LegalResource(name=w) if isinstance(w, str) else LegalResource(**{name: str(value) for name, value in w.items()})


def word(w: Mapping[str, Any], name: str) -> str:
    value = w.get(name)
    if not isinstance(value, str) or not value.replace("_", "a").isidentifier():
        raise Wrong(f"“{name}”要写成英文名字，如 household_registration", f"{name} must be a name such as household_registration")
    return value


def number(w: Mapping[str, Any], name: str, default: int) -> int:
    value = w.get(name, default)
    if type(value) is not int or value < 0:
        raise Wrong(f"“{name}”要写成整数，如 {default or 5}", f"{name} must be a whole number such as {default or 5}")
    return value


def names(w: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = w.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong(f"“{name}”要写成 [名字, 名字]", f"{name} must be a list of names")
    return tuple(value)


def feed(w: Mapping[str, Any]) -> Feed | None:
    written = w.get("feed")
    if not written:
        return None
    if not isinstance(written, dict) or not all(map(_is_plain, written.values())) or type(written.get("within_days")) is not int:
        raise Wrong(
            "“feed”要写 record_type、subject、happened_on 和 within_days（天数）",
            "feed needs record_type, subject, happened_on and within_days (a number)",
        )
    return Feed(**written)


def words(w: Mapping[str, Any], name: str) -> dict[str, str]:
    value = w.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise Wrong(f"“{name}”要写成 {{名字: 名字}}", f"{name} must be written as {{name: name}}")
    return dict(value)


def text(w: Mapping[Any, Any], name: Any) -> Text:
    value = w.get(name)
    if not isinstance(value, dict) or set(value) != {"zh", "en"} or not all(isinstance(each, str) for each in value.values()):
        raise Wrong(f"“{name}”要写成 {{zh: …, en: …}}", f"{name} must be written as {{zh: …, en: …}}")
    return Text(**value)


def one_of(w: Mapping[str, Any], name: str, known: tuple[str, ...], default: str = "") -> str:
    value = str(w.get(name, default))
    if value not in known:
        raise Wrong(f"“{name}”只能是 {'、'.join(known)}", f"{name} must be one of {', '.join(known)}")
    return value
