"""What is wrong with the effects of an item: words their kind does not know, and things they name that do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from zhida.blocks.cases.declarations.model import EffectDeclaration, Item, LifeEventDeclaration
from zhida.blocks.notices import api as notices
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.text import Text

# kind -> the words it needs, the words it may have beside them.
WORDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "decision": (frozenset({"benefits"}), frozenset({"facts", "month"})),
    "payment": (frozenset({"benefits"}), frozenset({"to", "amount"})),
    "stop": (frozenset(), frozenset({"from", "of", "benefits"})),
    "record": (frozenset({"record_type", "values"}), frozenset()),
    "certificate": (frozenset({"certificate", "title"}), frozenset({"lines", "valid_months", "to"})),
    "notice": (frozenset({"notice"}), frozenset({"says", "about"})),
    "system": (frozenset({"system"}), frozenset({"send"})),
}
# What effects may name beside the keys of the case (effects/context.py).
DOLLAR_WORDS = frozenset(
    {
        "$subject_id", "$applicant_id", "$subject_name", "$applicant_name", "$today", "$year", "$opened_on", "$happened_on",
        "$household_no", "$case_number",
    }
)  # fmt: skip
# What a notice about an item is given; what else its template needs would stay empty.
TOLD = frozenset({"event", "subject", "number", "done_on", "item", "result", "reason"})
_BRACES = re.compile(r"\{(\w+)\}")


def effect_problems(declared: LifeEventDeclaration, item: Item) -> Iterator[Text]:
    """Say everything that is wrong with what an item brings about."""
    for effect in item.effects:
        needed, optional = WORDS.get(effect.kind, (frozenset(), frozenset(effect.settings)))
        for name in sorted(needed - set(effect.settings)):
            yield Text(f"{effect.kind} 少了 {name}，请写上", f"its {effect.kind} effect has no {name}; write it")
        for name in sorted(set(effect.settings) - needed - optional):
            known = ", ".join(sorted(needed | optional))
            yield Text(f"{effect.kind} 不认得 {name}；可以写 {known}", f"a {effect.kind} effect knows no word {name}; it knows {known}")
        if needed <= set(effect.settings):
            yield from _MORE.get(effect.kind, _nothing)(declared, effect)


def _nothing(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    return iter(())


def _decision(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    yield from _benefits(effect)
    if "month" in effect.settings:
        yield from _key(declared, effect.settings["month"])
    known = set(records.facts())
    for fact, written in (effect.settings.get("facts") or {}).items():
        if fact not in known:
            yield Text(f"规则不用“{fact}”这个事实", f"no rule reads a fact '{fact}'; take a fact's name from `zhida life-event words fact`")
        yield from _word(declared, written)


def _payment(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    yield from _benefits(effect)
    if "amount" in effect.settings:
        yield from _key(declared, effect.settings["amount"])
        return
    decided = {each for item in declared.items.values() for other in item.effects if other.kind == "decision" for each in _list(other)}
    for benefit in [each for each in _list(effect) if each not in decided and each in policies.benefits()]:
        yield Text(
            f"没有事项核定“{benefit}”，发放不会有金额；请先写一个 decision",
            f"nothing decides '{benefit}', so nothing would be due; write a decision effect before it, or an amount",
        )


def _stop(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    if effect.settings.get("from", "next_month") not in ("next_month", "this_month"):
        yield Text("from 只能是 next_month 或 this_month", "from must be next_month or this_month")
    yield from _benefits(effect)


def _benefits(effect: EffectDeclaration) -> Iterator[Text]:
    for benefit in _list(effect):
        if benefit not in policies.benefits():
            yield Text(
                f"没有“{benefit}”这项待遇", f"no installed pack has a benefit '{benefit}'; correct it, or install the pack that has it"
            )


def _list(effect: EffectDeclaration) -> list[str]:
    return list(effect.settings.get("benefits") or ())


def _record(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    contract = records.record_types().get(effect.settings["record_type"])
    if contract is None:
        name = effect.settings["record_type"]
        yield Text(f"数据目录里没有“{name}”", f"there is no register '{name}'; take its name from `zhida life-event words register`")
        return
    values, fields = effect.settings["values"] or {}, {field.name: field for field in contract.fields}
    for name in sorted(set(values) - set(fields)):
        yield Text(f"{contract.name} 没有“{name}”这一栏", f"{contract.name} has no field '{name}'; it has {', '.join(fields)}")
    for name in [field.name for field in contract.fields if field.required and field.name not in values]:
        yield Text(
            f"{contract.name} 的“{name}”必填，请写出它从哪里来", f"{contract.name} needs '{name}'; say in values where it comes from"
        )
    for name, written in values.items():
        yield from _word(declared, written)
        codes = {code for code, _ in fields[name].codes} | {label for _, label in fields[name].codes} if name in fields else set()
        if codes and isinstance(written, str) and _is_constant(declared, written) and written not in codes:
            yield Text(
                f"{name} 不能是“{written}”",
                f"{name} cannot be '{written}': neither a key of this event nor one of {', '.join(sorted(codes))}",
            )


def _certificate(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    yield from _both(effect.settings["title"], "title")
    for line in effect.settings.get("lines") or ():
        yield from _both(line.get("label"), "lines.label")
        yield from _key(declared, line.get("value"))


def _notice(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    template = notices.templates().get(effect.settings["notice"])
    if template is None:
        yield Text(
            f"没有“{effect.settings['notice']}”这种通知",
            f"there is no notice '{effect.settings['notice']}'; use case_item_done or another of ours",
        )
        return
    if missing := sorted(set(template.parameters) - TOLD):
        names = ", ".join(missing)
        yield Text(
            f"通知 {template.kind} 要的 {names} 这里给不出",
            f"notice {template.kind} needs {names}, which an item cannot give; use case_item_done",
        )
    about = effect.settings.get("about")
    if about is not None and about not in declared.items:
        yield Text(f"about 写的 {about} 不是本事件的事项", f"about names {about}, which is no item of this event")
    said = effect.settings.get("says")
    if said:
        yield from _both(said, "says")
        for name in sorted({name for text in said.values() for name in _BRACES.findall(str(text))} - declared.known_keys):
            yield Text(f"says 里的 {{{name}}} 没有来处", f"says names {{{name}}}, which nothing in this event gives")


def _system(declared: LifeEventDeclaration, effect: EffectDeclaration) -> Iterator[Text]:
    for key in effect.settings.get("send") or ():
        yield from _key(declared, key)


def _both(written: Any, name: str) -> Iterator[Text]:
    if not isinstance(written, Mapping) or set(written) != {"zh", "en"} or not all(str(each).strip() for each in written.values()):
        yield Text(f"{name} 要有中文和英文", f"{name} must be written as {{zh: …, en: …}}")


def _key(declared: LifeEventDeclaration, written: Any) -> Iterator[Text]:
    """Refuse what must be a key of the case, or one of the words that begin with a dollar, and is not."""
    if not isinstance(written, str) or _is_constant(declared, written):
        yield Text(f"“{written}”没有来处", f"nothing in this event gives '{written}'; add it to evidence or to what an item enters")


def _word(declared: LifeEventDeclaration, written: Any) -> Iterator[Text]:
    """Refuse a word with a dollar that does not exist; any other word may be a constant."""
    if isinstance(written, str) and written.startswith("$") and _is_constant(declared, written):
        yield Text(f"没有“{written}”这个词", f"there is no word '{written}'; there are {', '.join(sorted(DOLLAR_WORDS))}")


def _is_constant(declared: LifeEventDeclaration, written: str) -> bool:
    return written not in declared.known_keys and written not in DOLLAR_WORDS


_MORE = {
    "decision": _decision, "payment": _payment, "stop": _stop, "record": _record, "certificate": _certificate, "notice": _notice,
    "system": _system,
}  # fmt: skip
