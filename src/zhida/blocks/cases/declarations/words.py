"""The words event.yaml may use, entry by entry. A word that is none of them would be passed over in silence: it is refused instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from zhida.blocks.cases.declarations.model import Feed, LegalResource, OneByOne
from zhida.kernel.text import Text

EVENT = frozenset(
    {
        "life_event", "label", "summary", "leads", "law", "opened_by", "subject", "case_key", "evidence", "items",
        "consent", "confirm_within_days", "promised_working_days",
    }
)  # fmt: skip
OPENED_BY = frozenset(["feed", "resident", "counter"])
EVIDENCE = frozenset(["key", "label", "help", "kind", "options", "required", "when", "from", "of", "needed_by", "keep_months"])
# What an officer enters is described in the same words, but it has no register, nobody else to be about and no other item that needs it.
ENTERED = EVIDENCE - {"from", "of", "needed_by", "keep_months"}
FROM = frozenset(["record_type", "field", "card", "fact"])
ITEM = frozenset(
    {
        "key", "label", "service", "department", "level", "working_days", "instruction", "enters", "decides", "effects",
        "law", "on_refusal", "undo", "one_by_one",
    }
)  # fmt: skip
UNDO = frozenset(["by", "instruction"])
LAW = frozenset(field.name for field in fields(LegalResource))
FEED = frozenset(field.name for field in fields(Feed))
ONE_BY_ONE = frozenset(field.name for field in fields(OneByOne))
TEXT = frozenset(["zh", "en"])
_TEXTS = ("label", "help", "summary", "instruction")


def strange_words(written: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    """Give the place and a sentence for every word of an event.yaml that means nothing there."""
    yield from _entry("", written, EVENT)
    opened = written.get("opened_by")
    yield from _entry("opened_by", opened, OPENED_BY)
    if isinstance(opened, Mapping):
        yield from _entry("opened_by.feed", opened.get("feed"), FEED)
    for law in _list(written.get("law")):
        yield from _entry("law", law, LAW)
    for one in _list(written.get("evidence")):
        yield from _field("evidence", one, EVIDENCE)
    for one in _list(written.get("items")):
        yield from _item(one)


def _item(one: Any) -> Iterator[tuple[str, Text]]:
    if not isinstance(one, Mapping):
        return
    place = f"items.{one.get('key')}"
    yield from _entry(place, one, ITEM)
    yield from _entry(place, one.get("law"), LAW, "law.")
    yield from _entry(place, one.get("undo"), UNDO, "undo.")
    yield from _entry(place, one.get("one_by_one"), ONE_BY_ONE, "one_by_one.")
    yield from _entry(place, one.get("on_refusal"), frozenset(["undo"]), "on_refusal.")
    for each in _list(one.get("enters")):
        yield from _field(f"{place}.enters", each, ENTERED)


def _field(place: str, one: Any, known: frozenset[str]) -> Iterator[tuple[str, Text]]:
    if isinstance(one, Mapping):
        place = f"{place}.{one.get('key')}"
        yield from _entry(place, one, known)
        yield from _entry(place, one.get("from"), FROM, "from.")
        options = one.get("options")
        for code, label in options.items() if isinstance(options, Mapping) else ():
            yield from _text(place, f"options.{code}", label)


def _entry(place: str, one: Any, known: frozenset[str], before: str = "") -> Iterator[tuple[str, Text]]:
    if not isinstance(one, Mapping):
        return
    for word in [str(each) for each in one if each not in known]:
        near = difflib.get_close_matches(word, known, 1)
        words = ", ".join(sorted(known))
        yield (
            place,
            Text(
                f"不认得“{before}{word}”" + (f"，是不是“{before}{near[0]}”？" if near else f"；可以写 {words}"),
                f"'{before}{word}' means nothing here; " + (f"is it '{before}{near[0]}'?" if near else f"write one of {words}"),
            ),
        )
    for name in _TEXTS:
        if name in known:
            yield from _text(place, f"{before}{name}", one.get(name))


def _text(place: str, name: str, written: Any) -> Iterator[tuple[str, Text]]:
    """A sentence with a comma or a colon that nobody put in quotes: YAML reads what follows as another word."""
    if not isinstance(written, Mapping):
        return
    for word in [str(each) for each in written if each not in TEXT]:
        yield (
            place,
            Text(
                f"{name} 里“{word[:40]}”前面的逗号断开了句子，请给整句加英文双引号",
                f"the comma before '{word[:40]}' ends the sentence of {name}; put the whole sentence in double quotes",
            ),
        )


def _list(written: Any) -> list[Any]:
    return list(written) if isinstance(written, list | tuple) else []
