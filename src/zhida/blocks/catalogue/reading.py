"""Reading the catalogue: the shared words, each installed pack's ``services.yaml``, the list of basic services. Checked as it is read.

A city that has life events of its own (``ZHIDA_LIFE_EVENTS``) may put a ``services.yaml`` beside their folders, for the services they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from zhida.blocks.catalogue.errors import CatalogueInvalid
from zhida.blocks.catalogue.model import (
    BasicService,
    Catalogue,
    Criterion,
    EvidenceType,
    LegalResource,
    LifeEvent,
    Output,
    PublicService,
)
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.text import Text
from zhida.kernel.yaml_files import read_yaml

FOLDER = Path(__file__).resolve().parent
SERVICES_FILE = "services.yaml"
GRADES = ("A", "B", "C")
PROMISES = ("city", "law")
_NEEDED = {"label", "summary", "department", "sector", "who", "channels"}
_OPTIONAL = {
    "words",
    "life_events",
    "benefits",
    "criteria",
    "evidence",
    "outputs",
    "cost_fen",
    "promised_working_days",
    "promise_from",
    "law",
}


@dataclass(frozen=True)
class Words:
    """The words that services of all packs share (words.yaml)."""

    sectors: dict[str, Text]
    departments: dict[str, Text]
    evidence: dict[str, EvidenceType]
    channels: dict[str, Text]
    audiences: dict[str, Text]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of the installed packs and of the city's own events. Read once per process. Raises: CatalogueInvalid."""
    words = read_words()
    folders = policies.pack_folders() | {str(own): Path(own) for own in settings.LIFE_EVENT_FOLDERS}
    written = {name: _load(folder / SERVICES_FILE) for name, folder in folders.items() if (folder / SERVICES_FILE).exists()}
    events = _life_events(written)
    services = _services(written, words, events)
    source, basic = _basic(_load(FOLDER / "basic_services.yaml"), words, services)
    return Catalogue(services, events, words.sectors, words.channels, words.audiences, basic, source)


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(read_yaml(path.read_text("utf-8")))
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise CatalogueInvalid(_name(path), "YAML", "读不懂", f"it cannot be read ({error})") from error


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def read_words() -> Words:
    """Return the shared words. Raises: CatalogueInvalid."""
    written = _load(FOLDER / "words.yaml")
    texts = {part: {key: Text.parse(value) for key, value in written[part].items()} for part in written if part != "evidence"}
    evidence = {key: EvidenceType(key, Text.parse(value), value.get("record_type", "")) for key, value in written["evidence"].items()}
    for key, each in evidence.items():
        _known("catalogue/words.yaml", f"evidence.{key}", [each.record_type] if each.record_type else [], records.record_types())
    return Words(texts["sectors"], records.departments() | texts["departments"], evidence, texts["channels"], texts["audiences"])


def _life_events(written: Mapping[str, dict[str, Any]]) -> dict[str, LifeEvent]:
    found: dict[str, LifeEvent] = {}
    for pack, content in written.items():
        for key, label in content.get("life_events", {}).items():
            if key in found:
                raise CatalogueInvalid(f"{pack}/{SERVICES_FILE}", f"life_events.{key}", "已在别处定义", f"{found[key].pack} has it already")
            found[key] = LifeEvent(key, Text.parse(label), pack)
    return found


def _services(written: Mapping[str, dict[str, Any]], words: Words, events: Mapping[str, LifeEvent]) -> dict[str, PublicService]:
    found: dict[str, PublicService] = {}
    served: dict[str, str] = {}
    for pack, content in written.items():
        for key, body in content.get("services", {}).items():
            service = _Reader(pack, key, body, words, events).service()
            for taken, by in [(key, found), *((code, served) for code in service.benefits)]:
                if taken in by:
                    raise CatalogueInvalid(f"{pack}/{SERVICES_FILE}", f"{key}: {taken}", "出现了两次", "it stands twice in the catalogue")
            found[key] = service
            served |= dict.fromkeys(service.benefits, key)
    return found


class _Reader:
    """One service as it is written, and where its mistakes are told."""

    def __init__(self, pack: str, key: str, body: dict[str, Any], words: Words, events: Mapping[str, LifeEvent]) -> None:
        self.file, self.pack, self.key, self.body, self.words, self.events = f"{pack}/{SERVICES_FILE}", pack, key, body, words, events

    def service(self) -> PublicService:
        body, words = self.body, self.words
        self._check_fields()
        benefits = self._keys("benefits", {code: None for code, each in policies.benefits().items() if each.pack == self.pack})
        department = self._keys("department", words.departments, [body["department"]])[0]
        audience = self._keys("who", words.audiences, [body["who"]])[0]
        promise = body.get("promise_from", "city")
        self._keys("promise_from", dict.fromkeys(PROMISES), [promise])
        return PublicService(
            key=self.key,
            pack=self.pack,
            label=self._text("label"),
            summary=self._text("summary"),
            words_zh=tuple(str(word) for word in body.get("words", {}).get("zh", ())),
            words_en=tuple(str(word) for word in body.get("words", {}).get("en", ())),
            department=department,
            department_label=words.departments[department],
            sector=self._keys("sector", words.sectors, [body["sector"]])[0],
            who=words.audiences[audience],
            audience=audience,
            life_events=self._keys("life_events", self.events),
            benefits=benefits,
            criteria=(*_decided(benefits), *(Criterion(Text.parse(each)) for each in body.get("criteria", ()))),
            evidence=tuple(words.evidence[each] for each in self._keys("evidence", words.evidence)),
            outputs=(*_granted(benefits), *(Output(Text.parse(each)) for each in body.get("outputs", ()))),
            channels=self._keys("channels", words.channels),
            cost_fen=self._count("cost_fen", 0 if benefits else None),
            promised_working_days=self._count("promised_working_days", None),
            promise_from=promise,
            law=self._law(benefits),
        )

    def _check_fields(self) -> None:
        missing, unknown = _NEEDED - self.body.keys(), self.body.keys() - _NEEDED - _OPTIONAL
        if missing:
            raise self._wrong(", ".join(sorted(missing)), "缺少这一项", "it is missing")
        if unknown:
            raise self._wrong(", ".join(sorted(unknown)), "没有这样的项", "there is no such field")
        if not self.body.get("benefits") and not (self.body.get("law") and self.body.get("outputs") and self.body.get("criteria")):
            raise self._wrong(
                "law, outputs, criteria", "没有补贴的服务要写明法律、结果和条件", "a service without benefits has to say all three"
            )

    def _wrong(self, where: str, zh: str, en: str) -> CatalogueInvalid:
        return CatalogueInvalid(self.file, f"{self.key}.{where}", zh, en)

    def _text(self, field: str) -> Text:
        try:
            text = Text.parse(self.body[field])
        except (KeyError, TypeError) as error:
            raise self._wrong(field, "要有中文和英文", "it needs zh and en") from error
        if not text.zh.strip() or not text.en.strip():
            raise self._wrong(field, "不能为空", "it is empty")
        return text

    def _keys(self, field: str, known: Mapping[str, Any], written: Iterable[str] | None = None) -> tuple[str, ...]:
        keys = tuple(self.body.get(field, ())) if written is None else tuple(written)
        _known(self.file, f"{self.key}.{field}", keys, known)
        return keys

    def _count(self, field: str, otherwise: int | None) -> int | None:
        value = self.body.get(field, otherwise)
        if value is not None and (not isinstance(value, int) or value < 0):
            raise self._wrong(field, "要写不小于零的整数", "it is a whole number, 0 or more")
        return value

    def _law(self, benefits: tuple[str, ...]) -> tuple[LegalResource, ...]:
        """What the benefits rest on, then what is written: the law of a benefit is kept with its rule and nowhere else."""
        found = [LegalResource(each.law, each.clause, "", each.grade) for each in (policies.benefits()[code] for code in benefits)]
        for each in self.body.get("law", ()):
            if each.get("grade") not in GRADES or not each.get("name") or not each.get("source"):
                raise self._wrong("law", "要有名称、文号和 A、B、C 等级", "it needs name, source and a grade of A, B or C")
            found.append(LegalResource(str(each["name"]), str(each.get("clause", "")), str(each["source"]), each["grade"]))
        return tuple(dict.fromkeys(found))


def _known(file: str, where: str, keys: Iterable[str], known: Mapping[str, Any]) -> None:
    for key in keys:
        if key not in known:
            raise CatalogueInvalid(file, where, f"不认识 {key}", f"'{key}' is not known")


def _decided(benefits: Iterable[str]) -> list[Criterion]:
    """What the rules decide: the label and the clause of each benefit."""
    found = [policies.benefits()[code] for code in benefits]
    return [Criterion(Text(f"{each.label.zh}：{each.clause}", f"{each.label.en} (in Chinese: {each.clause})"), each.code) for each in found]


def _granted(benefits: Iterable[str]) -> list[Output]:
    return [Output(policies.benefits()[code].label, code) for code in benefits]


def _basic(written: dict[str, Any], words: Words, services: Mapping[str, PublicService]) -> tuple[Text, tuple[BasicService, ...]]:
    """Read the list of basic services. A service of a pack that is not installed is left out of an item."""
    file = "catalogue/basic_services.yaml"
    pays, leads = ({key: Text.parse(value) for key, value in written[part].items()} for part in ("pays", "leads"))
    found = []
    for number, each in enumerate(written["items"], 1):
        _known(file, f"{number}.sector", [each["sector"]], words.sectors)
        _known(file, f"{number}.pays", [each["pays"]], pays)
        _known(file, f"{number}.leads", [each["leads"]], leads)
        if each["number"] != number:
            raise CatalogueInvalid(file, f"{number}.number", "编号不连续", "the numbers do not follow one another")
        found.append(
            BasicService(
                no=number,
                item=Text.parse(each["item"]),
                kind=Text.parse(each["kind"]),
                sector=each["sector"],
                who=Text.parse(each["who"]),
                standard=Text.parse(each["standard"]) if each.get("standard") else None,
                pays=pays[each["pays"]],
                leads=leads[each["leads"]],
                services=tuple(key for key in each.get("services", ()) if key in services),
                grade=written["grade"],
            )
        )
    return Text.parse(written["source"]), tuple(found)
